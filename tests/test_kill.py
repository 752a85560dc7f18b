"""Nothing acknowledged is lost: the service is killed under load and started again on the same data."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from headwater.db.embedded import embedded_server
from headwater.db.pool import connect
from headwater.ids import event_id
from headwater.ingest.replay import replay
from headwater.ingest.state import state_hash
from headwater.settings import Settings
from tests.build import run_event
from tests.serving import Process, serving

_SENDERS = 8
_KILL_AFTER = 150  # acknowledged events


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Not below pytest's own folder, which is closed to the user that the server runs as in place of root."""
    folder = Path(tempfile.mkdtemp(prefix="headwater-test-"))
    folder.chmod(0o711)
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


def _bodies() -> Iterator[bytes]:
    for n in range(100_000):
        time = f"2026-01-31T08:{n // 60 % 60:02}:{n % 60:02}.{n % 1000:03}Z"
        facets = {"n": {"_producer": "https://example.com/p", "_schemaURL": "https://example.com/n.json", "n": n}}
        event = run_event(
            ("START", "COMPLETE")[n % 2], time, f"job{n % 20}", f"run{n // 2}",
            inputs=[f"in{n % 7}"], outputs=[f"out{n % 20}"], run_facets=facets,
        )  # fmt: skip
        yield json.dumps(event).encode()


async def _send_until_dead(url: str, bodies: Iterator[bytes], acknowledged: list[bytes], enough: asyncio.Event) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        for body in bodies:
            try:
                answer = await client.post(f"{url}/api/v1/lineage", content=body)
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                acknowledged.append(body)
            if len(acknowledged) >= _KILL_AFTER:
                enough.set()


async def _kill_under_load(service: Process, bodies: Iterator[bytes], acknowledged: list[bytes]) -> None:
    enough = asyncio.Event()
    senders = [asyncio.create_task(_send_until_dead(service.url, bodies, acknowledged, enough)) for _ in range(_SENDERS)]
    await asyncio.wait_for(enough.wait(), 60)
    service.process.send_signal(signal.SIGKILL)
    await asyncio.gather(*senders)


async def test_every_acknowledged_event_survives(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)  # it is our own server that is left behind, and taken over
    log, environment = tmp_path / "log", {"HEADWATER_DATA_DIR": str(data_dir)}
    acknowledged: list[bytes] = []
    with serving(log, **environment) as service:
        await _kill_under_load(service, _bodies(), acknowledged)
    assert len(acknowledged) >= _KILL_AFTER
    with serving(log, **environment) as service:
        assert service.get("/api/v1/events/lineage", limit=0)["totalCount"] >= len(acknowledged)
        with embedded_server(data_dir) as url:
            conn = await connect(url)
            stored = {row[0] for row in await (await conn.execute("SELECT event_id FROM lineage_events")).fetchall()}
            whole = await state_hash(conn)
            await conn.close()
            assert {event_id(body) for body in acknowledged} <= stored
            assert await replay(url, Settings(), lambda done, total: None) == whole
