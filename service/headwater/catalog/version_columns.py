"""What versions of datasets derive from, column by column, where a job tells its lineage explicitly, or an event without a run
declared the version: then the columnLineage facet of the version does not count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from headwater.db.pool import Connection

MEMBERS = """CROSS JOIN LATERAL (
    SELECT a.canonical_id, a.canonical_id AS dataset_id
    UNION ALL
    SELECT m.canonical_id, m.dataset_id FROM datasets m WHERE m.canonical_id = a.canonical_id AND m.canonical_id <> m.dataset_id
) d"""
"""``d``: the names of the dataset of a row ``a``."""
# A set counts for each run between its first telling and its last, as edges do. Of what was declared, the set that was told last
# by then. A set may have no columns: then nothing is told of the version's.
_TOLD = f"""
SELECT t.version_id, t.canonical_id, s.output_field, s.input_dataset_id, n.name, i.name, s.input_field, s.transformations::text
FROM (
    SELECT a.version_id, d.canonical_id, l.set_id, l.last_at
    FROM unnest(%(versions)s::bigint[], %(months)s::date[], %(datasets)s::bigint[]) AS a (version_id, month, canonical_id)
    JOIN runs r ON r.run_id = a.version_id AND r.month = a.month AND r.job_facets ? 'lineage'
    {MEMBERS}
    JOIN column_lineage l ON l.dataset_id = d.dataset_id AND l.owner_id = r.job_id AND l.adds
        AND l.first_at <= coalesce(r.last_at, r.first_at) AND l.last_at >= r.first_at
    UNION ALL
    SELECT a.version_id, d.canonical_id, l.set_id, l.last_at
    FROM unnest(%(versions)s::bigint[], %(datasets)s::bigint[]) AS a (version_id, canonical_id)
    {MEMBERS}
    JOIN dataset_versions v ON v.dataset_id = d.dataset_id AND v.version_id = a.version_id AND v.declared
    CROSS JOIN LATERAL (
        SELECT set_id, last_at FROM column_lineage
        WHERE dataset_id = v.dataset_id AND owner_id = v.dataset_id AND first_at <= v.first_at
        ORDER BY CASE WHEN last_at <= v.first_at THEN last_at ELSE first_at END DESC, set_id DESC LIMIT 1
    ) l
) t
LEFT JOIN (
    column_sets s
    JOIN datasets i ON i.dataset_id = s.input_dataset_id
    JOIN namespaces n ON n.namespace_id = i.namespace_id
) ON s.set_id = t.set_id
ORDER BY t.last_at DESC, t.set_id, s.ordinal
"""


class VersionKey(NamedTuple):
    """``version_id`` is that of the run that wrote it, of which the ``month`` is, or that of a version that no run wrote."""

    version_id: int
    month: date
    canonical_id: int


class VersionColumn(NamedTuple):
    """``output`` derives from ``field``; either is empty for all columns of its dataset. The source as the events name it."""

    output: str
    dataset_id: int
    namespace: str
    name: str
    field: str
    transformations: str  # as JSON


async def load_version_columns(conn: Connection, versions: Sequence[VersionKey]) -> dict[tuple[int, int], list[VersionColumn]]:
    """By version and dataset, in one statement; none for a version of which nobody tells it so."""
    if not versions:
        return {}
    asked = {
        "versions": [version.version_id for version in versions],
        "months": [version.month for version in versions],
        "datasets": [version.canonical_id for version in versions],
    }
    found: dict[tuple[int, int], list[VersionColumn]] = {}
    for version_id, dataset, *column in await (await conn.execute(_TOLD, asked)).fetchall():
        told = found.setdefault((version_id, dataset), [])
        if column[0] is not None:
            told.append(VersionColumn(*column))
    return found
