-- Which versions an input of a run may be, a row for each candidate: whether the run named it, weight, time, name under which
-- the version is kept, version id, external version. To be joined to a table `reading`: run_id, month, dataset_id (as the run
-- names it), canonical_id, schema_id (body of the schema that the run saw), start.
SELECT c.named, c.weight, c.at, k.member, c.version_id, c.external_version
FROM (
    SELECT reading.canonical_id AS member
    UNION ALL
    SELECT d.dataset_id FROM datasets d WHERE d.canonical_id = reading.canonical_id AND d.canonical_id <> d.dataset_id
) k
CROSS JOIN LATERAL (
    (  -- the external version that it names, as another run wrote it: where the same content came again, such as with DVC, before
        SELECT true AS named, CASE WHEN w.first_at <= reading.start THEN 2 ELSE 1 END AS weight, w.first_at AS at, w.run_id AS version_id, w.external_version
        FROM run_versions v
        JOIN run_versions w ON w.external_id = v.external_id AND w.dataset_id = k.member AND w.output
        WHERE v.run_id = reading.run_id AND v.month = reading.month AND v.dataset_id = reading.dataset_id AND NOT v.output
          AND w.run_id <> reading.run_id
    )
    UNION ALL
    (  -- the same, as readers saw it
        SELECT true, 0, d.first_at, d.version_id, d.external_version
        FROM run_versions v
        JOIN dataset_versions d ON d.dataset_id = k.member AND d.external_version = v.external_version
        WHERE v.run_id = reading.run_id AND v.month = reading.month AND v.dataset_id = reading.dataset_id AND NOT v.output
    )
    UNION ALL
    (  -- what another run had finished when this one started
        SELECT false, 2, io.last_at, io.run_id, named.external_version
        FROM run_io io
        CROSS JOIN LATERAL (
            SELECT 1 FROM runs r
            WHERE r.run_id = io.run_id AND r.month = io.month
              AND (r.streaming OR (r.state = 'COMPLETED' AND r.ended_at <= reading.start))
        ) done
        LEFT JOIN LATERAL (
            SELECT v.external_version FROM run_versions v
            WHERE v.run_id = io.run_id AND v.month = io.month AND v.dataset_id = io.dataset_id AND v.output
            ORDER BY v.last_at DESC, v.external_version DESC LIMIT 1
        ) named ON true
        WHERE io.dataset_id = k.member AND io.output AND io.last_at <= reading.start AND io.run_id <> reading.run_id
        ORDER BY io.last_at DESC, io.run_id DESC LIMIT 1
    )
    UNION ALL
    (  -- what a stream had begun to write by then; only the newest writer is looked at, as older ones are in the past
        SELECT false, 2, newest.first_at, newest.run_id, named.external_version
        FROM (
            SELECT io.run_id, io.month, io.dataset_id, io.first_at FROM run_io io
            WHERE io.dataset_id = k.member AND io.output AND io.run_id <> reading.run_id
            ORDER BY io.last_at DESC, io.run_id DESC LIMIT 1
        ) newest
        CROSS JOIN LATERAL (
            SELECT 1 FROM runs r WHERE r.run_id = newest.run_id AND r.month = newest.month AND r.streaming
        ) streams
        LEFT JOIN LATERAL (
            SELECT v.external_version FROM run_versions v
            WHERE v.run_id = newest.run_id AND v.month = newest.month AND v.dataset_id = newest.dataset_id AND v.output
              AND v.first_at <= reading.start
            ORDER BY v.last_at DESC, v.external_version DESC LIMIT 1
        ) named ON true
        WHERE newest.first_at <= reading.start
    )
    UNION ALL
    (  -- what an event had declared by then, and what it saw itself
        SELECT DISTINCT ON (d.declared) false,
               CASE WHEN d.declared THEN 2 ELSE (d.external_version IS NULL
                   AND (d.facets->'schema'->>1)::bigint IS NOT DISTINCT FROM reading.schema_id)::int END AS weight,
               d.first_at, d.version_id, d.external_version
        FROM dataset_versions d
        WHERE d.dataset_id = k.member AND (NOT d.declared OR d.first_at <= reading.start)
        ORDER BY d.declared, weight DESC, d.first_at DESC, d.version_id DESC
    )
) c
