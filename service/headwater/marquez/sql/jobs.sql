-- Each job that is not another name of one, hidden ones too; parameter: namespace. It reads and writes what its current
-- version does, and reads what was declared.
SELECT j.name, json_build_object(
    'namespace', n.name, 'name', j.name, 'type', j.type, 'createdAt', j.created_at, 'updatedAt', j.updated_at,
    'description', j.description, 'location', j.current_location, 'isHidden', coalesce(j.is_hidden, false),
    'inputs', (
        SELECT json_agg(io) FROM (
            SELECT d.namespace_name AS namespace, d.name
            FROM job_versions_io_mapping m JOIN datasets d ON d.uuid = m.dataset_uuid
            WHERE m.job_uuid = j.uuid AND m.is_current_job_version AND m.io_type = 'INPUT'
            UNION
            SELECT declared ->> 'namespace', declared ->> 'name'
            FROM jsonb_array_elements(CASE jsonb_typeof(j.current_inputs) WHEN 'array' THEN j.current_inputs ELSE '[]' END)
                 AS declared
            ORDER BY 1, 2
        ) io
    ),
    'outputs', (
        SELECT json_agg(io) FROM (
            SELECT DISTINCT d.namespace_name AS namespace, d.name
            FROM job_versions_io_mapping m JOIN datasets d ON d.uuid = m.dataset_uuid
            WHERE m.job_uuid = j.uuid AND m.is_current_job_version AND m.io_type = 'OUTPUT'
            ORDER BY 1, 2
        ) io
    ),
    'tags', ARRAY(
        SELECT t.name FROM jobs_tag_mapping m JOIN tags t ON t.uuid = m.tag_uuid WHERE m.job_uuid = j.uuid ORDER BY t.name
    ),
    'latestRuns', (
        SELECT json_agg(json_build_object('id', r.uuid)) FROM (
            SELECT uuid FROM runs WHERE job_uuid = j.uuid ORDER BY transitioned_at DESC NULLS LAST, uuid LIMIT 10
        ) r
    )
)::text
FROM jobs j JOIN namespaces n ON n.uuid = j.namespace_uuid
WHERE n.name = %(namespace)s AND j.symlink_target_uuid IS NULL
  AND j.name > %(after)s
ORDER BY j.name LIMIT %(limit)s
