-- Tables of a statement that has `candidate`, rows of edges: `owner`, whose edges they are and since when one counts, and `valid`,
-- those that were current at a time, or were named between two (`at` and `since` as in past_edges.sql).
--
-- An edge keeps the times of its first and last event. Where these lie on both sides of what is asked, the runs' own inputs and
-- outputs decide. Where these do not know all (explicit; declared before or later, and a JobEvent came since the floor), it
-- counts: it was told before, and again later. Of a job that has told nothing since the time, the floor is that of today.
owner AS MATERIALIZED (
    SELECT j.job_id AS id, coalesce(%(since)s::timestamptz, CASE WHEN j.last_at > %(at)s THEN f.floor_at ELSE j.floor_at END)
               AS floor_at, declared.at AS declared_at,
           to_timestamp((j.facets->'lineage'->>0)::bigint / 1000000.0) AS explicit_at
    FROM (SELECT DISTINCT owner_id FROM candidate) c
    JOIN jobs j ON j.job_id = c.owner_id AND NOT j.is_hidden
    JOIN namespaces n ON n.namespace_id = j.namespace_id
    LEFT JOIN LATERAL (
        SELECT CASE WHEN j.declared_at <= %(at)s THEN j.declared_at
                    WHEN j.declared_at IS NOT NULL THEN (
                        SELECT max(v.event_time) FROM lineage_events v
                        WHERE v.kind = 2 AND left(v.name, 256) = left(j.name, 256) AND (v.namespace, v.name) = (n.name, j.name)
                          AND v.event_time <= %(at)s)
               END AS at
    ) declared ON true
    LEFT JOIN LATERAL (
        SELECT r.first_at AS at, r.closed, lead(r.first_at) OVER (ORDER BY r.first_at DESC, r.run_id) AS before
        FROM (
            SELECT run_id, first_at, streaming OR state IN ('COMPLETED', 'ABORTED', 'FAILED') AND ended_at <= %(at)s AS closed
            FROM runs
            WHERE j.last_at > %(at)s AND %(since)s::timestamptz IS NULL  -- else nobody asks for it
              AND runs.job_id = j.job_id AND linked AND first_at <= %(at)s AND (
                EXISTS (SELECT FROM run_io io
                        WHERE io.run_id = runs.run_id AND io.month = runs.month AND io.first_at <= %(at)s)
                OR NOT EXISTS (SELECT FROM run_io io WHERE io.run_id = runs.run_id AND io.month = runs.month)
            )
            ORDER BY CASE WHEN linked THEN first_at END DESC, run_id LIMIT 2
        ) r
        ORDER BY r.first_at DESC, r.run_id LIMIT 1
    ) latest ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN latest.at IS NULL OR declared.at > latest.at THEN declared.at
                    WHEN latest.closed THEN latest.at
                    ELSE coalesce(greatest(latest.before, declared.at), latest.at) END AS floor_at
    ) f
    UNION ALL
    SELECT d.dataset_id, coalesce(%(since)s::timestamptz, CASE WHEN d.declared_at <= %(at)s THEN d.declared_at ELSE (
               SELECT max(e.last_at) FROM edges e WHERE e.owner_id = d.dataset_id AND e.last_at <= %(at)s) END),
           'infinity', NULL  -- a dataset's edges are all declared, and lead to it
    FROM (SELECT DISTINCT owner_id FROM candidate WHERE owner_id = target_id AND kind IN (2, 3)) c
    JOIN datasets d ON d.dataset_id = c.owner_id AND d.declared_at IS NOT NULL AND NOT d.is_hidden
),
valid AS (
    SELECT c.source_id, c.target_id, c.owner_id, c.kind, o.floor_at, o.explicit_at
    FROM candidate c JOIN owner o ON o.id = c.owner_id
    WHERE CASE
        WHEN o.floor_at IS NULL THEN c.kind IN (3, 4, 5) OR c.kind = 2 AND c.owner_id = c.target_id
        WHEN c.last_at < o.floor_at THEN false
        WHEN c.last_at <= %(at)s OR c.first_at >= o.floor_at THEN true
        WHEN c.kind IN (1, 2) AND (c.last_run_id IS NOT NULL AND c.first_run_id IS NOT NULL
                                   OR o.declared_at IS NULL OR o.declared_at < o.floor_at) THEN EXISTS (
            SELECT FROM runs r JOIN run_io io ON io.run_id = r.run_id AND io.month = r.month
            WHERE r.job_id = o.id AND r.first_at <= %(at)s AND r.last_at >= o.floor_at
              AND io.dataset_id = CASE c.kind WHEN 1 THEN c.source_id ELSE c.target_id END AND io.output = (c.kind = 2)
              AND io.first_at <= %(at)s AND io.last_at >= o.floor_at)
        ELSE true
    END
)
