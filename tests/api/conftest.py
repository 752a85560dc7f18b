"""``client``: HTTP on the routes that read the nouns, on a fresh database."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from headwater.api import errors
from headwater.api.body import Admission
from headwater.api.paths import RawPaths
from headwater.db.looking import running_looking
from headwater.db.pool import Pool
from headwater.lineage.graph.present import running_present
from headwater.settings import Settings

_RESOURCES = (
    "namespaces", "sources", "datasets", "jobs", "runs", "tags", "search", "events", "stats", "lineage", "lineage_paths",
    "lineage_diff", "impact", "models",
)  # fmt: skip


@pytest.fixture
async def app(database: str, pool: Pool) -> AsyncIterator[FastAPI]:
    app = FastAPI(redirect_slashes=False)
    app.state.pool, app.state.settings, app.state.admission = pool, Settings(), Admission(1 << 30)
    for resource in _RESOURCES:
        app.include_router(importlib.import_module(f"headwater.api.{resource}").router)
    errors.install(app)
    app.add_middleware(RawPaths)
    async with running_looking(database) as app.state.looking, running_present(app.state.looking.era) as app.state.present:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://headwater") as opened:
        yield opened
