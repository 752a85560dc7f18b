"""What Marquez's configuration file says of things that we have settings for: the file that its own variable MARQUEZ_CONFIG
names, in YAML, with ``${NAME:-default}`` where the environment is meant."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

VARIABLE = "MARQUEZ_CONFIG"
_FROM_ENVIRONMENT = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def settings() -> dict[str, Any]:
    """By our names; empty where no file is named. Raises ValueError where it cannot be read."""
    path = os.environ.get(VARIABLE)
    if not path:
        return {}
    try:
        text = Path(path).read_text(encoding="utf-8")
        told = yaml.safe_load(_FROM_ENVIRONMENT.sub(_environment, text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no YAML"
        raise ValueError(f"{VARIABLE}: {path} cannot be read: {reason}") from None
    found = {
        "tags": {name: _at(tag, "description") for tag in _list(_at(told, "tags")) if (name := _at(tag, "name"))} or None,
        "exclude_namespaces_on_read": _pattern(_at(told, "exclude", "namespaces", "onRead")),
        "exclude_namespaces_on_write": _pattern(_at(told, "exclude", "namespaces", "onWrite")),
        "retention_days": _at(told, "dbRetention", "retentionDays"),
        "retention_every_minutes": _at(told, "dbRetention", "frequencyMins"),
        "retention_batch_rows": _at(told, "dbRetention", "numberOfRowsPerBatch"),
    }
    if isinstance(_at(told, "dbRetention"), dict) and found["retention_days"] is None:
        found["retention_days"] = 7  # Marquez's default once there is any retention
    return {name: value for name, value in found.items() if value is not None}


def _environment(match: re.Match[str]) -> str:
    return os.environ.get(match[1]) or match[2] or ""


def _at(told: Any, *keys: str) -> Any:
    for key in keys:
        told = told.get(key) if isinstance(told, dict) else None
    return told


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else []


def _pattern(told: Any) -> str | None:
    return _at(told, "pattern") if _at(told, "enabled") is True else None
