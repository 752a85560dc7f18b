-- The edges from (or, upstream, to) some nodes as they were at a time, as (source, target, owner, kind), datasets by the id under
-- which events name them. A negative kind: the input of an explicit job (see present_edges.sql).
--
-- owners      instead of ids (which then are none): all edges that these own
-- ids         jobs and datasets, the latter under all of their names;  downstream: from them, or to them
-- at          the time: nothing that an event after it says counts
-- since       null: the rule of lineage.edges, at that time; else every edge that an event since then names
-- rule        past_rule.sql
WITH candidate AS MATERIALIZED (
    SELECT e.* FROM edges e
    WHERE %(downstream)s AND e.source_id = ANY(%(ids)s::bigint[]) AND e.first_at <= %(at)s AND e.kind = ANY(%(kinds)s)
    UNION ALL
    SELECT e.* FROM edges e
    WHERE NOT %(downstream)s AND e.target_id = ANY(%(ids)s::bigint[]) AND e.first_at <= %(at)s AND e.kind = ANY(%(kinds)s)
    UNION ALL
    SELECT e.* FROM edges e
    WHERE e.owner_id = ANY(%(owners)s::bigint[]) AND e.first_at <= %(at)s AND e.kind = ANY(%(kinds)s)
),
{rule}SELECT v.source_id, v.target_id, v.owner_id,
       CASE WHEN v.kind = 1 AND (v.explicit_at BETWEEN v.floor_at AND %(at)s OR EXISTS (
           SELECT FROM edges x WHERE x.owner_id = v.owner_id AND x.kind = 3 AND x.first_at <= %(at)s AND x.last_at >= v.floor_at
       )) THEN -1 ELSE v.kind END
FROM valid v
