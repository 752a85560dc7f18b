-- What derives from some fields, by the present column lineage: the counterpart of columns_upstream, with its parameters
-- and rows. OFFSET 0 keeps the planner to the indexes: it takes a hop for more than it is, and would go through all there is.
WITH asked AS MATERIALIZED (
    SELECT dataset_id FROM unnest(%(datasets)s::bigint[] || %(whole)s::bigint[]) AS k (dataset_id) GROUP BY dataset_id
),
members AS MATERIALIZED (
    SELECT dataset_id AS canonical_id, dataset_id FROM asked
    UNION ALL
    SELECT d.canonical_id, d.dataset_id
    FROM asked JOIN datasets d ON d.canonical_id = asked.dataset_id AND d.canonical_id <> d.dataset_id
),
edge AS MATERIALIZED (
    SELECT m.canonical_id, s.set_id, s.ordinal, s.output_field, s.input_field, s.transformations
    FROM members m
    CROSS JOIN LATERAL (SELECT * FROM column_sets WHERE input_dataset_id = m.dataset_id OFFSET 0) s
    WHERE s.input_field = '' OR m.canonical_id = ANY(%(whole)s::bigint[])
       OR (m.canonical_id, s.input_field) IN (SELECT * FROM unnest(%(datasets)s::bigint[], %(fields)s::text[]))
),
-- Once a set, not once a column.
present AS MATERIALIZED (
    SELECT l.set_id, l.owner_id, l.at, l.canonical_id
    FROM (SELECT DISTINCT set_id FROM edge) told
    CROSS JOIN LATERAL (
        SELECT k.*, o.declared_at, o.canonical_id
        FROM column_lineage k
        JOIN datasets o ON o.dataset_id = k.dataset_id
        JOIN datasets c ON c.dataset_id = o.canonical_id AND NOT c.is_hidden
        WHERE k.set_id = told.set_id OFFSET 0
    ) l
    WHERE CASE WHEN l.owner_id = l.dataset_id THEN l.declared_at IS NULL OR l.at >= l.declared_at ELSE EXISTS (
        SELECT FROM edges e JOIN jobs j ON j.job_id = e.owner_id
        WHERE e.source_id = l.owner_id AND e.target_id = l.dataset_id AND e.kind = 2 AND e.owner_id = l.owner_id
          AND e.last_at >= j.floor_at AND NOT j.is_hidden
        OFFSET 0
    ) END
)
SELECT p.canonical_id, e.output_field, e.canonical_id, e.input_field, e.transformations::text, p.owner_id
FROM edge e JOIN present p ON p.set_id = e.set_id
ORDER BY p.at DESC, p.owner_id, e.ordinal
