-- What some fields derive from, by the present column lineage. A set of column edges is present while the job that it
-- comes from still writes the dataset, or as long as the dataset's own events have not replaced it.
-- datasets, fields: canonical ids and fields; whole: canonical ids of datasets whose fields are all asked for.
-- Rows: output dataset (canonical), its field ('': all), input dataset (canonical), its field ('': not known),
-- transformations as JSON text, owner of the set. Those told last come first.
-- OFFSET 0 keeps the planner to the indexes: it takes a hop for more than it is, and would go through all there is.
WITH asked AS MATERIALIZED (
    SELECT dataset_id FROM unnest(%(datasets)s::bigint[] || %(whole)s::bigint[]) AS k (dataset_id) GROUP BY dataset_id
),
members AS MATERIALIZED (
    SELECT dataset_id AS canonical_id, dataset_id FROM asked
    UNION ALL
    SELECT d.canonical_id, d.dataset_id
    FROM asked JOIN datasets d ON d.canonical_id = asked.dataset_id AND d.canonical_id <> d.dataset_id
),
-- Before its columns are looked at: a set has many.
present AS MATERIALIZED (
    SELECT m.canonical_id, l.set_id, l.owner_id, l.at
    FROM members m
    CROSS JOIN LATERAL (
        SELECT k.*, o.declared_at FROM column_lineage k JOIN datasets o ON o.dataset_id = k.dataset_id
        WHERE k.dataset_id = m.dataset_id OFFSET 0
    ) l
    WHERE CASE WHEN l.owner_id = l.dataset_id THEN l.declared_at IS NULL OR l.at >= l.declared_at ELSE EXISTS (
        SELECT FROM edges e JOIN jobs j ON j.job_id = e.owner_id
        WHERE e.source_id = l.owner_id AND e.target_id = l.dataset_id AND e.kind = 2 AND e.owner_id = l.owner_id
          AND e.last_at >= j.floor_at AND NOT j.is_hidden
        OFFSET 0
    ) END
)
SELECT p.canonical_id, s.output_field, s.canonical_id, s.input_field, s.transformations::text, p.owner_id
FROM present p
CROSS JOIN LATERAL (
    SELECT e.*, i.canonical_id
    FROM column_sets e
    JOIN datasets i ON i.dataset_id = e.input_dataset_id
    JOIN datasets c ON c.dataset_id = i.canonical_id AND NOT c.is_hidden
    WHERE e.set_id = p.set_id OFFSET 0
) s
WHERE s.output_field = '' OR p.canonical_id = ANY(%(whole)s::bigint[])
   OR (p.canonical_id, s.output_field) IN (SELECT * FROM unnest(%(datasets)s::bigint[], %(fields)s::text[]))
ORDER BY p.at DESC, p.owner_id, s.ordinal
