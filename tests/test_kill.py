"""What was acknowledged is there: the service is ended in the middle of its work, politely or not, or with its database."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from headwater.db.embedded import embedded_server
from headwater.db.pool import connect
from headwater.ids import event_id
from headwater.ingest.prepare import decompress
from headwater.ingest.replay import replay
from headwater.ingest.state import table_hashes
from tests.api.ingesting import encoded
from tests.build import dataset, run_event, schema
from tests.serving import Process, serving

SENDERS = 8
ENOUGH = 250  # events acknowledged before the end


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Not below pytest's own folder, which is closed to the user that the server runs as in place of root."""
    folder = Path(tempfile.mkdtemp(prefix="headwater-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        with embedded_server(folder):
            pass  # who leaves last stops the server, should a killed service have left it behind
        shutil.rmtree(folder, ignore_errors=True)


def history(sender: int, n: int) -> dict[str, Any]:
    """Runs of a few jobs that share datasets, so that the senders meet in the same rows."""
    run, step = divmod(n, 3)
    parent = {"run": {"runId": str(UUID(int=sender))}, "job": {"namespace": "shop", "name": f"dag{sender % 2}"}}
    return run_event(
        ("START", "RUNNING", "COMPLETE")[step],
        f"08:{n // 60 % 60:02}:{n % 60:02}",
        f"job{run % 5}",
        f"{sender}/{run}",
        inputs=[dataset(f"in{run % 7}", schema("a", f"b{run % 3}"))],
        outputs=[
            dataset(f"out{run % 4}", {"symlinks": {"identifiers": [{"namespace": "s3", "name": f"o{run % 4}", "type": "TABLE"}]}})
        ],
        run_facets={"parent": parent} if step else {},
    )


async def load(url: str, acknowledged: set[bytes], enough: asyncio.Event) -> None:
    """Many connections, single events and batches, until the service is gone."""

    async def send(client: httpx.AsyncClient, sender: int) -> None:
        n = 0
        while True:
            size = 5 if sender % 4 == 0 else 1
            bodies = [encoded(history(sender, n + i)) for i in range(size)]
            if size == 1:
                answer = await client.post("/api/v1/lineage", content=bodies[0])
            else:
                answer = await client.post("/api/v1/lineage/batch", content=b"[" + b",".join(bodies) + b"]")
            if answer.status_code == 503:
                return  # it is stopping
            assert answer.status_code in (201, 204), answer.text
            acknowledged.update(bodies)
            n += size
            if len(acknowledged) >= ENOUGH:
                enough.set()

    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        found = await asyncio.gather(*(send(client, n) for n in range(SENDERS)), return_exceptions=True)
    assert all(error is None or isinstance(error, httpx.TransportError) for error in found), found


async def load_and_end(service: Process, number: int, *victims: int) -> set[bytes]:
    """What was acknowledged until the victims were sent this signal, all at the same time."""
    acknowledged: set[bytes] = set()
    enough = asyncio.Event()
    task = asyncio.create_task(load(service.url, acknowledged, enough))
    await asyncio.wait([task, asyncio.create_task(enough.wait())], return_when=asyncio.FIRST_COMPLETED)
    for victim in victims:
        os.kill(victim, number)
    await task
    assert len(acknowledged) >= ENOUGH
    return acknowledged


def logged(url: str) -> dict[UUID, bytes]:
    with psycopg.connect(url) as conn:
        return {UUID(str(i)): decompress(body) for i, body in conn.execute("SELECT event_id, body FROM lineage_events")}


async def state(url: str) -> dict[str, str]:
    conn = await connect(url)
    try:
        return await table_hashes(conn)
    finally:
        await conn.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("number", "with_database"),
    [(signal.SIGKILL, False), (signal.SIGKILL, True), (signal.SIGTERM, False)],
    ids=["service killed", "service and database killed", "service stopped"],
)
async def test_what_was_acknowledged_survives(data_dir: Path, tmp_path: Path, number: int, with_database: bool) -> None:
    log = tmp_path / "log"
    acknowledged: set[bytes] = set()
    for _ in range(2):  # the second time on what the first has left
        with serving(log, HEADWATER_DATA_DIR=str(data_dir)) as service:
            postgres = int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            victims = [service.process.pid, postgres] if with_database else [service.process.pid]
            acknowledged |= await load_and_end(service, number, *victims)
    with serving(log, HEADWATER_DATA_DIR=str(data_dir)) as service, embedded_server(data_dir) as url:
        kept = logged(url)
        assert acknowledged <= set(kept.values())
        assert all(event_id(body) == identifier for identifier, body in kept.items())
        assert service.get("/api/v1/events/lineage", limit=1)["totalCount"] == len(kept)
        before = await state(url)
        await replay(url, lambda done, total: None)
        after = await state(url)
        assert [table for table in before if before[table] != after[table]] == []
        assert service.post("/api/v1/lineage", run_event("START", "23:00:00")) == 201


async def test_the_service_goes_on_when_its_database_was_killed(data_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving(log, HEADWATER_DATA_DIR=str(data_dir)) as service:
        assert service.post("/api/v1/lineage", run_event("START", "08:00:00")) == 201
        os.kill(int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
        async with httpx.AsyncClient(base_url=service.url, timeout=30) as client, asyncio.timeout(30):
            while (answer := await client.post("/api/v1/lineage", json=run_event("COMPLETE", "09:00:00"))).status_code != 201:
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
                await asyncio.sleep(0.05)
            assert (await client.get("/health/ready")).status_code == 200
        assert service.get("/api/v1/events/lineage")["totalCount"] == 2
    assert "is gone, and is started again" in log.read_text()
