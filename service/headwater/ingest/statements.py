"""The statements that write a batch: arrays in, rows in the order of their keys so that writers never deadlock.

``unnest`` of a few arrays is one round trip whatever the number of rows. Merge rules stand in ON CONFLICT and are those
of ``ingest.changes``. Times come as microseconds.
"""

from __future__ import annotations


def _at(column: str) -> str:
    """A timestamp from microseconds; whole seconds and the rest apart, as interval arithmetic is in double precision."""
    return f"(to_timestamp({column} / 1000000) + ({column} %% 1000000) * interval '1 microsecond')"


def _latest(table: str, at: str, key: str, columns: tuple[str, ...]) -> str:
    """SET clauses that take all ``columns`` from the row whose (at, key) is greater."""
    newer = (
        f"(excluded.{at} IS NOT NULL AND ({table}.{at} IS NULL OR"
        f" (excluded.{at}, excluded.{key}) > ({table}.{at}, {table}.{key})))"
    )
    return ", ".join(f"{c} = CASE WHEN {newer} THEN excluded.{c} ELSE {table}.{c} END" for c in columns)


def _facets(table: str, column: str) -> str:
    """A facet map: plain union when the new events are later than all before, else key by key."""
    return (
        f"{column} = CASE WHEN excluded.{column} = '{{}}' THEN {table}.{column}"
        f" WHEN {table}.{column} = '{{}}' THEN excluded.{column}"
        f" WHEN excluded.first_at > {table}.last_at THEN {table}.{column} || excluded.{column}"
        f" ELSE merge_facets({table}.{column}, excluded.{column}) END"
    )


EVENTS = f"""
INSERT INTO lineage_events (event_time, event_id, kind, event_type, namespace, name, run_uuid, findings, body)
SELECT {_at("at")}, event_id, kind, event_type, namespace, name, run_uuid, findings, body
FROM unnest(%s::bigint[], %s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::jsonb[],
            %b::bytea[]) AS v(at, event_id, kind, event_type, namespace, name, run_uuid, findings, body)
ON CONFLICT DO NOTHING
RETURNING event_id
"""

KNOWN_RUNS = """
SELECT r.run_id, r.job_id, n.name, j.name, r.parented,
       (extract(epoch FROM r.parent_at) * 1000000)::bigint, r.parent_run_id
FROM unnest(%s::bigint[], %s::date[]) AS v(run_id, month)
JOIN runs r USING (run_id, month)
JOIN jobs j USING (job_id)
JOIN namespaces n USING (namespace_id)
"""

# What is stored once by name or content; five tables in one statement, as it is rarely more than a row or two.
NEW = f"""
WITH namespace AS (
    INSERT INTO namespaces (namespace_id, name, first_at)
    SELECT id, name, {_at("at")} FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS v(id, name, at)
    ON CONFLICT (namespace_id) DO UPDATE SET first_at = least(namespaces.first_at, excluded.first_at), is_hidden = false
), source AS (
    INSERT INTO sources (source_id, uri_id, name, uri, first_at)
    SELECT id, uri_id, name, uri, {_at("at")}
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[]) AS v(id, uri_id, name, uri, at)
    ON CONFLICT (source_id, uri_id) DO UPDATE SET first_at = least(sources.first_at, excluded.first_at)
), tag AS (
    INSERT INTO tags (tag_id, name) SELECT * FROM unnest(%s::bigint[], %s::text[]) ON CONFLICT DO NOTHING
), column_set AS (
    INSERT INTO column_sets (set_id, ordinal, output_field, input_dataset_id, input_field, transformations)
    SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::text[], %s::bigint[], %s::text[], %s::jsonb[])
    ON CONFLICT DO NOTHING
), version AS (
    INSERT INTO dataset_versions AS t (dataset_id, version_id, declared, external_version, first_at, facets)
    SELECT dataset_id, version_id, declared, external, {_at("at")}, facets
    FROM unnest(%s::bigint[], %s::bigint[], %s::bool[], %s::text[], %s::bigint[], %s::jsonb[])
         AS v(dataset_id, version_id, declared, external, at, facets)
    ON CONFLICT (dataset_id, version_id) DO UPDATE
    SET first_at = least(t.first_at, excluded.first_at), facets = merge_facets(t.facets, excluded.facets)
)
INSERT INTO facet_bodies (body_id, body) SELECT * FROM unnest(%s::bigint[], %s::text[]) ON CONFLICT DO NOTHING
"""

# A row that is not written has the same id and another name: the caller counts (see ``ids``).
_JOBS = f"""
INSERT INTO jobs AS t (job_id, namespace_id, name, first_at, last_at, declared_at, parent_id, parent_at, told_first_at,
                       told_last_at, facets)
SELECT id, namespace_id, name, {_at("first_at")}, {_at("last_at")}, {_at("declared_at")}, parent_id, {_at("parent_at")},
       {_at("told_first_at")}, {_at("told_last_at")}, facets
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
            %s::bigint[], %s::bigint[], %s::jsonb[])
     AS v(id, namespace_id, name, first_at, last_at, declared_at, parent_id, parent_at, told_first_at, told_last_at, facets)
ON CONFLICT (job_id) DO UPDATE
SET first_at = least(t.first_at, excluded.first_at), last_at = greatest(t.last_at, excluded.last_at),
    declared_at = greatest(t.declared_at, excluded.declared_at), is_hidden = false,
    told_first_at = least(t.told_first_at, excluded.told_first_at),
    told_last_at = greatest(t.told_last_at, excluded.told_last_at),
    {_latest("t", "parent_at", "parent_id", ("parent_at", "parent_id"))}, {_facets("t", "facets")}
WHERE t.name = excluded.name AND t.namespace_id = excluded.namespace_id
RETURNING 1
"""

_DATASETS = f"""
INSERT INTO datasets AS t (dataset_id, namespace_id, name, canonical_id, first_at, last_at, written_at, declared_at, facets,
                           read_facets)
SELECT id, namespace_id, name, id, {_at("first_at")}, {_at("last_at")}, {_at("written_at")}, {_at("declared_at")}, facets,
       read_facets
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::jsonb[],
            %s::jsonb[]) AS v(id, namespace_id, name, first_at, last_at, written_at, declared_at, facets, read_facets)
ON CONFLICT (dataset_id) DO UPDATE
SET first_at = least(t.first_at, excluded.first_at), last_at = greatest(t.last_at, excluded.last_at),
    written_at = greatest(t.written_at, excluded.written_at), declared_at = greatest(t.declared_at, excluded.declared_at),
    is_hidden = false, {_facets("t", "facets")}, {_facets("t", "read_facets")}
WHERE t.name = excluded.name AND t.namespace_id = excluded.namespace_id
RETURNING 1
"""

SYMLINKS = f"""
INSERT INTO symlinks AS t (primary_id, alias_id, first_at)
SELECT primary_id, alias_id, {_at("at")} FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(primary_id, alias_id, at)
ON CONFLICT (primary_id, alias_id) DO UPDATE SET first_at = excluded.first_at WHERE excluded.first_at < t.first_at
RETURNING primary_id
"""

# Returns the rows that are new: their digests make the run's io_digest, which says which job version it is.
_RUN_IO = f"""
INSERT INTO run_io AS t (run_id, month, dataset_id, output, first_at, last_at, facets, io_facets)
SELECT run_id, month, dataset_id, output, {_at("first_at")}, {_at("last_at")}, facets, io_facets
FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::bool[], %s::bigint[], %s::bigint[], %s::jsonb[], %s::jsonb[])
     AS v(run_id, month, dataset_id, output, first_at, last_at, facets, io_facets)
ON CONFLICT (run_id, dataset_id, output, month) DO UPDATE
SET first_at = least(t.first_at, excluded.first_at), last_at = greatest(t.last_at, excluded.last_at),
    {_facets("t", "facets")}, {_facets("t", "io_facets")}, merged = true
RETURNING run_id, dataset_id, output, NOT merged AS new
"""

_RUN_VERSIONS = f"""
INSERT INTO run_versions AS t (run_id, month, dataset_id, output, external_id, external_version, first_at, last_at)
SELECT run_id, month, dataset_id, output, external_id, external, {_at("first_at")}, {_at("last_at")}
FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::bool[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[])
     AS v(run_id, month, dataset_id, output, external_id, external, first_at, last_at)
ON CONFLICT (run_id, dataset_id, output, external_id, month) DO UPDATE
SET first_at = least(t.first_at, excluded.first_at), last_at = greatest(t.last_at, excluded.last_at)
"""

_EDGES = f"""
INSERT INTO edges AS t (source_id, target_id, kind, owner_id, first_at, last_at, first_run_id, last_run_id)
SELECT source_id, target_id, kind, owner_id, {_at("first_at")}, {_at("last_at")}, first_run_id, last_run_id
FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
     AS v(source_id, target_id, kind, owner_id, first_at, last_at, first_run_id, last_run_id)
ON CONFLICT (source_id, target_id, kind, owner_id) DO UPDATE
SET first_at = least(t.first_at, excluded.first_at), last_at = greatest(t.last_at, excluded.last_at),
    first_run_id = CASE WHEN (excluded.first_at, coalesce(excluded.first_run_id, 0))
                           < (t.first_at, coalesce(t.first_run_id, 0)) THEN excluded.first_run_id ELSE t.first_run_id END,
    last_run_id = CASE WHEN (excluded.last_at, coalesce(excluded.last_run_id, 0))
                          > (t.last_at, coalesce(t.last_run_id, 0)) THEN excluded.last_run_id ELSE t.last_run_id END
"""

_COLUMNS = f"""
INSERT INTO column_lineage AS t (dataset_id, owner_id, set_id, at, run_id)
SELECT dataset_id, owner_id, set_id, {_at("at")}, run_id
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS v(dataset_id, owner_id, set_id, at, run_id)
ON CONFLICT (dataset_id, owner_id) DO UPDATE SET set_id = excluded.set_id, at = excluded.at, run_id = excluded.run_id
WHERE (excluded.at, excluded.set_id, coalesce(excluded.run_id, 0)) > (t.at, t.set_id, coalesce(t.run_id, 0))
"""

# Six tables in one statement: with a batch of a few events, a statement costs more than its rows. They are written in
# the same order each time, as the plan is the same. Gives how many jobs and datasets were written, and what is new in run_io.
ROWS = f"""
WITH job AS ({_JOBS}), dataset AS ({_DATASETS}), edge AS ({_EDGES}), pointer AS ({_COLUMNS}), version AS ({_RUN_VERSIONS}),
io AS ({_RUN_IO})
SELECT (SELECT count(*) FROM job), (SELECT count(*) FROM dataset), array_agg(run_id), array_agg(dataset_id), array_agg(output)
FROM io WHERE new
"""

# A row that is only a parent's stub (no last_at) changes neither the job nor the time of a run that sends events itself.
# The job stays where the stored parent is the later one: then it is another than the caller thinks, who finds out by it.
RUNS = f"""
INSERT INTO runs AS t (run_id, month, run_uuid, job_id, raw_job_id, parented, parent_run_id, parent_run_uuid, parent_at, first_at,
                       last_at, started_at, restarted_at, ended_at, end_rank, running, other, streaming, linked, io_digest,
                       code_at, code_id, facets, job_facets)
SELECT run_id, month, run_uuid, job_id, raw_job_id, parented, parent_run_id, parent_run_uuid, {_at("parent_at")},
       {_at("first_at")}, {_at("last_at")}, {_at("started_at")}, {_at("restarted_at")}, {_at("ended_at")}, end_rank, running,
       other, streaming, linked, io_digest, {_at("code_at")}, code_id, facets, job_facets
FROM unnest(%s::bigint[], %s::date[], %s::uuid[], %s::bigint[], %s::bigint[], %s::bool[], %s::bigint[], %s::uuid[], %s::bigint[],
            %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[], %s::bool[], %s::bool[],
            %s::bool[], %s::bool[], %s::bigint[], %s::bigint[], %s::bigint[], %s::jsonb[], %s::jsonb[])
     AS v(run_id, month, run_uuid, job_id, raw_job_id, parented, parent_run_id, parent_run_uuid, parent_at, first_at, last_at,
          started_at, restarted_at, ended_at, end_rank, running, other, streaming, linked, io_digest, code_at, code_id,
          facets, job_facets)
ON CONFLICT (run_id, month) DO UPDATE
SET job_id = CASE WHEN excluded.last_at IS NULL OR (t.parented AND (NOT excluded.parented OR
                       (t.parent_at, t.parent_run_id) > (excluded.parent_at, excluded.parent_run_id)))
                  THEN t.job_id ELSE excluded.job_id END,
    parented = t.parented OR excluded.parented,
    {_latest("t", "parent_at", "parent_run_id", ("parent_run_id", "parent_run_uuid", "parent_at"))},
    first_at = CASE WHEN (t.last_at IS NULL) = (excluded.last_at IS NULL) THEN least(t.first_at, excluded.first_at)
                    WHEN t.last_at IS NULL THEN excluded.first_at ELSE t.first_at END,
    last_at = greatest(t.last_at, excluded.last_at),
    started_at = least(t.started_at, excluded.started_at), restarted_at = greatest(t.restarted_at, excluded.restarted_at),
    {_latest("t", "ended_at", "end_rank", ("ended_at", "end_rank"))},
    running = t.running OR excluded.running, other = t.other OR excluded.other,
    streaming = t.streaming OR excluded.streaming, linked = t.linked OR excluded.linked,
    io_digest = t.io_digest # excluded.io_digest,
    {_latest("t", "code_at", "code_id", ("code_at", "code_id"))},
    {_facets("t", "facets")}, {_facets("t", "job_facets")}, merged = true
RETURNING run_id, job_id, NOT merged
"""

# The rule of lineage.edges: the latest run that names a dataset, or the one before while that is going. The CASE is that of the
# index runs_linked_idx, which holds such runs only: the planner does not pick a plain partial one.
FLOORS = """
UPDATE jobs SET floor_at = f.floor_at
FROM (
    SELECT j.job_id,
           CASE WHEN latest.at IS NULL OR j.declared_at > latest.at THEN j.declared_at
                WHEN latest.closed THEN latest.at
                ELSE coalesce(greatest(latest.before, j.declared_at), latest.at) END AS floor_at
    FROM unnest(%s::bigint[]) AS v(job_id)
    JOIN jobs j USING (job_id)
    LEFT JOIN LATERAL (
        SELECT r.first_at AS at, r.closed, lead(r.first_at) OVER (ORDER BY r.first_at DESC, r.run_id) AS before
        FROM (SELECT run_id, first_at, streaming OR state IN ('COMPLETED', 'ABORTED', 'FAILED') AS closed
              FROM runs WHERE runs.job_id = v.job_id AND linked
              ORDER BY CASE WHEN linked THEN first_at END DESC, run_id LIMIT 2) r
        ORDER BY r.first_at DESC, r.run_id LIMIT 1
    ) latest ON true
) f
WHERE jobs.job_id = f.job_id AND jobs.floor_at IS DISTINCT FROM f.floor_at
"""

CONFORMANCE = f"""
INSERT INTO conformance AS t (finding_id, producer, path, message, events, first_at, last_at)
SELECT id, producer, path, message, events, {_at("first_at")}, {_at("last_at")}
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
     AS v(id, producer, path, message, events, first_at, last_at)
ON CONFLICT (finding_id) DO UPDATE
SET events = t.events + excluded.events, first_at = least(t.first_at, excluded.first_at),
    last_at = greatest(t.last_at, excluded.last_at)
"""
