"""What our graph calls say of jobs and datasets, loaded by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.catalog import meaning
from headwater.catalog.facets import Bodies, FacetMap, Shown, decode, latest, load_bodies, show
from headwater.db.arrays import values
from headwater.db.pool import Connection
from headwater.entities.graph import Node
from headwater.lineage.node_ids import dataset_node_id, job_node_id
from headwater.openlineage.facets import OWN_TAG

_JOBS = """
SELECT j.job_id, n.name, j.name, j.facets::text FROM jobs j JOIN namespaces n USING (namespace_id)
WHERE j.job_id = ANY(%s::bigint[]) AND NOT j.is_hidden
"""
_DATASET = """
SELECT d.canonical_id, n.name, d.name, d.facets::text, d.read_facets::text, d.canonical_id <> d.dataset_id
FROM datasets d JOIN namespaces n USING (namespace_id)
"""
# Under all names of a dataset; its own comes first. In one condition with OR, each row would be looked for in the whole array.
_DATASETS = f"""
{_DATASET} WHERE d.dataset_id = ANY(%(ids)s::bigint[]) AND d.canonical_id = d.dataset_id AND NOT d.is_hidden
UNION ALL
{_DATASET} WHERE d.canonical_id = ANY(%(ids)s::bigint[]) AND d.canonical_id <> d.dataset_id AND NOT d.is_hidden
ORDER BY 6
"""
_SHOWN = ("datasetType", "jobType", "documentation", "ownership", "tags")


@dataclass(slots=True)
class _Row:
    is_job: bool
    namespace: str
    name: str
    facets: FacetMap

    def known_by(self) -> tuple[object, ...]:
        """Of rows that say the same in their facets the same."""
        return (self.is_job, *[(key, facet.body_id) for key, facet in self.facets.items()])


async def describe(conn: Connection, ids: Iterable[int]) -> dict[int, Node]:
    """Those that are shown, by id, in three statements."""
    asked = list(ids)
    rows = await _load_datasets(conn, asked) if asked else {}
    if rest := [identifier for identifier in asked if identifier not in rows]:
        for job_id, namespace, name, facets in await (await conn.execute(_JOBS, (values(rest),))).fetchall():
            rows[job_id] = _Row(True, namespace, name, _shown(decode(facets)))
    bodies = await load_bodies(conn, (row.facets for row in rows.values()))
    return _nodes(rows, bodies)


async def _load_datasets(conn: Connection, ids: Sequence[int]) -> dict[int, _Row]:
    rows: dict[int, _Row] = {}
    for dataset_id, namespace, name, written, read, _ in await (await conn.execute(_DATASETS, {"ids": values(ids)})).fetchall():
        facets = _shown({**decode(read), **decode(written)})
        if (known := rows.get(dataset_id)) is None:
            rows[dataset_id] = _Row(False, namespace, name, facets)
        else:
            known.facets = latest(known.facets, facets)
    return rows


def _nodes(rows: Mapping[int, _Row], bodies: Bodies) -> dict[int, Node]:
    """Very many have the same facets: these are read once."""
    said: dict[tuple[object, ...], dict[str, Any]] = {}
    nodes = {}
    for identifier, row in rows.items():
        if (facets := row.known_by()) not in said:
            said[facets] = _said(row.is_job, show(row.facets, bodies))
        nodes[identifier] = _node(row, said[facets])
    return nodes


def _shown(facets: FacetMap) -> FacetMap:
    return {key: facet for key, facet in facets.items() if key in _SHOWN or key.startswith(OWN_TAG)}


def _said(is_job: bool, facets: Shown) -> dict[str, Any]:
    key = "jobType" if is_job else "datasetType"
    return {
        "type": (meaning.text(meaning.body(facets, key), key) or "").upper(),
        "description": meaning.description(facets),
        "owners": meaning.owners(facets),
        "tags": meaning.tags_by_field(facets).get(None, []),
    }


def _node(row: _Row, said: Mapping[str, Any]) -> Node:
    return Node(
        id=job_node_id(row.namespace, row.name) if row.is_job else dataset_node_id(row.namespace, row.name),
        kind="JOB" if row.is_job else "DATASET",
        namespace=row.namespace,
        name=row.name,
        **said,
    )
