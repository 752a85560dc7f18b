-- Tables of a statement that has `told`, rows of column_lineage; the last is `present`: the column sets that held at a time, or were
-- told between two (`at` and `since` as in past_edges.sql). The rule is that of current_columns.sql.
--
-- A set keeps the times at which it was first and last told. Where these lie on both sides of the time, the latest runs
-- before it say when it was told last until then; if none of them does, it was when it was told first.
candidate AS MATERIALIZED (
    SELECT DISTINCT e.*
    FROM told t
    JOIN edges e ON e.source_id = t.owner_id AND e.target_id = t.dataset_id AND e.kind = 2 AND e.owner_id = t.owner_id
    WHERE e.first_at <= %(at)s
),
{rule},
teller AS MATERIALIZED (
    SELECT target_id AS dataset_id, owner_id, floor_at FROM valid
    UNION
    SELECT dataset_id, owner_id, %(since)s::timestamptz FROM told WHERE owner_id = dataset_id
),
present AS MATERIALIZED (
    SELECT t.dataset_id, t.owner_id, k.set_id, k.adds, k.at
    FROM teller t
    CROSS JOIN LATERAL (
        SELECT s.set_id, s.adds, l.at, rank() OVER (
            ORDER BY s.adds DESC, CASE WHEN NOT s.adds THEN l.at END DESC, CASE WHEN NOT s.adds THEN s.set_id END DESC) AS rank
        FROM column_lineage s
        CROSS JOIN LATERAL (
            SELECT CASE WHEN s.last_at <= %(at)s THEN s.last_at ELSE greatest(s.first_at, (
                SELECT to_timestamp(max((io.facets->'columnLineage'->>0)::bigint) / 1000000.0)
                FROM (
                    SELECT run_id, month FROM runs
                    WHERE job_id = s.owner_id AND linked AND CASE WHEN linked THEN first_at END <= %(at)s
                    ORDER BY CASE WHEN linked THEN first_at END DESC, run_id LIMIT 20
                ) r
                JOIN run_io io ON io.run_id = r.run_id AND io.month = r.month AND io.output AND io.dataset_id = s.dataset_id
                WHERE ~(io.facets->'columnLineage'->>1)::bigint = s.set_id
                  AND to_timestamp((io.facets->'columnLineage'->>0)::bigint / 1000000.0) <= %(at)s
            )) END AS at
        ) l
        WHERE s.dataset_id = t.dataset_id AND s.owner_id = t.owner_id AND s.first_at <= %(at)s
          AND CASE
              WHEN s.adds OR (%(since)s::timestamptz IS NOT NULL AND s.last_run_id IS NULL) THEN s.last_at >= t.floor_at
              WHEN %(since)s::timestamptz IS NOT NULL THEN l.at >= t.floor_at
              ELSE true
          END
    ) k
    WHERE k.rank = 1 OR %(since)s::timestamptz IS NOT NULL
)
