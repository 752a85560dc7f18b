"""Whether the process lives and can serve, and its metrics."""

from __future__ import annotations

from contextlib import suppress

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field

from headwater import metrics
from headwater.api.errors import answer
from headwater.catalog import gauges, store
from headwater.db.pool import DatabaseUnavailable
from headwater.entities import Entity, encode

router = APIRouter(tags=["operations"])
_PATIENCE_S = 2  # who asks for health or metrics gives up after some seconds, and learns nothing


class Check(Entity):
    healthy: bool = Field(description="Whether it is as it should be.")


class Health(Entity):
    postgresql: Check = Field(description="Whether the database answers.")
    deadlocks: Check = Field(description="Always healthy; Marquez has it.")


@router.get("/health/live", response_class=PlainTextResponse)
async def live() -> str:
    """200 while the process runs; says nothing of the database."""
    return "ok\n"


@router.get("/health/ready", response_class=PlainTextResponse)
async def ready(request: Request) -> Response:
    """200 when the database answers, else 503."""
    if not await _answers(request):
        return answer(503, "The database does not answer.", headers={"Retry-After": "2"})
    return PlainTextResponse("ok\n")


@router.get("/ping", response_class=PlainTextResponse)
async def ping() -> str:
    """As on Marquez's admin port."""
    return "pong\n"


@router.get("/healthcheck", response_model=Health, responses={503: {"model": Health, "description": "It is not healthy."}})
async def healthcheck(request: Request) -> Response:
    """As on Marquez's admin port: 200 or 503, with what was checked."""
    healthy = await _answers(request)
    content = Health(postgresql=Check(healthy=healthy), deadlocks=Check(healthy=True))
    return Response(encode(content), 200 if healthy else 503, media_type="application/json")


@router.get("/metrics", response_class=PlainTextResponse)
async def prometheus(request: Request) -> Response:
    """Prometheus metrics of this process; while the database answers, its estimated sizes and Marquez's counts too."""
    metrics.forget_the_store()
    with suppress(*DatabaseUnavailable):
        async with request.app.state.pool.connection(timeout=_PATIENCE_S) as conn:
            rows, totals = await store.estimated_rows(conn), await gauges.totals(conn)
            labelled = {metrics.MARQUEZ_DATASETS: await gauges.datasets(conn), metrics.MARQUEZ_JOBS: await gauges.jobs(conn)}
        for table, number in rows.items():
            metrics.ROWS.labels(table).set(number)
        for name, number in totals.items():
            metrics.MARQUEZ[name].set(number)
        for gauge, counted in labelled.items():
            for labels, number in counted.items():
                gauge.labels(*labels).set(number)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _answers(request: Request) -> bool:
    try:
        async with request.app.state.pool.connection(timeout=_PATIENCE_S) as conn:
            await conn.execute("SELECT 1")
    except DatabaseUnavailable:
        return False
    return True
