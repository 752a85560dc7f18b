"""Logs: one JSON object a line, on stderr.

``request_id`` is set by who takes in a request, and is in every line that is written while it is worked on. What is
given as ``extra`` to a call becomes a field of its own. Passwords in URLs are masked, whoever writes them.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from headwater.settings import masked

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What every record has; the rest came as ``extra``.
_OWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (request := request_id.get()) is not None:
            line["request_id"] = request
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return masked(json.dumps(line, default=str, ensure_ascii=False))


def configure(level: str) -> None:
    """Sends everything from ``level`` upwards to stderr; replaces what was configured before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # lists itself at each start
