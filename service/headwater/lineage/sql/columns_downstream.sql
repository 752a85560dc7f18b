-- What derives from some fields: the counterpart of columns_upstream, with its parameters and rows. OFFSET 0 keeps the planner to the indexes: it takes a hop for more than it is, and would go through all there is.
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
       OR (strpos(s.input_field, '.') > 0 OR strpos(s.input_field, '[') > 0) AND EXISTS (
           SELECT FROM generate_series(2, length(s.input_field)) n
           WHERE CASE WHEN substr(s.input_field, n, 1) IN ('.', '[') THEN (m.canonical_id, left(s.input_field, n - 1)) IN (
               SELECT * FROM unnest(%(structs)s::bigint[], %(inside)s::text[])) END
       )
),
-- Once a set, not once a column.
told AS MATERIALIZED (
    SELECT k.*
    FROM (SELECT DISTINCT set_id FROM edge) e
    CROSS JOIN LATERAL (SELECT * FROM column_lineage WHERE set_id = e.set_id OFFSET 0) k
),
{holding},
output AS MATERIALIZED (
    SELECT p.set_id, p.owner_id, p.at, o.canonical_id
    FROM present p
    CROSS JOIN LATERAL (
        SELECT d.canonical_id
        FROM datasets d JOIN datasets c ON c.dataset_id = d.canonical_id AND NOT c.is_hidden
        WHERE d.dataset_id = p.dataset_id OFFSET 0
    ) o
    WHERE %(explicit)s::boolean IS NULL OR (p.adds OR p.owner_id = p.dataset_id) = %(explicit)s
)
SELECT o.canonical_id, e.output_field, e.canonical_id, e.input_field, e.transformations::text, o.owner_id
FROM edge e JOIN output o ON o.set_id = e.set_id
ORDER BY o.at DESC, o.owner_id, e.ordinal
