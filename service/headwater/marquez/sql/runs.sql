-- Runs of a job that were made over REST: those of events, and those that events make for a parent, have the id that the event
-- gave as external_id. Parameters: namespace, job.
SELECT r.uuid::text, json_build_object(
    'id', r.uuid, 'state', coalesce(r.current_run_state, 'NEW'), 'createdAt', r.created_at,
    'startedAt', r.started_at, 'endedAt', r.ended_at,
    'nominalStartTime', r.nominal_start_time, 'nominalEndTime', r.nominal_end_time, 'args', a.args::json,
    'inputDatasetVersions', (
        SELECT json_agg(json_build_object(
            'datasetVersionId', json_build_object('namespace', v.namespace_name, 'name', v.dataset_name)
        ) ORDER BY v.namespace_name, v.dataset_name)
        FROM runs_input_mapping m JOIN dataset_versions v ON v.uuid = m.dataset_version_uuid WHERE m.run_uuid = r.uuid
    ),
    'outputDatasetVersions', (
        SELECT json_agg(json_build_object(
            'datasetVersionId', json_build_object('namespace', v.namespace_name, 'name', v.dataset_name)
        ) ORDER BY v.namespace_name, v.dataset_name)
        FROM dataset_versions v WHERE v.run_uuid = r.uuid
    )
)::text
FROM runs r
JOIN jobs j ON j.uuid = r.job_uuid
JOIN namespaces n ON n.uuid = j.namespace_uuid
LEFT JOIN run_args a ON a.uuid = r.run_args_uuid
WHERE n.name = %(namespace)s AND j.name = %(job)s AND r.external_id IS NULL
  AND NOT EXISTS (SELECT FROM lineage_events e WHERE e.run_uuid = r.uuid)
  AND r.uuid::text > %(after)s
ORDER BY r.uuid::text LIMIT %(limit)s
