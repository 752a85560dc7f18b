"""``headwater events``: the log, and the tables that follow from it."""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import gzip
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from headwater.cli.database import DataDir, log_only, migrated, read_settings
from headwater.errors import Unavailable

if TYPE_CHECKING:
    from headwater.ingest.export import Part

app = typer.Typer(help="The log of events, and what follows from it.", no_args_is_help=True)


class Writable(Protocol):
    def write(self, text: bytes, /) -> object: ...


Output = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="- is the standard output; .gz compresses.")]


@app.command()
def replay(data_dir: DataDir = None) -> None:
    """Rebuild everything that follows from the events; the last line is the state hash.

    It is one transaction: a failure leaves all as it was. A service may run on the database; its readers wait.
    """

    log_only("WARNING")
    settings = read_settings(data_dir=data_dir)
    with migrated(settings) as url:
        count, state = asyncio.run(_replay(url))
    print(f"Rebuilt from {count:,} events. The state hash is:")
    print(state)


async def _replay(url: str) -> tuple[int, str]:
    from headwater.cli.progress import progress
    from headwater.ingest import replay

    events = 0
    with progress("Replaying") as report:

        def told(done: int, total: int) -> None:
            nonlocal events
            events = total
            report(done, total, f"{done:,} of {total:,} events")

        state = await replay.replay(url, told)
    return events, state


@app.command(name="hash")
def state_hash(data_dir: DataDir = None) -> None:
    """Print the state hash: the same for the same set of events, in whatever order they came, on any installation."""
    with migrated(read_settings(data_dir=data_dir)) as url:
        print(asyncio.run(_hash(url)))


async def _hash(url: str) -> str:
    from headwater.db.pool import connect
    from headwater.ingest.state import state_hash

    conn = await connect(url)
    try:
        return await state_hash(conn)
    finally:
        await conn.close()


@app.command()
def export(output: Output = "-", data_dir: DataDir = None) -> None:
    """Write all events by event time, one a line, for headwater ingest; headwater export writes for others."""
    from headwater.ingest.export import Part

    with migrated(read_settings(data_dir=data_dir)) as url, writable(output) as stream:
        count = asyncio.run(write_events(url, stream, Part()))
    print(f"{count:,} events written.", file=sys.stderr)


async def write_events(url: str, stream: Writable, part: Part, form: Callable[[bytes], bytes] = bytes) -> int:
    """How many were written; ``form`` makes of each line what is written."""
    from headwater.cli.progress import progress
    from headwater.db.pool import connect
    from headwater.ingest.export import export

    conn, count = await connect(url), 0
    try:
        with progress("Exporting") as report:
            async for line in export(conn, part):
                stream.write(form(line))
                count += 1
                report(count, 0, f"{count:,} events")
    finally:
        await conn.close()
    return count


@contextmanager
def writable(output: str) -> Iterator[Writable]:
    """A file appears under its name once it is whole."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    part = path.with_name(f"{path.name}.part")
    try:
        with gzip.open(part, "wb", 6) if path.suffix == ".gz" else part.open("wb") as stream:
            yield stream
        part.replace(path)
    except OSError as error:
        raise Unavailable(f"{output} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
