"""Which job or dataset is meant: by node id, by namespace and name, or by a name that only one of them has.

A node id is ``job:<namespace>:<name>`` or ``dataset:<namespace>:<name>``. Namespaces and names hold colons too, so where it
is to be split is found out by asking.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from headwater.cli.client import Client, Refused, decoded
from headwater.errors import HeadwaterError, NotFound

JOB, DATASET = "job", "dataset"
_PREFIXES = ("dataset:", "datasetField:", "job:", "run:")
_CANDIDATES = 20


class Node(NamedTuple):
    kind: str
    namespace: str
    name: str
    body: bytes  # the service's answer about it

    @property
    def id(self) -> str:
        return node_id(self.kind, self.namespace, self.name)


def node_id(kind: str, namespace: str, name: str) -> str:
    return f"{kind}:{namespace}:{name}"


def find(client: Client, text: str, name: str | None = None, kinds: Sequence[str] = (DATASET, JOB)) -> Node:
    """``text`` is a namespace where ``name`` is given. Raises NotFound, or HeadwaterError with the candidates."""
    if name is not None:
        return _get(client, kinds[0], text, name)
    kind, colon, rest = text.partition(":")
    if colon and kind in (JOB, DATASET):
        return _by_id(client, kind, rest, kinds)
    return _by_name(client, text, kinds)


def node_id_of(client: Client, text: str) -> str:
    """As ``find``, but a node id stays as it is told: the service says what it is, or which ids are nearly the same."""
    return text if text.startswith(_PREFIXES) else find(client, text).id


def via(client: Client, through: Iterable[str], avoid: Iterable[str], stop_at: Iterable[str]) -> dict[str, list[str]]:
    """The parameters that say which ways count. Raises as ``find``."""
    sets = {"through": through, "avoid": avoid, "stopAt": stop_at}
    return {name: [node_id_of(client, text) for text in told] for name, told in sets.items()}


def _get(client: Client, kind: str, namespace: str, name: str) -> Node:
    body = client.get("namespaces", namespace, f"{kind}s", name)
    told = _id(body)
    return Node(kind, told["namespace"], told["name"], body)


def _id(body: bytes) -> dict[str, str]:
    """A dataset that was asked for by a symlink has another name than was asked for."""
    told: dict[str, str] = decoded(body)["id"]
    return told


def _by_id(client: Client, kind: str, rest: str, kinds: Sequence[str]) -> Node:
    if kind not in kinds:
        raise HeadwaterError(f"{kind}:{rest} is no {kinds[0]}.")
    for namespace, name in _splits(rest):
        try:
            return _get(client, kind, namespace, name)
        except Refused as error:
            if error.status != 404:
                raise
    raise NotFound(kind.capitalize(), rest)


def _splits(text: str) -> Iterator[tuple[str, str]]:
    """Where a colon can stand between namespace and name: longest namespace first, as the service reads it."""
    parts = text.split(":")
    for n in range(len(parts) - 1, 0, -1):
        namespace, name = ":".join(parts[:n]), ":".join(parts[n:])
        if namespace and name:
            yield namespace, name


def _by_name(client: Client, text: str, kinds: Sequence[str]) -> Node:
    asked = kinds[0].upper() if len(kinds) == 1 else None
    answer = client.read("search", q=text, filter=asked, limit=1000)
    found = _closest(answer["results"], text)
    if not found:
        raise HeadwaterError(f"No {' or '.join(kinds)} has '{text}' in its name.")
    if len(found) > 1:
        raise _Several(text, found)
    return _get(client, found[0]["type"].lower(), found[0]["namespace"], found[0]["name"])


def _closest(results: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Those with just this name, else those whose last part it is, else all."""
    same = [r for r in results if r["name"] == text]
    last = [r for r in results if r["name"].endswith((f".{text}", f"/{text}"))]
    return same or last or results


class _Several(HeadwaterError):
    def __init__(self, text: str, found: list[dict[str, Any]]) -> None:
        lines = [f"  {r['type'].lower()}:{r['namespace']}:{r['name']}" for r in found[:_CANDIDATES]]
        rest = [f"  and {len(found) - _CANDIDATES} more"] if len(found) > _CANDIDATES else []
        super().__init__("\n".join([f"'{text}' may be any of these; give one of them whole:", *lines, *rest]))
