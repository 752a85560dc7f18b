"""Node ids as the graph calls take and give them: ``dataset:<namespace>:<name>`` and the like, ``#<version>`` at the end.

Nothing in them is escaped, and namespaces and names hold colons, so an id can be cut in several ways. An id that comes in
is cut in every way; as row ids are computed from names, one statement tells which of the cuts exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote
from uuid import UUID

from headwater import ids
from headwater.catalog.aliases import JOIN_HOME
from headwater.db.pool import Connection
from headwater.errors import InvalidNodeId, NotFound

_MOST_COLONS = 100  # a field's id of 100 colons can be cut in 4,950 ways; Spark's longest names have a few dozen
_VERSION = re.compile(r"#([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")
_EXPECTED = (
    "Expected dataset:<namespace>:<name>, datasetField:<namespace>:<dataset>:<field>, job:<namespace>:<name> or run:<uuid>"
)

_DATASETS = """
SELECT d.dataset_id, c.dataset_id, n.name, c.name, c.is_hidden
FROM datasets d
JOIN datasets c ON c.dataset_id = d.canonical_id
JOIN namespaces n ON n.namespace_id = c.namespace_id
WHERE d.dataset_id = ANY(%s)
"""
_JOBS = f"""
SELECT j.job_id, h.job_id, n.name, h.name, h.is_hidden
FROM jobs j {JOIN_HOME}
JOIN namespaces n ON n.namespace_id = h.namespace_id
WHERE j.job_id = ANY(%s)
"""


class NodeKind(StrEnum):
    DATASET = "dataset"
    DATASET_FIELD = "datasetField"
    JOB = "job"
    RUN = "run"


_DATASET, _JOB = NodeKind.DATASET.value, NodeKind.JOB.value  # to put an enumeration's member into a text takes ten times as long


@dataclass(frozen=True, slots=True)
class Cut:
    """One way to read a node id."""

    namespace: str
    name: str
    field: str = ""
    version: UUID | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a node id stands for. ``id``, ``namespace`` and ``name`` are a dataset's canonical ones, or those of the job for which
    an alias stands."""

    kind: NodeKind
    id: int
    namespace: str
    name: str
    field: str
    version: UUID | None
    hidden: bool

    def require_shown(self) -> None:
        """Raises NotFound."""
        if self.hidden:
            raise NotFound("Job" if self.kind is NodeKind.JOB else "Dataset", self.name)


def dataset_node_id(namespace: str, name: str) -> str:
    return f"{_DATASET}:{namespace}:{name}"


def job_node_id(namespace: str, name: str) -> str:
    return f"{_JOB}:{namespace}:{name}"


def field_node_id(namespace: str, dataset: str, field: str, version: UUID | None = None) -> str:
    suffix = f"#{version}" if version else ""
    return f"{NodeKind.DATASET_FIELD}:{namespace}:{dataset}:{field}{suffix}"


def parse(node_id: str) -> tuple[NodeKind, str]:
    """The kind of node, and what follows it. Raises InvalidNodeId."""
    prefix, colon, rest = node_id.partition(":")
    if not colon or prefix not in tuple(NodeKind):
        raise InvalidNodeId(f"{_EXPECTED}, not '{_short(node_id)}'.")
    kind = NodeKind(prefix)
    if kind is NodeKind.RUN:
        return kind, rest
    if rest.count(":") < (2 if kind is NodeKind.DATASET_FIELD else 1):
        raise InvalidNodeId(f"{_EXPECTED}; '{_short(node_id)}' has too few parts.")
    if rest.count(":") > _MOST_COLONS:
        raise InvalidNodeId(f"A node id with more than {_MOST_COLONS} colons cannot be told apart: '{_short(node_id)}'.")
    return kind, rest


def cuts(kind: NodeKind, rest: str) -> Iterator[Cut]:
    """Every way to read it, the likeliest first: the whole as a name before a version is cut off, then the longest
    namespace, then the longest dataset; and each as it stands before percent-encoded parts are decoded."""
    readings: list[tuple[str, UUID | None]] = [(rest, None)]
    if found := _VERSION.search(rest):
        # Of a field it cannot be told whether the name goes on, as only datasets are looked up: names do not end so.
        readings.insert(kind is not NodeKind.DATASET_FIELD, (rest[: found.start()], UUID(found[1])))
    for text, version in readings:
        for cut in _split(kind, text, version):
            yield cut
            if "%" in text:
                yield Cut(_decoded(cut.namespace), _decoded(cut.name), _decoded(cut.field), version)


def _decoded(part: str) -> str:
    """Names have no NUL character: what comes with one is stored so."""
    return unquote(part).replace("\0", "\ufffd")


def _split(kind: NodeKind, text: str, version: UUID | None) -> Iterator[Cut]:
    parts = text.split(":")
    for i in range(len(parts) - 1, 0, -1):
        namespace = ":".join(parts[:i])
        if kind is not NodeKind.DATASET_FIELD:
            yield Cut(namespace, ":".join(parts[i:]), "", version)
            continue
        for j in range(len(parts) - 1, i, -1):
            yield Cut(namespace, ":".join(parts[i:j]), ":".join(parts[j:]), version)


async def resolve(conn: Connection, node_id: str) -> Resolved:
    """What the id of a dataset, field or job stands for, in one statement. Raises InvalidNodeId, NotFound.

    Whether the dataset has the field is not asked. A run's id is NotFound: runs are no nodes of these graphs.
    """
    kind, rest = parse(node_id)
    if kind is NodeKind.RUN:
        raise NotFound("Run", rest)
    candidates = [(_row_id(kind, cut), cut) for cut in cuts(kind, rest) if cut.namespace and cut.name]
    statement = _JOBS if kind is NodeKind.JOB else _DATASETS
    rows = await (await conn.execute(statement, ([row_id for row_id, _ in candidates],))).fetchall()
    found = {row[0]: row[1:] for row in rows}
    for row_id, cut in candidates:
        if row_id in found:
            canonical, namespace, name, hidden = found[row_id]
            return Resolved(kind, canonical, namespace, name, cut.field, cut.version, hidden)
    raise _not_found(kind, rest)


def _row_id(kind: NodeKind, cut: Cut) -> int:
    """As ``ids`` computes it, but past its cache: made-up names must not drive out real ones."""
    try:
        return ids.guessed_id("job" if kind is NodeKind.JOB else "dataset", cut.namespace, cut.name)
    except UnicodeEncodeError as error:
        raise InvalidNodeId("A node id must be valid Unicode.") from error


def _not_found(kind: NodeKind, rest: str) -> NotFound:
    if kind is NodeKind.DATASET_FIELD:
        return NotFound("Field", _short(rest.rpartition(":")[2]))
    return NotFound("Job" if kind is NodeKind.JOB else "Dataset", _short(rest.rpartition(":")[2]))


def _short(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= 200 else f"{text[:200]}…"
