-- Runs that may have read some versions: those that read the dataset while the version was the newest that had been finished,
-- and those that name it. Which of them did read it `versions_read` tells, of which this leaves nothing out: a run that began
-- after a later version was finished reads that one, or one that it names; unless it is itself the one that finished that.
-- A run may have been told of before it began: of each job that reads the dataset, the 50 before the version are looked at too.
-- What only readers saw may have been there before they began.
--
-- datasets    as the events that tell of the versions name them;  versions: ids of runs, or of rows of dataset_versions
-- named, externals   datasets and ids of the external versions of these versions
-- at          only runs that had begun by then
-- most        rows, those that began last
WITH version AS MATERIALIZED (
    SELECT c.canonical_id, told.first_at, told.last_at, told.seen
    FROM unnest(%(datasets)s::bigint[], %(versions)s::bigint[]) AS v (dataset_id, version_id)
    JOIN datasets c ON c.dataset_id = v.dataset_id
    CROSS JOIN LATERAL (
        SELECT io.first_at, io.last_at, false AS seen FROM run_io io
        WHERE io.run_id = v.version_id AND io.dataset_id = v.dataset_id AND io.output
        UNION ALL
        SELECT d.first_at, d.first_at, NOT d.declared FROM dataset_versions d
        WHERE d.dataset_id = v.dataset_id AND d.version_id = v.version_id
    ) told
),
asked AS (
    SELECT canonical_id FROM version
    UNION
    SELECT d.canonical_id FROM unnest(%(named)s::bigint[]) AS n (dataset_id) JOIN datasets d USING (dataset_id)
),
member AS MATERIALIZED (
    SELECT canonical_id, canonical_id AS dataset_id FROM asked
    UNION ALL
    SELECT d.canonical_id, d.dataset_id
    FROM asked JOIN datasets d ON d.canonical_id = asked.canonical_id AND d.canonical_id <> d.dataset_id
),
replaced AS (
    SELECT v.canonical_id, v.first_at, v.seen, min(later.at) AS at
    FROM version v
    JOIN member m USING (canonical_id)
    LEFT JOIN LATERAL (
        SELECT greatest(io.last_at, r.ended_at) AS at
        FROM run_io io
        JOIN runs r ON r.run_id = io.run_id AND r.month = io.month AND r.state = 'COMPLETED' AND NOT r.streaming
        WHERE io.dataset_id = m.dataset_id AND io.output AND io.last_at > v.last_at
        ORDER BY io.last_at LIMIT 1
    ) later ON true
    GROUP BY v.canonical_id, v.first_at, v.last_at, v.seen
),
found AS (
    SELECT r.run_id, coalesce(r.started_at, r.first_at) AS start
    FROM replaced v
    JOIN member m USING (canonical_id)
    JOIN edges e ON e.source_id = m.dataset_id AND e.kind = 1
    CROSS JOIN LATERAL (
        SELECT run_id, month, started_at, first_at FROM runs
        WHERE job_id = e.target_id AND first_at >= v.first_at AND first_at <= coalesce(v.at, 'infinity')
        UNION ALL
        (
            SELECT run_id, month, started_at, first_at FROM runs
            WHERE job_id = e.target_id AND first_at < v.first_at ORDER BY first_at DESC, run_id LIMIT 50
        )
    ) r
    JOIN run_io io ON io.run_id = r.run_id AND io.month = r.month AND io.dataset_id = m.dataset_id AND NOT io.output
    WHERE (v.at IS NULL OR coalesce(r.started_at, r.first_at) <= v.at)
      AND (v.seen OR coalesce(r.started_at, r.first_at) >= v.first_at)
    UNION
    SELECT r.run_id, coalesce(r.started_at, r.first_at)
    FROM unnest(%(named)s::bigint[], %(externals)s::bigint[]) AS n (dataset_id, external_id)
    JOIN datasets c ON c.dataset_id = n.dataset_id
    JOIN member m ON m.canonical_id = c.canonical_id
    JOIN run_versions v ON v.dataset_id = m.dataset_id AND v.external_id = n.external_id AND NOT v.output
    JOIN runs r ON r.run_id = v.run_id AND r.month = v.month
)
SELECT run_id FROM found WHERE start <= %(at)s ORDER BY start DESC, run_id LIMIT %(most)s
