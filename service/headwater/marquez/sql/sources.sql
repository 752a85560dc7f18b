SELECT name, json_build_object(
    'name', name, 'type', type, 'updatedAt', updated_at, 'connectionUrl', connection_url, 'description', description
)::text
FROM sources WHERE name > %(after)s ORDER BY name LIMIT %(limit)s
