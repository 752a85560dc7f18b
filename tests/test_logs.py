from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO

import pytest

from headwater import logs


class Log:
    """A logger, and what it has written."""

    def __init__(self) -> None:
        self.logger = logging.getLogger("headwater.test")
        self.stream = StringIO()

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    root, made = logging.getLogger(), Log()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []  # pytest's own would be closed
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", made.stream)
        logs.configure("INFO")
    yield made
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level


def test_a_line_is_an_object(log: Log) -> None:
    log.logger.info("took %d\nevents", 3, extra={"seconds": 0.5})
    log.logger.debug("not this")
    (line,) = log.lines
    assert line.pop("time")
    assert line == {"level": "INFO", "logger": "headwater.test", "message": "took 3\nevents", "seconds": 0.5}


def test_a_line_knows_its_request(log: Log) -> None:
    token = logs.request_id.set("r1")
    log.logger.info("within")
    logs.request_id.reset(token)
    log.logger.info("after")
    within, after = log.lines
    assert within["request_id"] == "r1"
    assert "request_id" not in after


def test_an_error_has_its_traceback(log: Log) -> None:
    try:
        raise ValueError("postgresql://me:secret@db/x")
    except ValueError:
        log.logger.exception("failed")
    (line,) = log.lines
    assert "ValueError: postgresql://me:***@db/x" in str(line["error"])


def test_passwords_are_masked(log: Log) -> None:
    log.logger.warning("connecting to %s", "postgresql://me:secret@db/x", extra={"url": "postgresql://me:secret@db/x"})
    assert "secret" not in str(log.lines)
