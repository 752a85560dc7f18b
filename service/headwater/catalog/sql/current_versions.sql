-- What may be the current version under the name of a dataset: the newest that a finished or streaming run wrote, the newest
-- that an event declared, the newest that a reader saw; the last only counts without the others. To be joined to `member`, a row
-- of datasets.
(
    SELECT io.dataset_id, io.run_id AS version_id, io.month, named.external_version,
           io.last_at AS at, coalesce(named.first_at, io.first_at) AS first_at, false AS seen, io.facets, io.io_facets
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
    WHERE io.dataset_id = member.dataset_id AND io.output
    ORDER BY io.last_at DESC, io.run_id DESC LIMIT 1
)
UNION ALL
(
    SELECT d.dataset_id, d.version_id, NULL, d.external_version, d.first_at, d.first_at, false, d.facets, '{}'
    FROM dataset_versions d WHERE d.dataset_id = member.dataset_id AND d.declared
    ORDER BY d.first_at DESC, d.version_id DESC LIMIT 1
)
UNION ALL
(
    SELECT d.dataset_id, d.version_id, NULL, d.external_version, d.first_at, d.first_at, true, d.facets, '{}'
    FROM dataset_versions d WHERE d.dataset_id = member.dataset_id AND NOT d.declared
    ORDER BY d.first_at DESC, d.version_id DESC LIMIT 1
)
