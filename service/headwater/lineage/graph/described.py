"""What our graph calls say of jobs and datasets, loaded by id."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from headwater.catalog import meaning
from headwater.catalog.facets import FacetMap, Shown, decode, latest, load_bodies, show
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


# Whether it is a job; and of each name that it has the texts of two facet maps: as it was written, and as it was read.
_Says: TypeAlias = tuple[bool, tuple[tuple[str, str], ...]]


class _Row(NamedTuple):
    namespace: str
    name: str
    says: _Says


async def describe(conn: Connection, ids: Iterable[int]) -> dict[int, Node]:
    """Those that are shown, by id, in three statements."""
    asked = list(ids)
    rows = await _load_datasets(conn, asked) if asked else {}
    if rest := [identifier for identifier in asked if identifier not in rows]:
        for job_id, namespace, name, facets in await (await conn.execute(_JOBS, (values(rest),))).fetchall():
            rows[job_id] = _Row(namespace, name, (True, ((facets, "{}"),)))
    said = await _load_said(conn, {row.says for row in rows.values()})
    return {identifier: _node(row, said[row.says]) for identifier, row in rows.items()}


async def _load_datasets(conn: Connection, ids: Sequence[int]) -> dict[int, _Row]:
    rows: dict[int, _Row] = {}
    for dataset_id, namespace, name, written, read, _ in await (await conn.execute(_DATASETS, {"ids": values(ids)})).fetchall():
        if known := rows.get(dataset_id):
            rows[dataset_id] = known._replace(says=(False, (*known.says[1], (written, read))))
        else:
            rows[dataset_id] = _Row(namespace, name, (False, ((written, read),)))
    return rows


async def _load_said(conn: Connection, asked: Collection[_Says]) -> dict[_Says, dict[str, Any]]:
    """Very many say the same, be it at other times: that is read once."""
    maps = {says: latest(*(_shown({**decode(read), **decode(written)}) for written, read in says[1])) for says in asked}
    bodies = await load_bodies(conn, maps.values())
    known: dict[tuple[object, ...], dict[str, Any]] = {}
    said = {}
    for says, facets in maps.items():
        same = (says[0], *[(key, facet.body_id) for key, facet in facets.items()])
        if same not in known:
            known[same] = _said(says[0], show(facets, bodies))
        said[says] = known[same]
    return said


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
    is_job, _ = row.says
    return Node.unchecked(
        id=(job_node_id if is_job else dataset_node_id)(row.namespace, row.name),
        kind="JOB" if is_job else "DATASET",
        namespace=row.namespace,
        name=row.name,
        **said,
    )
