-- Namespaces, datasets that are not hidden, their versions, runs, tags. What is a version is said by version_page.
SELECT
    (SELECT count(*) FROM namespaces),
    (SELECT count(*) FROM datasets WHERE canonical_id = dataset_id AND NOT is_hidden),
    (
        SELECT count(*) FROM run_io io
        JOIN datasets d ON d.dataset_id = io.dataset_id
        JOIN datasets c ON c.dataset_id = d.canonical_id AND NOT c.is_hidden
        LEFT JOIN run_versions v
               ON v.run_id = io.run_id AND v.month = io.month AND v.dataset_id = io.dataset_id AND v.output
        WHERE io.output
    ) + (
        SELECT count(*) FROM dataset_versions v
        JOIN datasets d ON d.dataset_id = v.dataset_id
        JOIN datasets c ON c.dataset_id = d.canonical_id AND NOT c.is_hidden
        WHERE v.declared OR CASE WHEN v.external_version IS NULL THEN NOT EXISTS (
            SELECT FROM datasets m JOIN dataset_versions o ON o.dataset_id = m.dataset_id
            WHERE m.canonical_id = c.dataset_id AND o.declared
        ) AND NOT EXISTS (
            SELECT FROM datasets m JOIN run_io io ON io.dataset_id = m.dataset_id
            JOIN runs r ON r.run_id = io.run_id AND r.month = io.month
            WHERE m.canonical_id = c.dataset_id AND io.output AND (r.state = 'COMPLETED' OR r.streaming)
        ) ELSE NOT EXISTS (
            SELECT FROM datasets m JOIN run_versions o ON o.dataset_id = m.dataset_id
            WHERE m.canonical_id = c.dataset_id AND o.external_version = v.external_version AND o.output
        ) END
    ),
    (SELECT count(*) FROM runs),
    (SELECT count(*) FROM tags)
