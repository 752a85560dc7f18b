-- The versions that have one external name, the likeliest first: a run that completed before one that did not, the newest, what
-- a run wrote before what was only told of. Parameters: members (ids of one dataset's names), external_id, external_version.
SELECT p.dataset_id, p.version_id, p.month, p.external_version, p.at, p.first_at, p.seen, p.facets, p.io_facets
FROM (
    SELECT io.dataset_id, io.run_id AS version_id, io.month, v.external_version, io.last_at AS at, v.first_at, false AS seen,
           io.facets::text AS facets, io.io_facets::text AS io_facets,
           CASE WHEN r.state = 'COMPLETED' OR r.streaming THEN 0 ELSE 1 END AS rank
    FROM run_versions v
    JOIN run_io io ON io.run_id = v.run_id AND io.month = v.month AND io.dataset_id = v.dataset_id AND io.output
    JOIN runs r ON r.run_id = v.run_id AND r.month = v.month
    WHERE v.dataset_id = ANY(%(members)s::bigint[]) AND v.external_id = %(external_id)s AND v.output
    UNION ALL
    SELECT d.dataset_id, d.version_id, NULL, d.external_version, d.first_at, d.first_at, NOT d.declared, d.facets::text, NULL,
           CASE WHEN d.declared THEN 2 ELSE 3 END
    FROM dataset_versions d
    WHERE d.dataset_id = ANY(%(members)s::bigint[]) AND d.external_version = %(external_version)s
) p
ORDER BY p.rank, p.at DESC, p.version_id DESC LIMIT 1
