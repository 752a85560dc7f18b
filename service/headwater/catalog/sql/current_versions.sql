-- The current version under each of some names of datasets: the newest that a finished or streaming run wrote, the newest
-- that an event declared, the newest that a reader saw; the last only counts without the others. Parameter: ids of datasets.
SELECT k.member, c.version_id, c.month, c.external_version, c.at, c.first_at, c.seen, c.facets, c.io_facets
FROM unnest(%s::bigint[]) AS k(member)
CROSS JOIN LATERAL (
    (
        SELECT io.run_id AS version_id, io.month, named.external_version,
               io.last_at AS at, coalesce(named.first_at, io.first_at) AS first_at, false AS seen,
               io.facets::text AS facets, io.io_facets::text AS io_facets
        FROM run_io io
        CROSS JOIN LATERAL (
            SELECT 1 FROM runs r
            WHERE r.run_id = io.run_id AND r.month = io.month AND (r.state = 'COMPLETED' OR r.streaming)
        ) done
        LEFT JOIN LATERAL (
            SELECT v.external_version, v.first_at FROM run_versions v
            WHERE v.run_id = io.run_id AND v.month = io.month AND v.dataset_id = io.dataset_id AND v.output
            ORDER BY v.last_at DESC, v.external_version DESC LIMIT 1
        ) named ON true
        WHERE io.dataset_id = k.member AND io.output
        ORDER BY io.last_at DESC LIMIT 1
    )
    UNION ALL
    (
        SELECT d.version_id, NULL, d.external_version, d.first_at, d.first_at, false, d.facets::text, NULL
        FROM dataset_versions d WHERE d.dataset_id = k.member AND d.declared
        ORDER BY d.first_at DESC, d.version_id DESC LIMIT 1
    )
    UNION ALL
    (
        SELECT d.version_id, NULL, d.external_version, d.first_at, d.first_at, true, d.facets::text, NULL
        FROM dataset_versions d WHERE d.dataset_id = k.member AND NOT d.declared
        ORDER BY d.first_at DESC, d.version_id DESC LIMIT 1
    )
) c
