-- Since when owners of edges have had those that they have now, as (owner, born_at, steady_at): before born_at an owner had none, and
-- at every time since steady_at those of now. Between these two nothing is said.
--
-- Of a job it goes back from its latest run as far as each run came after the end of the one before and told of the same inputs and
-- outputs, which are those of now, and nothing else that anybody told of is later than these. That holds for every time then: a run
-- that is going has the edges of the one before. Of a job that declares lineage or is declared, it is its last event.
-- `jobs` and `datasets` are conditions on jobs `j` and datasets `d`; `digest` is that of edges `e` (see db.digests); `runs` is how
-- many runs to go back.
WITH own AS (
    SELECT e.owner_id, min(e.first_at) AS born_at,
           max(e.last_at) FILTER (WHERE e.last_at < j.floor_at) AS gone_at,
           bool_or(e.kind IN (3, 4)) AS explicit,
           coalesce({digest} FILTER (WHERE e.last_at >= j.floor_at), 0) AS digest
    FROM jobs j JOIN edges e ON e.owner_id = j.job_id
    WHERE NOT j.is_hidden AND e.kind IN (1, 2, 3, 4) AND {jobs}
    GROUP BY e.owner_id
)
SELECT own.owner_id, own.born_at, coalesce(chain.since, j.last_at, 'infinity') AS steady_at
FROM own JOIN jobs j ON j.job_id = own.owner_id
LEFT JOIN LATERAL (
    SELECT min(last_at) FILTER (WHERE closed AND whole) AS since
    FROM (
        SELECT last_at, closed, bool_and(as_now AND apart) OVER (ORDER BY number) AS whole
        FROM (
            SELECT last_at, closed, number,
                   CASE WHEN closed THEN io_digest = own.digest AND ended_at = last_at AND first_at > coalesce(own.gone_at, '-infinity')
                             AND coalesce(restarted_at = first_at, true)
                        ELSE number = 1 AND NOT streaming END AS as_now,
                   coalesce(lag(first_at) OVER (ORDER BY number) > last_at, true) AS apart
            FROM (
                SELECT r.*, NOT streaming AND state IN ('COMPLETED', 'ABORTED', 'FAILED') AS closed,
                       row_number() OVER (ORDER BY r.first_at DESC, r.run_id) AS number
                FROM (
                    SELECT run_id, first_at, last_at, restarted_at, ended_at, io_digest, streaming, state
                    FROM runs WHERE runs.job_id = own.owner_id AND linked
                    ORDER BY CASE WHEN linked THEN first_at END DESC, run_id LIMIT {runs}
                ) r
            ) numbered
        ) looked_at
    ) run
) chain ON NOT own.explicit AND NOT j.facets ? 'lineage' AND j.declared_at IS NULL
UNION ALL
SELECT d.dataset_id, min(e.first_at), d.declared_at
FROM datasets d JOIN edges e ON e.owner_id = d.dataset_id
WHERE d.declared_at IS NOT NULL AND NOT d.is_hidden AND {datasets}
GROUP BY d.dataset_id
