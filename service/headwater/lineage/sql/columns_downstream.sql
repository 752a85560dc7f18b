-- What derives from some fields, by the present column lineage: the counterpart of columns_upstream, with its parameters
-- and rows, but for what bears on a whole dataset.
WITH asked AS MATERIALIZED (
    SELECT dataset_id FROM unnest(%(datasets)s::bigint[] || %(whole)s::bigint[]) AS k (dataset_id) GROUP BY dataset_id
),
members AS MATERIALIZED (
    SELECT dataset_id AS canonical_id, dataset_id FROM asked
    UNION ALL
    SELECT d.canonical_id, d.dataset_id
    FROM asked JOIN datasets d ON d.canonical_id = asked.dataset_id AND d.canonical_id <> d.dataset_id
)
SELECT o.canonical_id, s.output_field, m.canonical_id, s.input_field, s.transformations::text
FROM members m
JOIN column_sets s ON s.input_dataset_id = m.dataset_id AND s.output_field <> '' AND s.input_field <> ''
JOIN column_lineage l ON l.set_id = s.set_id
JOIN datasets o ON o.dataset_id = l.dataset_id
JOIN datasets c ON c.dataset_id = o.canonical_id AND NOT c.is_hidden
WHERE
    (
        m.canonical_id = ANY(%(whole)s::bigint[])
        OR (m.canonical_id, s.input_field) IN (SELECT * FROM unnest(%(datasets)s::bigint[], %(fields)s::text[]))
    )
    AND (
        EXISTS (
            SELECT FROM edges e JOIN jobs j ON j.job_id = e.owner_id
            WHERE e.source_id = l.owner_id AND e.target_id = l.dataset_id AND e.kind = 2 AND e.owner_id = l.owner_id
              AND e.last_at >= j.floor_at AND NOT j.is_hidden
        )
        OR (l.owner_id = l.dataset_id AND (o.declared_at IS NULL OR l.at >= o.declared_at))
    )
ORDER BY l.at DESC, l.owner_id, s.ordinal
