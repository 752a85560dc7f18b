"""The statements that write a batch: arrays in, rows in the order of their keys so that writers never deadlock.

``unnest`` of a few arrays is one round trip whatever the number of rows. Merge rules stand in ON CONFLICT and are those
of ``ingest.changes``. Times come as microseconds. Parameters are numbered as PostgreSQL does it: psycopg would look for its
own placeholders through kilobytes of text with every batch.
"""

from __future__ import annotations

from itertools import count

from headwater.db.digests import io_digest


class _Parameters:
    """Numbers the parameters of one statement."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def one(self, kind: str) -> str:
        return f"${next(self._numbers)}::{kind}"

    def rows(self, columns: str) -> str:
        """``name type, …``, an array each, as rows ``v``. The type ``time`` is for microseconds."""
        names, kinds = _split(columns)
        arrays = ", ".join(self.one("bigint[]" if kind == "time" else f"{kind}[]") for kind in kinds)
        return f"unnest({arrays}) AS v({', '.join(names)})"

    def insert(self, table: str, columns: str, computed: str = "", join: str = "") -> str:
        """INSERT of rows ``v`` into ``table`` as ``t``; ``computed`` is ``expression AS name``."""
        names, kinds = _split(columns)
        values = ", ".join(_at(f"v.{name}") if kind == "time" else f"v.{name}" for name, kind in zip(names, kinds, strict=True))
        if computed:
            expression, name = computed.split(" AS ")
            names, values = [*names, name], f"{values}, {expression}"
        return f"INSERT INTO {table} AS t ({', '.join(names)})\nSELECT {values}\nFROM {self.rows(columns)} {join}"


def _split(columns: str) -> tuple[list[str], list[str]]:
    pairs = [column.split() for column in columns.split(",")]
    return [name for name, _ in pairs], [kind for _, kind in pairs]


def _at(column: str) -> str:
    """A timestamp from microseconds; whole seconds and the rest apart, as interval arithmetic is in double precision."""
    return f"(to_timestamp({column} / 1000000) + ({column} % 1000000) * interval '1 microsecond')"


def micros(column: str) -> str:
    """The other way round."""
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


def _latest(at: str, key: str, columns: tuple[str, ...]) -> str:
    """SET clauses that take all ``columns`` from the row whose (at, key) is greater."""
    newer = f"(excluded.{at} IS NOT NULL AND (t.{at} IS NULL OR (excluded.{at}, excluded.{key}) > (t.{at}, t.{key})))"
    return ", ".join(f"{c} = CASE WHEN {newer} THEN excluded.{c} ELSE t.{c} END" for c in columns)


def _facets(column: str) -> str:
    """A facet map: plain union when the new events are later than all before, else key by key."""
    return (
        f"{column} = CASE WHEN excluded.{column} = '{{}}' THEN t.{column}"
        f" WHEN t.{column} = '{{}}' THEN excluded.{column}"
        f" WHEN excluded.first_at > t.last_at THEN t.{column} || excluded.{column}"
        f" ELSE merge_facets(t.{column}, excluded.{column}) END"
    )


_HEARD = """heard_at = greatest(t.heard_at, excluded.heard_at),
    is_hidden = coalesce(t.hidden_at > greatest(t.heard_at, excluded.heard_at), false)"""
_SPAN = "first_at = least(t.first_at, excluded.first_at), last_at = greatest(t.last_at, excluded.last_at)"

KNOWN_RUNS = f"""
SELECT r.run_id, r.job_id, n.name, j.name, r.parented,
       {micros("r.parent_at")}, r.parent_run_id
FROM {_Parameters().rows("run_id bigint, month date")}
JOIN runs r USING (run_id, month)
JOIN jobs j USING (job_id)
JOIN namespaces n USING (namespace_id)
"""


def _new(p: _Parameters) -> str:
    return f"""
WITH namespace AS (
    {p.insert("namespaces", "namespace_id bigint, name text, first_at time, heard_at time")}
    ON CONFLICT (namespace_id) DO UPDATE SET first_at = least(t.first_at, excluded.first_at), {_HEARD}
), source AS (
    {p.insert("sources", "source_id bigint, uri_id bigint, name text, uri text, first_at time")}
    ON CONFLICT (source_id, uri_id) DO UPDATE SET first_at = least(t.first_at, excluded.first_at)
), tag AS (
    {p.insert("tags", "tag_id bigint, name text")} ON CONFLICT DO NOTHING
), column_set AS (
    {
        p.insert(
            "column_sets",
            '''set_id bigint, ordinal integer, output_field text, input_dataset_id bigint, input_field text,
                                transformations jsonb''',
        )
    }
    ON CONFLICT DO NOTHING
), version AS (
    {
        p.insert(
            "dataset_versions",
            '''dataset_id bigint, version_id bigint, declared bool, external_version text, first_at time,
                                     facets jsonb''',
        )
    }
    ON CONFLICT (dataset_id, version_id) DO UPDATE
    SET first_at = least(t.first_at, excluded.first_at), facets = merge_facets(t.facets, excluded.facets)
), model AS (
    {p.insert("models", "dataset_id bigint")} ON CONFLICT DO NOTHING
)
{p.insert("facet_bodies", "body_id bigint, body text")} ON CONFLICT DO NOTHING
"""


# What is stored once by name or content; seven tables in one statement, as it is rarely more than a row or two.
NEW = _new(_Parameters())

SYMLINKS = f"""
{_Parameters().insert("symlinks", "primary_id bigint, alias_id bigint, first_at time")}
ON CONFLICT (primary_id, alias_id) DO UPDATE SET first_at = excluded.first_at WHERE excluded.first_at < t.first_at
RETURNING primary_id
"""


def _events(p: _Parameters, era: str) -> str:
    columns = """event_time time, event_id uuid, received_at time, kind smallint, event_type text, namespace text, name text,
                 run_uuid uuid, findings jsonb, body bytea"""
    insert = p.insert("lineage_events", columns, f"{era} AS era")
    return f"{insert} ON CONFLICT DO NOTHING RETURNING event_id, event_time, event_type, kind"


QUARTER = "date_bin('15 minutes', event_time, '0001-01-01 00:00:00+00')"
"""That of an event. They begin with the first year that an event can have."""


def _counts(events: str, shard: str) -> str:
    """Counts the run events among ``events``, which must be new, by quarters of an hour."""
    types = ", ".join(f"count(*) FILTER (WHERE event_type = '{kind}')" for kind in ("START", "COMPLETE", "FAIL", "ABORT"))
    return f"""
INSERT INTO event_counts AS t (bucket, shard, starts, completes, fails, aborts, events)
SELECT {QUARTER}, {shard}, {types}, count(*)
FROM {events} WHERE kind = 1
GROUP BY 1 ORDER BY 1"""


# A shard a connection: most events are of the present quarter, and in one row the lanes would wait for each other. Few shards,
# or a shard by chance, would let them meet now and again.
_COUNTED = f"""{_counts("event", "(pg_backend_pid() % 1024)::smallint")}
ON CONFLICT (bucket, shard) DO UPDATE
SET starts = t.starts + excluded.starts, completes = t.completes + excluded.completes, fails = t.fails + excluded.fails,
    aborts = t.aborts + excluded.aborts, events = t.events + excluded.events"""

LOG_COUNTS = _counts("lineage_events", "0::smallint")
"""Counts the whole log, when nothing is counted."""


# Of jobs and datasets, a row that is not written has the same id and another name (see ``ids``): who counts finds out.
def _jobs(p: _Parameters) -> str:
    columns = """job_id bigint, namespace_id bigint, name text, first_at time, last_at time, declared_at time,
                 parent_id bigint, parent_at time, told_at time, heard_at time, facets jsonb"""
    return f"""
{p.insert("jobs", columns)}
ON CONFLICT (job_id) DO UPDATE
SET {_SPAN}, declared_at = greatest(t.declared_at, excluded.declared_at), {_HEARD},
    late = coalesce(excluded.first_at < t.last_at, false), told_at = least(t.told_at, excluded.told_at),
    {_latest("parent_at", "parent_id", ("parent_at", "parent_id"))}, {_facets("facets")}
WHERE t.name = excluded.name AND t.namespace_id = excluded.namespace_id
RETURNING job_id, floor_at, late OR facets ? 'lineage' AS noted"""


def _datasets(p: _Parameters) -> str:
    columns = """dataset_id bigint, namespace_id bigint, name text, first_at time, last_at time, written_at time,
                 declared_at time, heard_at time, facets jsonb, read_facets jsonb"""
    return f"""
{p.insert("datasets", columns, "v.dataset_id AS canonical_id")}
ON CONFLICT (dataset_id) DO UPDATE
SET {_SPAN}, written_at = greatest(t.written_at, excluded.written_at),
    declared_at = greatest(t.declared_at, excluded.declared_at), {_HEARD},
    {_facets("facets")}, {_facets("read_facets")}
WHERE t.name = excluded.name AND t.namespace_id = excluded.namespace_id
RETURNING dataset_id, declared_at"""


_SEEN = "first_at time, last_at time, first_run_id bigint, last_run_id bigint"
_SEEN_AGAIN = f"""{_SPAN},
    first_run_id = CASE WHEN (excluded.first_at, coalesce(excluded.first_run_id, 0))
                           < (t.first_at, coalesce(t.first_run_id, 0)) THEN excluded.first_run_id ELSE t.first_run_id END,
    last_run_id = CASE WHEN (excluded.last_at, coalesce(excluded.last_run_id, 0))
                          > (t.last_at, coalesce(t.last_run_id, 0)) THEN excluded.last_run_id ELSE t.last_run_id END"""


def _edges(p: _Parameters) -> str:
    columns = f"source_id bigint, target_id bigint, kind smallint, owner_id bigint, {_SEEN}"
    return f"""
{p.insert("edges", columns)}
ON CONFLICT (source_id, target_id, kind, owner_id) DO UPDATE SET {_SEEN_AGAIN}, prior_at = t.last_at
RETURNING owner_id, prior_at, last_at"""


# Triggers note edges that come or go, and floors that move. These are current again though neither happened, or were at another
# time; a job may say with any event that it tells lineage itself, and be another at the time of an event that comes late, or
# after which its run starts again.
_NOTED = """
INSERT INTO graph_changes (owner_id)
SELECT owner_id FROM edge JOIN (
    SELECT job_id AS owner_id, floor_at FROM job UNION ALL SELECT dataset_id, declared_at FROM dataset
) owner USING (owner_id)
WHERE prior_at < floor_at AND last_at >= floor_at OR prior_at >= last_at
UNION ALL SELECT job_id FROM job WHERE noted
UNION ALL SELECT job_id FROM run WHERE restarted"""


def _columns(p: _Parameters) -> str:
    return f"""
{p.insert("column_lineage", f"dataset_id bigint, owner_id bigint, set_id bigint, adds bool, {_SEEN}")}
ON CONFLICT (dataset_id, owner_id, set_id, adds) DO UPDATE SET {_SEEN_AGAIN}"""


def _run_versions(p: _Parameters) -> str:
    columns = """run_id bigint, month date, dataset_id bigint, output bool, external_id bigint, external_version text,
                 first_at time, last_at time"""
    return f"""
{p.insert("run_versions", columns)}
ON CONFLICT (run_id, dataset_id, output, external_id, month) DO UPDATE SET {_SPAN}"""


def _run_io(p: _Parameters) -> str:
    columns = """run_id bigint, month date, dataset_id bigint, output bool, first_at time, last_at time, facets jsonb,
                 io_facets jsonb"""
    return f"""
{p.insert("run_io", columns)}
ON CONFLICT (run_id, dataset_id, output, month) DO UPDATE
SET {_SPAN}, {_facets("facets")}, {_facets("io_facets")}, merged = true
RETURNING run_id, dataset_id, output, NOT merged AS new"""


IO_DIGEST = io_digest("output", "dataset_id", "dataset_id")
"""Of rows of run_io."""
_NEW_IO = f"SELECT run_id, {IO_DIGEST} AS digest FROM io WHERE new GROUP BY run_id"


def _runs(p: _Parameters) -> str:
    """A row that is only a parent's stub (no last_at) does not change the time of a run that sends events itself. The job stays
    unless the caller moves the run and no later parent is stored: then it is another than the caller thinks, who finds out."""
    columns = """run_id bigint, month date, run_uuid uuid, job_id bigint, raw_job_id bigint, parented bool, parent_run_id bigint,
                 parent_run_uuid uuid, parent_at time, first_at time, last_at time, started_at time, restarted_at time,
                 ended_at time, end_rank smallint, running bool, other bool, streaming bool, linked bool, code_at time,
                 code_id bigint, moving bool, facets jsonb, job_facets jsonb"""
    return f"""
{p.insert("runs", columns, "coalesce(new_io.digest, 0) AS io_digest", "LEFT JOIN new_io USING (run_id)")}
ON CONFLICT (run_id, month) DO UPDATE
SET job_id = CASE WHEN excluded.moving AND NOT (t.parented AND (NOT excluded.parented OR
                       (t.parent_at, t.parent_run_id) > (excluded.parent_at, excluded.parent_run_id)))
                  THEN excluded.job_id ELSE t.job_id END,
    parented = t.parented OR excluded.parented,
    {_latest("parent_at", "parent_run_id", ("parent_run_id", "parent_run_uuid", "parent_at"))},
    first_at = CASE WHEN (t.last_at IS NULL) = (excluded.last_at IS NULL) THEN least(t.first_at, excluded.first_at)
                    WHEN t.last_at IS NULL THEN excluded.first_at ELSE t.first_at END,
    last_at = greatest(t.last_at, excluded.last_at),
    started_at = least(t.started_at, excluded.started_at), restarted_at = greatest(t.restarted_at, excluded.restarted_at),
    {_latest("ended_at", "end_rank", ("ended_at", "end_rank"))},
    running = t.running OR excluded.running, other = t.other OR excluded.other,
    streaming = t.streaming OR excluded.streaming, linked = t.linked OR excluded.linked,
    io_digest = t.io_digest # excluded.io_digest,
    {_latest("code_at", "code_id", ("code_at", "code_id"))},
    {_facets("facets")}, {_facets("job_facets")}
RETURNING run_id, job_id, restarted_at > first_at AS restarted"""


def _rows(p: _Parameters) -> str:
    era = p.one("integer")
    return f"""
WITH event AS ({_events(p, era)}), counted AS ({_COUNTED}), job AS ({_jobs(p)}), dataset AS ({_datasets(p)}),
edge AS ({_edges(p)}), pointer AS ({_columns(p)}), version AS ({_run_versions(p)}),
io AS ({_run_io(p)}), new_io AS ({_NEW_IO}), run AS ({_runs(p)}), noted AS ({_NOTED})
SELECT (SELECT array_agg(event_id) FROM event),
       CASE WHEN (SELECT count(*) FROM job) <> {p.one("bigint")} OR (SELECT count(*) FROM dataset) <> {p.one("bigint")}
            THEN refuse('HW001') END,
       CASE WHEN EXISTS (SELECT FROM run JOIN {p.rows("run_id bigint, job_id bigint")} USING (run_id)
                         WHERE run.job_id <> v.job_id) THEN refuse('HW002') END,
       CASE WHEN (SELECT max(era) FROM erasures) > {era} THEN refuse('HW003') END
"""


# Nine tables in one statement: with a batch of a few events, a statement costs more than its rows. They are written in
# the same order each time, as the plan is the same. Gives the ids of the events that are new.
ROWS = _rows(_Parameters())
COLLISION = "HW001"
"""SQLSTATE of ROWS where a job or dataset has the id of another name."""
OVERTAKEN = "HW002"
"""SQLSTATE of ROWS where a run is stored under another job than the caller thinks."""
OUTDATED = "HW003"
"""SQLSTATE of ROWS where something was erased since the caller's era."""

# The rule of lineage.edges: the latest run that names a dataset, or the one before while that is going. The CASE is that of the
# index runs_linked_idx, which holds such runs only: the planner does not pick a plain partial one.
FLOORS = f"""
UPDATE jobs SET floor_at = f.floor_at
FROM (
    SELECT j.job_id,
           CASE WHEN latest.at IS NULL OR j.declared_at > latest.at THEN j.declared_at
                WHEN latest.closed THEN latest.at
                ELSE coalesce(greatest(latest.before, j.declared_at), latest.at) END AS floor_at
    FROM {_Parameters().rows("job_id bigint")}
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

_FINDINGS = "finding_id bigint, producer text, path text, message text, events bigint, first_at time, last_at time"
CONFORMANCE = f"""
{_Parameters().insert("conformance", _FINDINGS)}
ON CONFLICT (finding_id) DO UPDATE SET events = t.events + excluded.events, {_SPAN}
"""

# Of what people write: the last one to say so is right. Without a description it stays as it is.
PUT_NAMESPACE = f"""
UPDATE namespaces SET
    owner = CASE WHEN v.at >= coalesce(owner_at, v.at) THEN v.owner ELSE namespaces.owner END,
    owner_at = greatest(owner_at, v.at),
    description = CASE WHEN v.description IS NOT NULL AND v.at >= coalesce(described_at, v.at)
                       THEN v.description ELSE namespaces.description END,
    described_at = CASE WHEN v.description IS NOT NULL THEN greatest(described_at, v.at) ELSE described_at END,
    heard_at = greatest(heard_at, v.at), is_hidden = coalesce(hidden_at > greatest(heard_at, v.at), false)
FROM (SELECT $1::bigint AS id, $2::text AS owner, $3::text AS description, {_at("$4::bigint")} AS at) v
WHERE namespace_id = v.id
"""
PUT_SOURCE = f"""
INSERT INTO put_sources AS t (source_id, name, type, uri, description, first_at, at)
VALUES ($1, $2, $3, $4, $5, {_at("$6::bigint")}, {_at("$6::bigint")})
ON CONFLICT (source_id) DO UPDATE SET
    first_at = least(t.first_at, excluded.first_at), at = greatest(t.at, excluded.at),
    type = CASE WHEN excluded.at >= t.at THEN excluded.type ELSE t.type END,
    uri = CASE WHEN excluded.at >= t.at THEN excluded.uri ELSE t.uri END,
    description = CASE WHEN excluded.at >= t.at THEN excluded.description ELSE t.description END
"""
PUT_TAG = f"""
INSERT INTO tags AS t (tag_id, name, description, described_at)
SELECT $1::bigint, $2::text, v.description, CASE WHEN v.description IS NOT NULL THEN v.at END
FROM (SELECT $3::text AS description, {_at("$4::bigint")} AS at) v
ON CONFLICT (tag_id) DO UPDATE SET
    description = CASE WHEN excluded.described_at >= coalesce(t.described_at, excluded.described_at)
                       THEN excluded.description ELSE t.description END,
    described_at = greatest(t.described_at, excluded.described_at)
"""


def _hide(table: str, key: str) -> str:
    return f"""
UPDATE {table} SET hidden_at = greatest(hidden_at, v.at), is_hidden = greatest(hidden_at, v.at) > heard_at
FROM (SELECT $1::bigint AS id, {_at("$2::bigint")} AS at) v WHERE {key} = v.id"""


def _show(table: str, key: str) -> str:
    return f"""
UPDATE {table} SET heard_at = greatest(heard_at, v.at), is_hidden = coalesce(hidden_at > greatest(heard_at, v.at), false)
FROM (SELECT $1::bigint AS id, {_at("$2::bigint")} AS at) v WHERE {key} = v.id"""


_HIDEABLE = (
    ("jobs", "job_id"), ("datasets", "canonical_id"), ("namespaces", "namespace_id"), ("jobs", "namespace_id"),
    ("datasets", "namespace_id"),
)  # fmt: skip
HIDE = {place: _hide(*place) for place in _HIDEABLE}
SHOW = {place: _show(*place) for place in _HIDEABLE}
