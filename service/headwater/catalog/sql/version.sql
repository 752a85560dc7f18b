-- What may be the version with a given id: written by that run, or a row of its own.
-- Parameters: members (ids of one dataset's names), version_id.
SELECT io.dataset_id, io.run_id, io.month, v.external_version, io.last_at,
       coalesce(v.first_at, io.first_at), false, io.facets::text, io.io_facets::text
FROM run_io io
LEFT JOIN run_versions v
       ON v.run_id = io.run_id AND v.month = io.month AND v.dataset_id = io.dataset_id AND v.output
WHERE io.run_id = %(version_id)s AND io.output AND io.dataset_id = ANY(%(members)s::bigint[])
UNION ALL
SELECT d.dataset_id, d.version_id, NULL, d.external_version, d.first_at, d.first_at, NOT d.declared, d.facets::text, NULL
FROM dataset_versions d WHERE d.version_id = %(version_id)s AND d.dataset_id = ANY(%(members)s::bigint[])
