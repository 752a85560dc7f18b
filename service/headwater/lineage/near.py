"""Names like one that nobody knows, for who mistyped it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import combinations
from typing import TypeAlias

from headwater import ids
from headwater.catalog.search import containing
from headwater.db.pool import Connection
from headwater.errors import NotFound
from headwater.lineage.node_ids import Cut, NodeKind, Resolved, cuts, dataset_node_id, job_node_id, parse, resolve

_Named: TypeAlias = tuple[str, str]  # namespace, name

_TOLD = 5
_LEAST = 0.6  # of what two names may have in common: below it they look unlike
_READINGS = 10  # ways to read the id that are looked at, the likeliest
_NAMESPACES = 1_000  # in which the same name is looked for
_LONGEST = 256  # characters that the indexes of names hold
_TRIGRAM = 3
_AROUND = 50  # names before a spot of the index, and as many after it: a small namespace as a whole

_NAMESPACE_NAMES = "SELECT name FROM namespaces WHERE NOT is_hidden LIMIT %s"
# Those that stand next to some spots of a namespace's names, those that hold most of what was asked for (which the trigram
# indexes find, where there are any), and those with certain ids.
_CANDIDATES = """
SELECT n.name, t.name
FROM unnest(%(namespaces)s::bigint[], %(spots)s::text[]) AS spot (namespace_id, name)
CROSS JOIN LATERAL (
    (SELECT namespace_id, name FROM {table}
     WHERE namespace_id = spot.namespace_id AND left(name, 256) COLLATE "C" >= spot.name AND NOT is_hidden
     ORDER BY left(name, 256) COLLATE "C" LIMIT %(around)s)
    UNION ALL
    (SELECT namespace_id, name FROM {table}
     WHERE namespace_id = spot.namespace_id AND left(name, 256) COLLATE "C" < spot.name AND NOT is_hidden
     ORDER BY left(name, 256) COLLATE "C" DESC LIMIT %(around)s)
) t
JOIN namespaces n ON n.namespace_id = t.namespace_id
UNION
SELECT n.name, t.name FROM {table} t JOIN namespaces n USING (namespace_id)
WHERE t.{table_id} = ANY(%(elsewhere)s) AND NOT t.is_hidden
UNION
(SELECT n.name, t.name FROM {names} known JOIN {table} t USING ({table_id}) JOIN namespaces n ON n.namespace_id = t.namespace_id
 WHERE known.name ILIKE ANY(%(patterns)s::text[]) AND t.namespace_id = ANY(%(namespaces)s::bigint[]) AND NOT t.is_hidden
 LIMIT %(around)s)
"""
_JOBS = _CANDIDATES.format(table="jobs", table_id="job_id", names="job_names")
_DATASETS = _CANDIDATES.format(table="datasets", table_id="dataset_id", names="datasets")


async def find_node(conn: Connection, node_id: str) -> Resolved:
    """As ``resolve``, but NotFound tells names that are nearly the same. Raises InvalidNodeId, NotFound."""
    node_id = node_id.replace("\0", "\ufffd")  # as events lose them
    try:
        return await resolve(conn, node_id)
    except NotFound as error:
        kind, rest = parse(node_id)
        if kind is NodeKind.RUN:
            raise
        if kind is NodeKind.DATASET_FIELD:  # it is the dataset that nobody knows
            kind, rest = NodeKind.DATASET, rest.rpartition(":")[0]
        raise NotFound(error.kind, error.name, near=await _near(conn, kind, rest)) from None


async def find_versioned(conn: Connection, node_id: str) -> tuple[Resolved, str | None]:
    """The node, and what names its version behind a ``#``, whatever it is. A name may itself hold a ``#``. Raises as
    ``find_node``."""
    kind, _ = parse(node_id)
    node_id = node_id.replace("\0", "\ufffd")  # as events lose them
    base, _, told = node_id.rpartition("#")
    try:
        node = await (resolve if base else find_node)(conn, node_id)
        return node, str(node.version) if node.version else None
    except NotFound:
        if kind is not NodeKind.DATASET or not base:
            return await find_node(conn, node_id), None
        return await find_node(conn, base), told


async def _near(conn: Connection, kind: NodeKind, rest: str) -> list[str]:
    asked = [cut for cut in list(cuts(kind, rest))[:_READINGS] if cut.namespace and cut.name]
    namespaces = [name for (name,) in await (await conn.execute(_NAMESPACE_NAMES, (_NAMESPACES,))).fetchall()]
    spots = [(ids.guessed_id("namespace", cut.namespace), spot) for cut in asked for spot in _spots(cut.name)]
    parameters = {
        "namespaces": [namespace for namespace, _ in spots],
        "spots": [spot for _, spot in spots],
        "around": _AROUND,
        "patterns": sorted({pattern for cut in asked for pattern in _patterns(cut.name[:_LONGEST])}),
        "elsewhere": [ids.guessed_id(kind, namespace, cut.name) for namespace in namespaces for cut in asked],
    }
    # Never prepared: what is asked for decides whether an index is of use.
    found = await (await conn.execute(_JOBS if kind is NodeKind.JOB else _DATASETS, parameters, prepare=False)).fetchall()
    node_id = job_node_id if kind is NodeKind.JOB else dataset_node_id
    near = await asyncio.to_thread(nearest, asked, [(namespace, name) for namespace, name in found])
    return [node_id(*named) for named in near]


def _spots(name: str) -> set[str]:
    """Where the index may hold what was meant: also with another case, or a letter too many at its beginning."""
    return {spot[:_LONGEST] for spot in (name, name.lower(), name[1:])}


def _patterns(name: str) -> list[str]:
    """For ILIKE: two of the name's three parts, as one is mistyped. Parts of less than three characters have no trigram."""
    third = len(name) // 3
    if third < _TRIGRAM:
        return []
    parts = [containing(part)[1:-1] for part in (name[:third], name[third:-third], name[-third:])]
    return [f"%{first}%{second}%" for first, second in combinations(parts, 2)]


def nearest(asked: Sequence[Cut], known: Iterable[_Named]) -> list[_Named]:
    """Of the known names those most like one asked for, the likest first."""
    scored = [(max(score), named) for named in known if (score := [s for cut in asked if (s := _likeness(cut, named))])]
    scored.sort(key=lambda item: (*(-part for part in item[0]), item[1]))
    return [named for _, named in scored[:_TOLD]]


def _likeness(cut: Cut, named: _Named) -> tuple[float, float] | None:
    """Of the names, then of the namespaces, from 0 to 1; None where they are too unlike."""
    namespace, name = named
    if namespace != cut.namespace and name != cut.name:
        return None
    names = SequenceMatcher(None, cut.name[:_LONGEST].lower(), name[:_LONGEST].lower(), autojunk=False)
    if names.real_quick_ratio() < _LEAST or names.quick_ratio() < _LEAST or names.ratio() < _LEAST:
        return None
    return names.ratio(), SequenceMatcher(None, cut.namespace[:_LONGEST], namespace[:_LONGEST], autojunk=False).ratio()
