"""What HTTP and one durable INSERT a request cost at least: the ceiling for a service that commits each request by itself.

    python -m benchmarks.ceiling postgresql://...

serves on a free port, whose number is the first line that it prints, until SIGTERM.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import uvicorn
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headwater.ingest.prepare import compress

CONNECTIONS = 24
TABLE = """
CREATE TABLE IF NOT EXISTS bare_log (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    body bytea STORAGE EXTERNAL NOT NULL
)"""
_INSERT = "INSERT INTO bare_log (body) VALUES (%b)"


def create_app(url: str) -> Starlette:
    pool = AsyncConnectionPool(url, kwargs={"autocommit": True}, min_size=CONNECTIONS, max_size=CONNECTIONS, open=False)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await pool.open(wait=True)
        yield
        await pool.close()

    async def receive(request: Request) -> Response:
        body = compress(await request.body())
        async with pool.connection() as conn:
            await conn.execute(_INSERT, [body], prepare=True)
        return Response(status_code=201)

    return Starlette(routes=[Route("/api/v1/lineage", receive, methods=["POST"])], lifespan=lifespan)


def main() -> None:
    url = sys.argv[1]
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(TABLE)
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(
        create_app(url), loop="uvloop", http="httptools", ws="none", lifespan="on", log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=5,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
