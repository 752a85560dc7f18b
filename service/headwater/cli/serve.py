"""``headwater serve``: the whole service in one process (and a PostgreSQL server, unless DATABASE_URL names one)."""
# ruff: noqa: PLC0415

from __future__ import annotations

import signal
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.database import DataDir, database, migrate, read_settings
from headwater.errors import Unavailable

if TYPE_CHECKING:
    import uvicorn

    from headwater.settings import Settings

_GRACE_S = 8  # for requests under way; container runtimes kill after 10
_Port = Annotated[int | None, typer.Option(help="0 takes a free one.", show_default="5000")]
_Host = Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 for all.", show_default="127.0.0.1")]


def serve(host: _Host = None, port: _Port = None, data_dir: DataDir = None) -> None:
    """Take in events and answer questions, until stopped by SIGTERM or Ctrl-C."""
    from headwater import logs

    settings = read_settings(host=host, port=port, data_dir=data_dir)
    logs.configure(settings.log_level)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with database(settings, service=True) as url:
        migrate(settings, url)
        _run(settings, url)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Unwinds the stack, which stops the embedded server too. uvicorn passes its signals on to here when it is done."""
    raise SystemExit(0)


def _run(settings: Settings, url: str) -> None:
    import uvicorn

    from headwater.api.app import create_app

    config = uvicorn.Config(
        create_app(settings, url),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,  # ours stays
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing that we answer depends on who asks
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _announcing(config, settings)
    server.run()
    if not server.started:
        raise Unavailable("The service did not start; the log says why.")


def _announcing(config: uvicorn.Config, settings: Settings) -> uvicorn.Server:
    """A server that says where it is, once it can be reached there."""
    import uvicorn

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[Any] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                print(_announcement(settings, self.servers[0].sockets[0].getsockname()[1]), flush=True)

    return Announcing(config)


def _announcement(settings: Settings, port: int) -> str:
    from headwater import __version__
    from headwater.settings import masked

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    kept = masked(settings.database_url) if settings.database_url else settings.data_dir
    return f"headwater {__version__} serves http://{host}:{port} (data: {kept})"
