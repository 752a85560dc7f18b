-- A page of the versions of one dataset under all of its names, newest first. Each branch reads no further than the end
-- of the page. Parameters: members (ids), limit, offset, end (limit + offset).
SELECT p.dataset_id, p.version_id, p.month, p.external_version, p.at, p.first_at, p.seen, p.facets, p.io_facets
FROM (
    SELECT w.*
    FROM unnest(%(members)s::bigint[]) AS k(member)
    CROSS JOIN LATERAL (
        SELECT io.dataset_id, io.run_id AS version_id, io.month, named.external_version, io.last_at AS at,
               coalesce(named.first_at, io.first_at) AS first_at, false AS seen, io.facets::text AS facets,
               io.io_facets::text AS io_facets
        FROM run_io io
        LEFT JOIN LATERAL (
            SELECT v.external_version, v.first_at FROM run_versions v
            WHERE v.run_id = io.run_id AND v.month = io.month AND v.dataset_id = io.dataset_id AND v.output
        ) named ON true
        WHERE io.dataset_id = k.member AND io.output
        ORDER BY io.last_at DESC, io.run_id DESC, named.first_at DESC LIMIT %(end)s
    ) w
    UNION ALL
    (
        SELECT d.dataset_id, d.version_id, NULL, d.external_version, d.first_at, d.first_at, NOT d.declared, d.facets::text, NULL
        FROM dataset_versions d
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
        ORDER BY d.first_at DESC, d.version_id DESC LIMIT %(end)s
    )
) p
ORDER BY p.at DESC, p.version_id DESC, p.first_at DESC LIMIT %(limit)s OFFSET %(offset)s
