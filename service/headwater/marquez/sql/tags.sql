SELECT name, json_build_object('name', name, 'description', description)::text FROM tags WHERE name > %(after)s ORDER BY name LIMIT %(limit)s
