"""What Marquez counts in its metrics: nouns with the hidden ones, and runs by the events that begin and end them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from headwater.catalog import meaning
from headwater.catalog.aliases import IS_ALIAS
from headwater.catalog.facets import Facet, Shown, load_bodies, show
from headwater.db.pool import Connection
from headwater.openlineage.facets import OWN_DATASET, OWN_JOB

Labelled: TypeAlias = Mapping[tuple[str, str], int]  # by namespace and type

_TOTALS = """
SELECT (SELECT count(*) FROM namespaces),
       (SELECT count(*) FROM (SELECT source_id FROM sources UNION SELECT source_id FROM put_sources) s),
       greatest(coalesce(sum(starts - completes - fails - aborts), 0), 0)::bigint,
       coalesce(sum(completes + fails + aborts), 0)::bigint
FROM event_counts
"""
_DATASETS = f"""
SELECT n.name, (coalesce(d.facets->'datasetType', d.read_facets->'datasetType')->>1)::bigint,
       (d.facets->'{OWN_DATASET}'->>1)::bigint, count(*)
FROM datasets d JOIN namespaces n USING (namespace_id) WHERE d.canonical_id = d.dataset_id GROUP BY 1, 2, 3
"""
_JOBS = f"""
SELECT n.name, (j.facets->'jobType'->>1)::bigint, (j.facets->'{OWN_JOB}'->>1)::bigint, count(*)
FROM jobs j JOIN namespaces n USING (namespace_id) WHERE NOT {IS_ALIAS} GROUP BY 1, 2, 3
"""
_MOST_NAMESPACES = 100  # a time series each, or more; all others are one, without a name


async def totals(conn: Connection) -> dict[str, int]:
    row = await (await conn.execute(_TOTALS)).fetchone()
    assert row is not None
    return dict(zip(("namespaces", "sources", "active", "completed"), row, strict=True))


async def datasets(conn: Connection) -> Labelled:
    return await _labelled(conn, _DATASETS, ("datasetType", OWN_DATASET), meaning.dataset_type)


async def jobs(conn: Connection) -> Labelled:
    return await _labelled(conn, _JOBS, ("jobType", OWN_JOB), meaning.job_type)


async def _labelled(conn: Connection, counting: str, keys: Sequence[str], type_of: Callable[[Shown], str]) -> Labelled:
    """``counting`` gives the namespace, the bodies of the facets ``keys``, and how many have these."""
    groups = [
        (namespace, {key: Facet(0, body) for key, body in zip(keys, bodies, strict=True) if body is not None}, number)
        for namespace, *bodies, number in await (await conn.execute(counting)).fetchall()
    ]
    bodies = await load_bodies(conn, (facets for _, facets, _ in groups))
    counted, sizes = Counter[tuple[str, str]](), Counter[str]()
    for namespace, facets, number in groups:
        counted[namespace, type_of(show(facets, bodies))] += number
        sizes[namespace] += number
    return _of_the_largest(counted, sizes)


def _of_the_largest(counted: Labelled, sizes: Counter[str]) -> Labelled:
    named = {namespace for namespace, _ in sizes.most_common(_MOST_NAMESPACES)}
    found = Counter[tuple[str, str]]()
    for (namespace, kind), number in counted.items():
        found[namespace if namespace in named else "", kind] += number
    return found
