-- What some fields derive from. `holding`: tables of which the last is `present`, the rows of `told` that hold (now, or at a time).
-- datasets, fields: canonical ids and fields; whole: canonical ids of datasets whose fields are all asked for;
-- structs, inside: canonical ids and fields of which whatever is inside is asked for as well. In the CASE they are hashed once,
-- where a join would go through all of them for each edge.
-- explicit: null, or only those sets that explicit lineage and DatasetEvents tell (true), or jobs of what they read (false).
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
told AS MATERIALIZED (
    SELECT k.*
    FROM members m CROSS JOIN LATERAL (SELECT * FROM column_lineage WHERE dataset_id = m.dataset_id OFFSET 0) k
),
{holding}
SELECT m.canonical_id, s.output_field, s.canonical_id, s.input_field, s.transformations::text, p.owner_id
FROM present p
JOIN members m USING (dataset_id)
CROSS JOIN LATERAL (
    SELECT e.*, i.canonical_id
    FROM column_sets e
    JOIN datasets i ON i.dataset_id = e.input_dataset_id
    JOIN datasets c ON c.dataset_id = i.canonical_id AND NOT c.is_hidden
    WHERE e.set_id = p.set_id OFFSET 0
) s
WHERE (s.output_field = '' OR m.canonical_id = ANY(%(whole)s::bigint[])
       OR (m.canonical_id, s.output_field) IN (SELECT * FROM unnest(%(datasets)s::bigint[], %(fields)s::text[]))
       OR (strpos(s.output_field, '.') > 0 OR strpos(s.output_field, '[') > 0) AND EXISTS (
           SELECT FROM generate_series(2, length(s.output_field)) n
           WHERE CASE WHEN substr(s.output_field, n, 1) IN ('.', '[') THEN (m.canonical_id, left(s.output_field, n - 1)) IN (
               SELECT * FROM unnest(%(structs)s::bigint[], %(inside)s::text[])) END
       ))
  AND (%(explicit)s::boolean IS NULL OR (p.adds OR p.owner_id = p.dataset_id) = %(explicit)s)
ORDER BY p.at DESC, p.owner_id, s.ordinal
