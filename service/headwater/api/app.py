"""The application: what is opened for its life, its routes, and what happens around each request."""

from __future__ import annotations

import importlib
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import FastAPI
from prometheus_client import Histogram
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import headwater
from headwater import metrics
from headwater.api import errors, ingest, openapi, ui
from headwater.api.body import Admission
from headwater.api.kept import Again, Answers
from headwater.api.paths import RawPaths
from headwater.catalog import namespaces
from headwater.db.looking import running_looking
from headwater.db.pool import open_pool
from headwater.ingest import preload
from headwater.ingest.retention import running_retention
from headwater.ingest.writer import running_writer
from headwater.lineage.graph.present import running_housekeeping, running_present
from headwater.logs import request_id
from headwater.settings import Settings

RESOURCES = (
    "namespaces", "sources", "datasets", "jobs", "runs", "tags", "search", "events", "lineage", "impact", "lineage_paths",
    "lineage_diff", "models", "stats", "dead_letters", "health",
)  # fmt: skip


def create_app(settings: Settings, database_url: str) -> FastAPI:
    """The ASGI application on a migrated database. Nothing is opened before its lifespan begins."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            open_pool(database_url, settings.pool_size) as pool,
            running_writer(database_url, settings, rounds=True) as writer,
            running_retention(database_url, settings),
            running_housekeeping(pool),
            running_looking(database_url) as looking,
            running_present(looking.era) as present,
        ):
            async with pool.connection() as conn:
                await preload.tags(conn, writer, settings)
                if settings.exclude_namespaces_on_read:
                    await namespaces.check_pattern(conn, settings.exclude_namespaces_on_read)
            app.state.pool, app.state.writer, app.state.looking, app.state.present = pool, writer, looking, present
            yield

    app = _App(
        title="headwater",
        version=headwater.__version__,
        description="An OpenLineage-compatible lineage metadata service.",
        lifespan=lifespan,
        redirect_slashes=False,  # a redirect of a POST loses clients
    )
    app.state.settings = settings
    app.state.answers = Answers()
    app.state.admission = Admission(4 * settings.max_body_bytes)
    for resource in RESOURCES:
        app.include_router(importlib.import_module(f"headwater.api.{resource}").router)
    errors.install(app)
    openapi.install(app)
    ui.install(app, settings.marquez_ui_dir)
    return app


class _App(FastAPI):
    """With our layers around FastAPI's own: an event is answered before it comes to those, which take 5 % of its time, and what
    is told again before it takes ten times as long."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        read = Again(GZipMiddleware(super().__call__, minimum_size=1000, compresslevel=1), state_of=self)
        self._layers = HeadAsGet(RawPaths(Observed(ingest.IngestFirst(read, state_of=self))))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._layers(scope, receive, send)


class HeadAsGet:
    """Answers HEAD wherever GET is answered, as health checks send it; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


class Observed:
    """Times every request by its route (never by its path, which grows with the data) and gives it an id for the logs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = f"{random.getrandbits(128):032x}"  # os.urandom takes 5 µs, and this is no secret
        token = request_id.set(identifier)
        status, started = 500, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", identifier.encode())]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            request_id.reset(token)
            _series(_method(scope), _route(scope), str(status)).observe(time.perf_counter() - started)


@cache
def _series(method: str, route: str, status: str) -> Histogram:
    """Finding a series by its labels takes the client library longer than adding to it; there are few."""
    return metrics.REQUESTS.labels(method, route, status)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS") else "other"


def _route(scope: Scope) -> str:
    route: Any = scope.get("route")
    if route is not None:
        return str(route.path)
    # Starlette's plain routes do not say which they are.
    return scope["path"] if scope["path"] in ingest.PATHS else "unknown"
