"""Sums over many nodes: how many of each type, owner and namespace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from operator import attrgetter

from headwater.catalog import meaning
from headwater.catalog.facets import BODIES
from headwater.db.arrays import values
from headwater.db.pool import Connection
from headwater.entities.graph import Group, Groups, Node

_MOST = 100
# Facets are the same body for very many nodes: they are counted by their bodies' ids, and each body is read once.
_COUNTED = """
WITH node AS (
    SELECT true AS is_job, namespace_id, (facets->'jobType'->>1)::bigint AS type_id, (facets->'ownership'->>1)::bigint AS owner_id
    FROM jobs WHERE job_id = ANY(%(ids)s::bigint[]) AND NOT is_hidden
    UNION ALL
    SELECT false, namespace_id, (coalesce(facets->'datasetType', read_facets->'datasetType')->>1)::bigint,
           (coalesce(facets->'ownership', read_facets->'ownership')->>1)::bigint
    FROM datasets WHERE dataset_id = ANY(%(ids)s::bigint[]) AND NOT is_hidden
)
SELECT is_job, n.name, type_id, owner_id, count(*)
FROM node JOIN namespaces n USING (namespace_id)
GROUP BY is_job, n.name, type_id, owner_id
"""
_COUNTED_BY, _OWNERS = attrgetter("kind", "type", "namespace"), attrgetter("owners")


def groups_of(nodes: Collection[Node]) -> Groups:
    """The same, of nodes that are loaded already."""
    types, owners, namespaces = Counter[str](), Counter[str](), Counter[str]()
    # Few are different: so each node is looked at once, and the rest is done for those that are.
    for (kind, told, namespace), count in Counter(map(_COUNTED_BY, nodes)).items():
        types[told or kind] += count
        namespaces[namespace] += count
    owners.update(owner.name for owned in map(_OWNERS, nodes) if owned for owner in owned)
    return Groups(of=len(nodes), types=_largest(types), owners=_largest(owners), namespaces=_largest(namespaces))


async def load_groups(conn: Connection, ids: Sequence[int]) -> Groups:
    """In two statements."""
    rows = await (await conn.execute(_COUNTED, {"ids": values(ids)})).fetchall() if ids else []
    wanted = {body for row in rows for body in row[2:4] if body is not None}
    bodies: dict[int, str] = dict(await (await conn.execute(BODIES, (list(wanted),))).fetchall()) if wanted else {}
    types, owners, namespaces = Counter[str](), Counter[str](), Counter[str]()
    for is_job, namespace, type_id, owner_id, nodes in rows:
        kind = "jobType" if is_job else "datasetType"
        told = meaning.text(meaning.content(bodies.get(type_id)), kind)
        types[told.upper() if told else "JOB" if is_job else "DATASET"] += nodes
        namespaces[namespace] += nodes
        for owner in meaning.owners_in(meaning.content(bodies.get(owner_id))):
            owners[owner.name] += nodes
    return Groups(of=namespaces.total(), types=_largest(types), owners=_largest(owners), namespaces=_largest(namespaces))


def _largest(counts: Counter[str]) -> list[Group]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Group(name=name, nodes=nodes) for name, nodes in ordered[:_MOST]]
