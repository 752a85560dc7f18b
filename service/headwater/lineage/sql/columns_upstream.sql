-- What some fields derive from, by the present column lineage. A set of column edges is present while the job that it
-- comes from still writes the dataset, or as long as the dataset's own events have not replaced it.
-- datasets, fields: canonical ids and fields; whole: canonical ids of datasets whose fields are all asked for.
-- Rows: output dataset (canonical), its field ('': all), input dataset (canonical), its field ('': not known),
-- transformations as JSON text. Those told last come first.
WITH asked AS MATERIALIZED (
    SELECT dataset_id FROM unnest(%(datasets)s::bigint[] || %(whole)s::bigint[]) AS k (dataset_id) GROUP BY dataset_id
),
members AS MATERIALIZED (
    SELECT dataset_id AS canonical_id, dataset_id FROM asked
    UNION ALL
    SELECT d.canonical_id, d.dataset_id
    FROM asked JOIN datasets d ON d.canonical_id = asked.dataset_id AND d.canonical_id <> d.dataset_id
)
SELECT m.canonical_id, s.output_field, i.canonical_id, s.input_field, s.transformations::text
FROM members m
JOIN column_lineage l ON l.dataset_id = m.dataset_id
JOIN column_sets s ON s.set_id = l.set_id
JOIN datasets i ON i.dataset_id = s.input_dataset_id
JOIN datasets c ON c.dataset_id = i.canonical_id AND NOT c.is_hidden
WHERE
    (
        s.output_field = '' OR m.canonical_id = ANY(%(whole)s::bigint[])
        OR (m.canonical_id, s.output_field) IN (SELECT * FROM unnest(%(datasets)s::bigint[], %(fields)s::text[]))
    )
    AND (
        EXISTS (
            SELECT FROM edges e JOIN jobs o ON o.job_id = e.owner_id
            WHERE e.source_id = l.owner_id AND e.target_id = l.dataset_id AND e.kind = 2 AND e.owner_id = l.owner_id
              AND e.last_at >= o.floor_at AND NOT o.is_hidden
        )
        OR EXISTS (
            SELECT FROM datasets o
            WHERE o.dataset_id = l.dataset_id AND l.owner_id = l.dataset_id AND (o.declared_at IS NULL OR l.at >= o.declared_at)
        )
    )
ORDER BY l.at DESC, l.owner_id, s.ordinal
