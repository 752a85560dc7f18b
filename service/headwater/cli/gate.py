"""``headwater gate``: whether a change may go in, for continuous integration."""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from headwater.cli.display import printable
from headwater.cli.options import DEFAULT_URL, AsJson, Url, service
from headwater.errors import Invalid

_BREAKING = frozenset({"COLUMN_DROPPED", "COLUMN_RETYPED", "DATASET_DROPPED"})
_LISTS = ("types", "tags", "owners", "namespaces", "changes")
_MOST = 10_000  # nodes that the service tells
_MOST_SHOWN = 50  # rows of the report

_File = Annotated[Path, typer.Argument(metavar="FILE", help="OpenLineage events: one, an array, or one a line. - is stdin.")]
_Policy = Annotated[Path, typer.Option("--policy", help=r"TOML with [\[protect]] tables.")]


@dataclass(frozen=True, slots=True)
class Rule:
    """A node is protected if it has one of each that is given."""

    name: str
    types: frozenset[str]
    tags: frozenset[str]
    owners: frozenset[str]
    namespaces: frozenset[str]
    changes: frozenset[str]  # kinds of changes that must not reach it

    def protects(self, node: Mapping[str, Any]) -> bool:
        return (
            (not self.types or (node["type"] in self.types and node["kind"] == "DATASET"))
            and (not self.tags or not self.tags.isdisjoint(node["tags"]))
            and (not self.owners or any(owner["name"] in self.owners for owner in node["owners"]))
            and (not self.namespaces or node["namespace"] in self.namespaces)
        )


def gate(file: _File, policy: _Policy, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    r"""Ask what a change would reach, and refuse it where a policy protects what is reached. Prints a report in Markdown.

    Exit status: 0 nothing that is protected changes or is reached, 1 something is, or not all could be looked at. A policy has
    tables such as

        [\[protect]]
        name = "what finance stands on"
        types = ["MODEL", "DASHBOARD"]      # of datasets; also tags, owners, namespaces: one of each that is given
        changes = ["COLUMN_DROPPED"]        # by default also COLUMN_RETYPED and DATASET_DROPPED
    """
    from headwater.cli.client import decoded

    rules = read_policy(policy)
    answer = service(url).post("impact", body=_events(file), content_type="application/json", limit=_MOST)
    told = decoded(answer)
    broken = violations(told, rules)
    if as_json:
        print(json.dumps({**told, "violations": broken}, ensure_ascii=False))
    else:
        for line in report(told, broken):
            print(printable(line))
    if is_refused(told, broken):
        raise typer.Exit(1)


def read_policy(path: Path) -> list[Rule]:
    """Raises Invalid."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} is no TOML: {error}.") from None
    tables = told.get("protect")
    if told.keys() != {"protect"} or not isinstance(tables, list) or not tables:
        raise Invalid(f"{path} must have [[protect]] tables, and nothing else.")
    return [_rule(path, table, f"protect {i}") for i, table in enumerate(tables, 1)]


def _rule(path: Path, table: Any, place: str) -> Rule:
    if not isinstance(table, dict) or not table.keys() <= {"name", *_LISTS} or not isinstance(table.get("name", ""), str):
        raise Invalid(f"{path}, {place}: expected name, {', '.join(_LISTS)}.")
    for key in _LISTS:
        values = table.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise Invalid(f"{path}, {place}: {key} must be a list of texts.")
    types, tags, owners, namespaces, changes = (frozenset(table.get(key, [])) for key in _LISTS)
    return Rule(table.get("name") or place, frozenset(t.upper() for t in types), tags, owners, namespaces, changes or _BREAKING)


def violations(told: Mapping[str, Any], rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Each protected node that a change of a kind that must not reach it does reach, or is of."""
    return [
        {"rule": rule.name, "node": node["id"], "change": change}
        for node in _touched(told)
        for rule in rules
        if rule.protects(node)
        for change in node["changes"]
        if told["changes"][change]["kind"] in rule.changes
    ]


def is_refused(told: Mapping[str, Any], broken: Sequence[Mapping[str, Any]]) -> bool:
    """Also where not all could be looked at: something that is protected may be among the rest."""
    return bool(broken) or not _is_whole(told)


def _is_whole(told: Mapping[str, Any]) -> bool:
    return bool(told["complete"]) and told["counts"]["returned"] == told["counts"]["found"]


def _touched(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The nodes that change, then those that are reached."""
    for node in told["start"]:
        changes = [place for place, change in enumerate(told["changes"]) if change["node"] == node["id"]]
        yield {**node, "path": [node["id"]], "changes": changes}
    yield from told["nodes"]


def report(told: Mapping[str, Any], broken: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Markdown."""
    verdict = "Refused" if is_refused(told, broken) else "Allowed"
    yield f"## {verdict}: {len(told['changes'])} changes reach {told['counts']['found']} nodes"
    yield ""
    yield from _table(["change", "of", "column", "before", "after", "reaches"], map(_change, told["changes"]))
    if broken:
        nodes = {(node["id"], change): node for node in _touched(told) for change in node["changes"]}
        yield "### Protected"
        yield ""
        rows = [_violation(told["changes"][b["change"]], nodes[b["node"], b["change"]], b["rule"]) for b in broken]
        yield from _table(["rule", "node", "change", "owners", "way"], rows)
    if not _is_whole(told):
        yield f"Only the nearest {told['counts']['returned']} nodes could be looked at."


def _change(change: Mapping[str, Any]) -> list[str]:
    told = [change["kind"], change["node"], change["column"], change["before"], change["after"], str(change["reached"])]
    return [cell or "" for cell in told]


def _violation(change: Mapping[str, Any], node: Mapping[str, Any], rule: str) -> list[str]:
    return [rule, node["id"], change["kind"], _owners(node), " → ".join(node["path"])]


def _owners(node: Mapping[str, Any]) -> str:
    return ", ".join(owner["name"] for owner in node["owners"])


def _table(heads: Sequence[str], rows: Any) -> Iterator[str]:
    shown = list(rows)
    if not shown:
        return
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in shown[:_MOST_SHOWN]:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    if len(shown) > _MOST_SHOWN:
        yield f"| … {len(shown) - _MOST_SHOWN} more |"
    yield ""


def _events(file: Path) -> bytes:
    """An array of events. Raises Invalid."""
    import sys

    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file}: {error.strerror}.") from None
    if body.lstrip()[:1] == b"[":
        return body
    try:
        json.loads(body)
    except ValueError:  # one a line
        return b"[" + b",".join(line for line in body.splitlines() if line.strip()) + b"]"
    return b"[" + body + b"]"
