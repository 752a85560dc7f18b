"""A difference as Markdown, for people: pull requests, chats, tickets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from headwater.entities.diff import (
    Change,
    DiffCounts,
    EdgeChange,
    FacetDiff,
    GraphDiff,
    IoDiff,
    RunDiff,
    RunSide,
    Statistic,
    TaskDiff,
    VersionDiff,
    VersionRead,
)
from headwater.entities.graph import Tally

_LONGEST = 200  # characters of a value: facets hold whole programs
_TURNS = {"ADDED": "added", "REMOVED": "removed", "CHANGED": "changed"}


def markdown(diff: GraphDiff | VersionDiff | RunDiff) -> str:
    match diff:
        case GraphDiff():
            lines = _graph(diff)
        case VersionDiff():
            lines = _versions(diff)
        case _:
            lines = _runs(diff, "#")
    return "\n".join(lines) + "\n"


def _graph(diff: GraphDiff) -> Iterator[str]:
    yield f"# {_code(diff.node.id)}: what changed"
    yield ""
    yield f"From {_time(diff.before)} to {_time(diff.after)}."
    yield from _cut(diff.counts)
    nodes = [
        f"- {turn} {_code(node.id)}{_by(node.at, node.run)}"
        for turn, told in (("added", diff.nodes.added), ("removed", diff.nodes.removed))
        for node in told
    ]
    edges = [
        f"- {turn} {_code(edge.origin)} → {_code(edge.destination)}{_moved(edge) or _by(edge.at, edge.run)}"
        for turn, told in (("added", diff.edges.added), ("removed", diff.edges.removed))
        for edge in told
    ]
    yield from _section("## Nodes", nodes)
    yield from _section("## Edges", edges)
    for node in dict.fromkeys(change.node for change in diff.changes):
        yield from _section(f"## {_code(node)}", [_change(change) for change in diff.changes if change.node == node])
    if not (nodes or edges or diff.changes):
        yield from ("", "Nothing changed.")


def _versions(diff: VersionDiff) -> Iterator[str]:
    yield f"# {_code(diff.node.id)}: two versions"
    yield ""
    for name, side in (("Before", diff.before), ("After", diff.after)):
        external = f" ({_code(side.externalVersion)})" if side.externalVersion else ""
        writer = f", written by run {_code(str(side.run))} of {_code(side.job)}" if side.run and side.job else ""
        yield f"- {name}: {_code(str(side.version))}{external}, {_time(side.createdAt)}{writer}"
    yield from _section("## Changes", [_change(change, caused=False) for change in diff.changes])
    yield from _section("## Numbers", [f"- {_statistic(statistic)}" for statistic in diff.statistics])
    if diff.runs:
        yield ""
        yield from _runs(diff.runs, "##")


def _runs(diff: RunDiff, level: str) -> Iterator[str]:
    yield f"{level} {_code(diff.after.job)}: two runs"
    yield ""
    yield f"- Before: {_run_side(diff.before)}"
    yield f"- After: {_run_side(diff.after)}"
    yield from _cut(diff.counts)
    yield from _section(f"{level}# Inputs", [_io(io, versions=True) for io in diff.inputs])
    yield from _section(f"{level}# Outputs", [_io(io, versions=False) for io in diff.outputs])
    yield from _section(f"{level}# Tasks", [_task(task) for task in diff.tasks])
    yield from _section(f"{level}# Facets", [_facet(facet, diff.after.job) for facet in diff.facets])


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", title, "", *lines)


def _cut(counts: DiffCounts) -> Iterator[str]:
    for one in counts.cut:
        if one.rule == "depth":
            yield from ("", "There is more beyond the depth.")
            continue
        known = _left_out(counts) if one.rule == "limit" else one.nodes
        yield from ("", f"**Not all is told**: {'' if known is None else f'{known} '}left out ({one.rule}).")


def _left_out(counts: DiffCounts) -> int:
    """Differences of whatever kind that are found, and not told."""
    tallies = [Tally(found=counts.found, returned=counts.returned), counts.edges, counts.changes]
    return sum((tally.found or tally.returned) - tally.returned for tally in tallies)


def _change(change: Change, *, caused: bool = True) -> str:
    name = f" {_code(change.name)}" if change.name else ""
    source = f" from {_code(change.source)}" if change.source else ""
    return (
        f"- {change.what.lower()}{name}{source} {_TURNS[change.turn]}{_values(change.before, change.after)}"
        f"{_by(change.at, change.run) if caused else ''}"
    )


def _io(io: IoDiff, *, versions: bool) -> str:
    """``versions``: what was read; what was written is always another version."""
    read = ""
    if versions and io.turn == "CHANGED" and io.before != io.after:
        read = f": {_versions_read(io.before)} → {_versions_read(io.after)}"
    numbers = f"; {', '.join(map(_statistic, io.statistics))}" if io.statistics else ""
    return f"- {_code(io.dataset)} {_TURNS[io.turn]}{read}{numbers}"


def _versions_read(told: Sequence[VersionRead]) -> str:
    return ", ".join(f"run {_code(str(v.writtenBy))}" if v.writtenBy else _code(str(v.version)) for v in told) or "none"


def _task(task: TaskDiff) -> str:
    return f"- {_code(task.job)} {_TURNS[task.turn]}: {' → '.join(_run_side(side) for side in (task.before, task.after) if side)}"


def _facet(facet: FacetDiff, own: str) -> str:
    of = f"{_code(facet.job)} " if facet.job != own else ""
    return f"- {of}{facet.of.lower()} {_code(facet.facet)} {_code(facet.path)}{_values(facet.before, facet.after)}"


def _statistic(told: Statistic) -> str:
    return f"{told.name} {_number(told.before)} → {_number(told.after)}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def _run_side(side: RunSide) -> str:
    took = f" in {side.durationMs / 1000:g} s" if side.durationMs is not None else ""
    return f"{_code(str(side.run))}, {side.state}{took}"


def _values(before: str | None, after: str | None) -> str:
    match before, after:
        case None, None:
            return ""
        case None, str():
            return f": {_code(after)}"
        case str(), None:
            return f": was {_code(before)}"
        case _:
            return f": {_code(before or '')} → {_code(after or '')}"


def _moved(edge: EdgeChange) -> str:
    return " (by another way)" if edge.moved else ""


def _by(at: datetime | None, run: UUID | None) -> str:
    told = [*([_time(at)] if at else []), *([f"run {_code(str(run))}"] if run else [])]
    return f" ({', '.join(told)})" if told else ""


def _time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _code(text: str) -> str:
    """In a code span, in which nothing is markup, on one line."""
    shown = " ".join(text.split()) if len(text) <= _LONGEST else f"{' '.join(text[:_LONGEST].split())}…"
    longest = max((len(ticks) for ticks in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
