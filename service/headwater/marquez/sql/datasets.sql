-- Each dataset once, hidden ones too; parameter: namespace. Fields are those of the current version, with the tags that they
-- have now: those inside the version are of the time at which it was made.
SELECT d.name, json_build_object(
    'namespace', n.name, 'name', d.name, 'type', d.type, 'physicalName', d.physical_name,
    'sourceName', d.source_name, 'createdAt', d.created_at, 'updatedAt', d.updated_at, 'description', d.description,
    'isHidden', coalesce(d.is_hidden, false),
    'schemaLocation', (SELECT s.schema_location FROM stream_versions s WHERE s.dataset_version_uuid = d.current_version_uuid),
    'tags', ARRAY(
        SELECT t.name FROM datasets_tag_mapping m JOIN tags t ON t.uuid = m.tag_uuid
        WHERE m.dataset_uuid = d.uuid ORDER BY t.name
    ),
    'fields', (
        SELECT json_agg(json_build_object(
            'name', f.name, 'type', f.type, 'description', f.description,
            'tags', ARRAY(
                SELECT t.name FROM dataset_fields_tag_mapping m JOIN tags t ON t.uuid = m.tag_uuid
                WHERE m.dataset_field_uuid = f.uuid ORDER BY t.name
            )
        ) ORDER BY f.created_at, f.name)
        FROM dataset_versions_field_mapping v JOIN dataset_fields f ON f.uuid = v.dataset_field_uuid
        WHERE v.dataset_version_uuid = d.current_version_uuid
    )
)::text
FROM datasets d JOIN namespaces n ON n.uuid = d.namespace_uuid
WHERE n.name = %(namespace)s AND d.name > %(after)s
ORDER BY d.name LIMIT %(limit)s
