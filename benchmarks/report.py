"""Results: a JSON file for machines, and Markdown for people."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import headwater
from benchmarks.installation import load_average

RESULTS = Path(__file__).with_name("results")


def machine() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "headwater": headwater.__version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_average": load_average(),
    }


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Markdown; numbers to the right."""
    lines = [[_cell(value) for value in row] for row in rows]
    right = [bool(lines) and all(_is_number(line[i]) for line in lines) for i in range(len(headings))]
    rule = ["--:" if r else "---" for r in right]
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(headings), rule, *lines])


def save(name: str, results: Mapping[str, Any], markdown: str) -> None:
    """Prints ``markdown`` and keeps both below ``results``."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(results, indent=1))
    (RESULTS / f"{name}.md").write_text(markdown + "\n")
    print(f"\n{markdown}\n\nKept in {RESULTS / name}.json and .md")


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _is_number(text: str) -> bool:
    return text == "–" or text[:1].isdigit() or text[:1] == "-"
