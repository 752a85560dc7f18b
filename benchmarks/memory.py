"""What HTTP costs for an answer that is there already: the ceiling for a service that must find and write its answers.

    python -m benchmarks.memory < answers.json

serves paths, of which it is given {path: answer}, on a free port, whose number is the first line that it prints, until SIGTERM.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def create_app(answers: Mapping[str, str]) -> Starlette:
    bodies = {path: answer.encode() for path, answer in answers.items()}

    async def answer(request: Request) -> Response:
        asked = request.scope["raw_path"].decode()
        if query := request.scope["query_string"].decode():
            asked += f"?{query}"
        return Response(bodies[asked], media_type="application/json")

    return Starlette(routes=[Route("/{path:path}", answer)])


def main() -> None:
    app = create_app(json.load(sys.stdin))
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
