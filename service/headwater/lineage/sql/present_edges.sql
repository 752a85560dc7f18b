-- The current edges that some owners own, as (source, target, owner, kind): what flows from where to where, control flow left out.
-- An *explicit* job says itself which of its outputs comes from which input (LineageFacet): what reads into it ends in a node of
-- its own, the job's id # SINK, from which no output is reached, but what the job hands over to other jobs is. The kind of such an
-- input is negative.
-- `which` is a condition on owners `o.id`; SINK a number.
WITH owner AS (
    SELECT o.* FROM (
        SELECT job_id AS id, floor_at AS since,
               coalesce((facets->'lineage'->>0)::bigint >= (extract(epoch FROM floor_at) * 1000000)::bigint, false) AS explicit
        FROM jobs WHERE NOT is_hidden
        UNION ALL
        SELECT dataset_id, declared_at, false FROM datasets WHERE declared_at IS NOT NULL AND NOT is_hidden
    ) o
    WHERE {which}
),
edge AS (
    SELECT e.kind, e.source_id, e.target_id, e.owner_id, o.explicit
    FROM owner o JOIN edges e ON e.owner_id = o.id
    WHERE (e.last_at >= o.since OR o.since IS NULL AND e.kind IN (3, 4)) AND e.kind IN (1, 2, 3, 4)
)
SELECT source_id, CASE WHEN kind = 1 AND explicit THEN target_id # {sink} ELSE target_id END AS target_id, owner_id,
       CASE WHEN kind = 1 AND explicit THEN -1 ELSE kind END AS kind
FROM edge
UNION ALL
SELECT source_id # {sink}, target_id, owner_id, kind FROM edge WHERE kind = 4
