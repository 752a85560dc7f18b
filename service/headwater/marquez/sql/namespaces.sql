SELECT name, json_build_object(
    'name', name, 'createdAt', created_at, 'ownerName', current_owner_name, 'description', description, 'isHidden', is_hidden
)::text
FROM namespaces WHERE name > %(after)s ORDER BY name LIMIT %(limit)s
