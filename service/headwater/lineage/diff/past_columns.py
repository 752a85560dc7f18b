"""What the columns of datasets derived from at a time, and who told it: by the rule of ``columns.edges``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from headwater.db.pool import Connection
from headwater.lineage.columns.edges import Then, holding
from headwater.lineage.diff.compare import Told, derivation, source_id
from headwater.openlineage.facets import Transformation

_transformations = msgspec.json.Decoder(list[Transformation]).decode

# A set that has no columns is a row too: it may be what took others away. A facet's set is known by its body.
_COLUMNS = """
WITH members AS MATERIALIZED (
    SELECT d.canonical_id, d.dataset_id FROM datasets d
    WHERE d.dataset_id = ANY(%(ids)s) OR d.canonical_id = ANY(%(ids)s) AND d.canonical_id <> d.dataset_id
),
told AS MATERIALIZED (
    SELECT k.*
    FROM members m CROSS JOIN LATERAL (SELECT * FROM column_lineage WHERE dataset_id = m.dataset_id OFFSET 0) k
),
{holding}
SELECT m.canonical_id, e.output_field, e.namespace, e.name, e.input_field, e.transformations,
       CASE WHEN NOT k.adds THEN ~k.set_id END, k.first_at, r.run_uuid
FROM present p
JOIN members m USING (dataset_id)
JOIN told k USING (dataset_id, owner_id, set_id)
LEFT JOIN LATERAL (
    SELECT s.ordinal, s.output_field, n.name AS namespace, c.name, s.input_field, s.transformations::text
    FROM column_sets s
    JOIN datasets i ON i.dataset_id = s.input_dataset_id
    JOIN datasets c ON c.dataset_id = i.canonical_id AND NOT c.is_hidden
    JOIN namespaces n ON n.namespace_id = c.namespace_id
    WHERE s.set_id = k.set_id
) e ON true
LEFT JOIN LATERAL (SELECT run_uuid FROM runs WHERE run_id = k.first_run_id LIMIT 1) r ON true
ORDER BY p.at, k.set_id, e.ordinal
"""


class Teller(NamedTuple):
    body: int | None  # of the facet; None: it is explicit lineage
    first_at: datetime
    first_run: UUID | None


class DatasetColumns(NamedTuple):
    """Of one dataset. The tellers are those who told last; that of all is under None."""

    told: Told
    tellers: Mapping[tuple[str, str | None] | None, Teller]


NO_COLUMNS = DatasetColumns({}, {})


async def columns_at(conn: Connection, ids: Collection[int], at: datetime) -> dict[int, DatasetColumns]:
    """By id of datasets, in one statement."""
    then = Then(at)
    asked = {"ids": list(ids), **then.asked()}
    made: dict[int, dict[tuple[str, str | None], list[Transformation]]] = {}
    tellers: dict[int, dict[tuple[str, str | None] | None, Teller]] = {}
    rows = await (await conn.execute(_COLUMNS.replace("{holding}", holding(then)), asked)).fetchall()
    for dataset, output, namespace, name, field, transformations, *teller in rows:
        tellers.setdefault(dataset, {})[None] = Teller(*teller)
        if output is not None:
            key = output, source_id(namespace, name, field)
            tellers[dataset][key] = Teller(*teller)
            made.setdefault(dataset, {}).setdefault(key, []).extend(_transformations(transformations))
    return {
        dataset: DatasetColumns({key: derivation(how) for key, how in made.get(dataset, {}).items()}, by)
        for dataset, by in tellers.items()
    }
