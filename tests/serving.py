"""The service as a whole: in this process for most tests, as a process of its own where producers or signals meet it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from headwater.api.app import create_app
from headwater.settings import Settings

_SERVE = [sys.executable, "-c", "from headwater.cli import main; main()", "serve", "--port", "0"]


@asynccontextmanager
async def in_process(database: str, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole application; a fault in it is a 500 as it is for others, not an exception here."""
    app = create_app(Settings(database_url=database, **settings), database)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://headwater", timeout=60) as client,
    ):
        yield client


@dataclass
class Process:
    """``headwater serve``, on a free port. What it logs is in ``log``."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of an answer that must be 200."""
        answer = httpx.get(self.url + path, params=parameters, timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def post(self, path: str, content: Any) -> int:
        """The status of the answer."""
        return httpx.post(self.url + path, json=content, timeout=30).status_code


@contextmanager
def serving(log: Path, **environment: str) -> Iterator[Process]:
    """A process with these settings and no others; what it writes to stderr is added to the file ``log``."""
    inherited = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("HEADWATER_")}
    with log.open("a") as errors:
        process = subprocess.Popen(_SERVE, env=inherited | environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        announcement = process.stdout.readline()
        found = re.search(r"http://\S+", announcement)
        assert found, f"the service did not start: {announcement}{log.read_text()[-2000:]}"
        yield Process(found[0], process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
