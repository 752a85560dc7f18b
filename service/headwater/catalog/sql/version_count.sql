-- How many versions a dataset has under all of its names. Parameter: members (ids). The conditions are version_page's.
SELECT (
    SELECT count(*) FROM run_io io
    LEFT JOIN run_versions v
           ON v.run_id = io.run_id AND v.month = io.month AND v.dataset_id = io.dataset_id AND v.output
    WHERE io.dataset_id = ANY(%(members)s::bigint[]) AND io.output
) + (
    SELECT count(*) FROM dataset_versions d
    WHERE d.dataset_id = ANY(%(members)s::bigint[]) AND (
        d.declared OR CASE WHEN d.external_version IS NULL THEN NOT EXISTS (
            SELECT FROM dataset_versions o WHERE o.dataset_id = ANY(%(members)s::bigint[]) AND o.declared
        ) AND NOT EXISTS (
            SELECT FROM run_io io JOIN runs r ON r.run_id = io.run_id AND r.month = io.month
            WHERE io.dataset_id = ANY(%(members)s::bigint[]) AND io.output AND (r.state = 'COMPLETED' OR r.streaming)
        ) ELSE NOT EXISTS (
            SELECT FROM run_versions v
            WHERE v.dataset_id = ANY(%(members)s::bigint[]) AND v.external_version = d.external_version AND v.output
        ) END
    )
)
