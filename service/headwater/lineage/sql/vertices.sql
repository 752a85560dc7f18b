-- The vertices of the present graph that changed since the caller read them, or that it never read.
--
-- job_ids, job_versions          jobs asked for, and the row version (xmin) that the caller has, 0 for none
-- dataset_ids, dataset_versions  the same for rows of datasets; groups: the canonical dataset that the caller has for each
-- expand                       1: also each job that ever owned an edge of a dataset answered; 2: only those that wrote it
--
-- One row a vertex: is_job, id, namespace, name (null: there is none any more), hidden;
--   rows, versions    the rows it is made of, with their versions: a job's own; a dataset's, and those of its aliases
--   owners, writers   jobs that ever owned an edge here, or an edge that writes this dataset; declarers: datasets whose events did
--   kinds, sources, targets  the current edges that this vertex owns
WITH
asked_jobs (id, token) AS (
    SELECT * FROM unnest(%(job_ids)s::bigint[], %(job_versions)s::xid[])
),
stale_jobs AS (
    SELECT a.id FROM asked_jobs a LEFT JOIN jobs j ON j.job_id = a.id WHERE j.job_id IS NULL OR j.xmin <> a.token
),
asked_datasets (id, token, group_id) AS (
    SELECT * FROM unnest(%(dataset_ids)s::bigint[], %(dataset_versions)s::xid[], %(groups)s::bigint[])
),
stale_datasets AS MATERIALIZED (
    SELECT DISTINCT g.id
    FROM asked_datasets a
    LEFT JOIN datasets d ON d.dataset_id = a.id
    CROSS JOIN LATERAL (VALUES (a.group_id), (d.canonical_id)) g (id)
    WHERE (d.dataset_id IS NULL OR d.xmin <> a.token) AND g.id IS NOT NULL
),
members AS MATERIALIZED (
    SELECT s.id, d.dataset_id, d.xmin AS token, d.declared_at
    FROM stale_datasets s JOIN datasets d ON d.dataset_id = s.id AND d.canonical_id = s.id
    UNION ALL
    SELECT s.id, d.dataset_id, d.xmin, d.declared_at
    FROM stale_datasets s JOIN datasets d ON d.canonical_id = s.id AND d.canonical_id <> d.dataset_id
),
touching AS MATERIALIZED (
    SELECT m.id, e.owner_id, false AS writes, e.kind = 3 AND e.owner_id = e.target_id AS declared
    FROM members m JOIN edges e ON e.source_id = m.dataset_id
    UNION
    SELECT m.id, e.owner_id, e.kind = 2 AND e.owner_id <> e.target_id, e.kind IN (2, 3) AND e.owner_id = e.target_id
    FROM members m JOIN edges e ON e.target_id = m.dataset_id
),
wanted_jobs AS MATERIALIZED (
    SELECT id FROM stale_jobs
    UNION
    SELECT owner_id FROM touching WHERE NOT declared AND (%(expand)s::int = 1 OR %(expand)s::int = 2 AND writes)
),
job_edges AS (
    SELECT w.id, array_agg(e.kind) AS kinds, array_agg(e.source_id) AS sources, array_agg(e.target_id) AS targets
    FROM wanted_jobs w JOIN jobs j ON j.job_id = w.id JOIN edges e ON e.owner_id = w.id
    WHERE e.kind IN (1, 2, 3, 4) AND (e.last_at >= j.floor_at OR e.kind IN (3, 4) AND j.floor_at IS NULL)
    GROUP BY w.id
),
job_owners AS (
    SELECT
        id,
        array_agg(DISTINCT owner_id) FILTER (WHERE NOT declared) AS owners,
        array_agg(DISTINCT owner_id) FILTER (WHERE declared) AS declarers
    FROM (
        SELECT w.id, e.owner_id, e.kind = 2 AND e.owner_id = e.target_id AS declared
        FROM wanted_jobs w JOIN edges e ON e.source_id = w.id WHERE e.kind IN (2, 4)
        UNION ALL
        SELECT w.id, e.owner_id, false FROM wanted_jobs w JOIN edges e ON e.target_id = w.id WHERE e.kind IN (1, 4)
    ) o
    WHERE owner_id <> id
    GROUP BY id
),
dataset_owners AS (
    SELECT
        id,
        array_agg(DISTINCT owner_id) FILTER (WHERE NOT declared) AS owners,
        array_agg(DISTINCT owner_id) FILTER (WHERE writes) AS writers,
        array_agg(DISTINCT owner_id) FILTER (WHERE declared) AS declarers
    FROM touching
    GROUP BY id
),
dataset_edges AS (
    SELECT m.id, array_agg(e.kind) AS kinds, array_agg(e.source_id) AS sources, array_agg(e.target_id) AS targets
    FROM members m JOIN edges e ON e.owner_id = m.dataset_id
    WHERE e.kind IN (2, 3) AND e.last_at >= m.declared_at
    GROUP BY m.id
),
dataset_rows AS (
    SELECT id, array_agg(dataset_id) AS rows, array_agg(token::text::bigint) AS versions FROM members GROUP BY id
)
SELECT
    true AS is_job, w.id, n.name AS namespace, j.name, j.is_hidden,
    ARRAY[w.id] AS rows, ARRAY[j.xmin::text::bigint] AS versions,
    o.owners, NULL::bigint[] AS writers, o.declarers, e.kinds, e.sources, e.targets
FROM wanted_jobs w
LEFT JOIN (jobs j JOIN namespaces n ON n.namespace_id = j.namespace_id) ON j.job_id = w.id
LEFT JOIN job_edges e ON e.id = w.id
LEFT JOIN job_owners o ON o.id = w.id
UNION ALL
SELECT
    false, s.id, n.name, d.name, d.is_hidden, r.rows, r.versions,
    o.owners, o.writers, o.declarers, e.kinds, e.sources, e.targets
FROM stale_datasets s
LEFT JOIN dataset_rows r ON r.id = s.id
LEFT JOIN (datasets d JOIN namespaces n ON n.namespace_id = d.namespace_id) ON d.dataset_id = s.id AND d.canonical_id = s.id
LEFT JOIN dataset_edges e ON e.id = s.id
LEFT JOIN dataset_owners o ON o.id = s.id
