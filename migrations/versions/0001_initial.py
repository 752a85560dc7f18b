"""The first schema.

Revision: 0001, after nothing. Why each table and column is there is said in ``headwater.db.tables``; what is here is
frozen, and a test compares the two.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LOG = """
CREATE TABLE lineage_events (
    event_time timestamptz NOT NULL,
    event_id uuid NOT NULL,
    kind smallint NOT NULL,
    event_type text,
    namespace text NOT NULL,
    name text NOT NULL,
    run_uuid uuid,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    findings jsonb,
    body bytea NOT NULL,
    CONSTRAINT lineage_events_pkey PRIMARY KEY (event_time, event_id)
) PARTITION BY RANGE (event_time);

-- Compressed by us already: PostgreSQL need not try again.
ALTER TABLE lineage_events ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE INDEX lineage_events_job_idx ON lineage_events (left(name, 256)) WHERE kind = 2;

CREATE TABLE lineage_events_other PARTITION OF lineage_events DEFAULT;

CREATE TABLE dead_letters (
    dead_letter_id bigserial NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source text NOT NULL,
    status smallint NOT NULL,
    message text NOT NULL,
    errors jsonb NOT NULL,
    body bytea NOT NULL,
    retried_at timestamptz,
    accepted_at timestamptz,
    CONSTRAINT dead_letters_pkey PRIMARY KEY (dead_letter_id)
);

ALTER TABLE dead_letters ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE INDEX dead_letters_received_at_idx ON dead_letters (received_at);

CREATE TABLE conformance (
    finding_id bigint NOT NULL,
    producer text NOT NULL,
    path text NOT NULL,
    message text NOT NULL,
    events bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT conformance_pkey PRIMARY KEY (finding_id)
);

CREATE TABLE event_counts (
    bucket timestamptz NOT NULL,
    shard smallint NOT NULL,
    starts bigint NOT NULL,
    completes bigint NOT NULL,
    fails bigint NOT NULL,
    aborts bigint NOT NULL,
    CONSTRAINT event_counts_pkey PRIMARY KEY (bucket, shard)
) WITH (fillfactor = 80)
"""

# fillfactor: rows that nearly every event updates find their new version a place on the same page (HOT), so that no
# index has to be touched.
NOUNS = """
CREATE TABLE namespaces (
    namespace_id bigint NOT NULL,
    name text NOT NULL,
    owner text NOT NULL DEFAULT 'anonymous',
    owner_at timestamptz,
    description text,
    described_at timestamptz,
    first_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL DEFAULT '-infinity',
    hidden_at timestamptz,
    is_hidden boolean NOT NULL DEFAULT false,
    CONSTRAINT namespaces_pkey PRIMARY KEY (namespace_id)
);

CREATE TABLE sources (
    source_id bigint NOT NULL,
    uri_id bigint NOT NULL,
    name text NOT NULL,
    uri text NOT NULL,
    first_at timestamptz NOT NULL,
    CONSTRAINT sources_pkey PRIMARY KEY (source_id, uri_id)
);

CREATE TABLE put_sources (
    source_id bigint NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    uri text NOT NULL,
    description text,
    first_at timestamptz NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT put_sources_pkey PRIMARY KEY (source_id)
);

CREATE TABLE tags (
    tag_id bigint NOT NULL,
    name text NOT NULL,
    description text,
    described_at timestamptz,
    CONSTRAINT tags_pkey PRIMARY KEY (tag_id)
);

CREATE TABLE facet_bodies (
    body_id bigint NOT NULL,
    body text NOT NULL,
    CONSTRAINT facet_bodies_pkey PRIMARY KEY (body_id)
);

CREATE TABLE jobs (
    job_id bigint NOT NULL,
    namespace_id bigint NOT NULL,
    name text NOT NULL,
    parent_id bigint,
    parent_at timestamptz,
    first_at timestamptz NOT NULL,
    last_at timestamptz,
    told_at timestamptz,
    declared_at timestamptz,
    floor_at timestamptz,
    facets jsonb NOT NULL DEFAULT '{}',
    heard_at timestamptz NOT NULL DEFAULT '-infinity',
    hidden_at timestamptz,
    is_hidden boolean NOT NULL DEFAULT false,
    CONSTRAINT jobs_pkey PRIMARY KEY (job_id)
) WITH (fillfactor = 80);

CREATE INDEX jobs_name_idx ON jobs (namespace_id, left(name, 256) COLLATE "C", job_id);
CREATE INDEX jobs_last_at_idx ON jobs (coalesce(last_at, first_at) DESC, job_id);
CREATE INDEX jobs_parent_id_idx ON jobs (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE datasets (
    dataset_id bigint NOT NULL,
    namespace_id bigint NOT NULL,
    name text NOT NULL,
    canonical_id bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    written_at timestamptz,
    declared_at timestamptz,
    facets jsonb NOT NULL DEFAULT '{}',
    read_facets jsonb NOT NULL DEFAULT '{}',
    heard_at timestamptz NOT NULL DEFAULT '-infinity',
    hidden_at timestamptz,
    is_hidden boolean NOT NULL DEFAULT false,
    CONSTRAINT datasets_pkey PRIMARY KEY (dataset_id)
) WITH (fillfactor = 80);

CREATE INDEX datasets_name_idx ON datasets (namespace_id, left(name, 256) COLLATE "C", dataset_id);
CREATE INDEX datasets_canonical_id_idx ON datasets (canonical_id) WHERE canonical_id <> dataset_id;

CREATE TABLE symlinks (
    primary_id bigint NOT NULL,
    alias_id bigint NOT NULL,
    first_at timestamptz NOT NULL,
    CONSTRAINT symlinks_pkey PRIMARY KEY (primary_id, alias_id)
);

CREATE INDEX symlinks_alias_id_idx ON symlinks (alias_id);

CREATE TABLE dataset_versions (
    dataset_id bigint NOT NULL,
    version_id bigint NOT NULL,
    declared boolean NOT NULL,
    external_version text,
    first_at timestamptz NOT NULL,
    facets jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT dataset_versions_pkey PRIMARY KEY (dataset_id, version_id)
)
"""

GRAPH = """
CREATE TABLE edges (
    kind smallint NOT NULL,
    source_id bigint NOT NULL,
    target_id bigint NOT NULL,
    owner_id bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    first_run_id bigint,
    last_run_id bigint,
    CONSTRAINT edges_pkey PRIMARY KEY (source_id, target_id, kind, owner_id)
) WITH (fillfactor = 80);

CREATE INDEX edges_target_id_source_id_idx ON edges (target_id, source_id);
CREATE INDEX edges_owner_id_idx ON edges (owner_id);

CREATE TABLE column_sets (
    set_id bigint NOT NULL,
    ordinal integer NOT NULL,
    output_field text NOT NULL,
    input_dataset_id bigint NOT NULL,
    input_field text NOT NULL,
    transformations jsonb NOT NULL,
    CONSTRAINT column_sets_pkey PRIMARY KEY (set_id, ordinal)
);

CREATE INDEX column_sets_input_dataset_id_idx ON column_sets (input_dataset_id);

CREATE TABLE column_lineage (
    dataset_id bigint NOT NULL,
    owner_id bigint NOT NULL,
    set_id bigint NOT NULL,
    at timestamptz NOT NULL,
    run_id bigint,
    CONSTRAINT column_lineage_pkey PRIMARY KEY (dataset_id, owner_id)
);

CREATE INDEX column_lineage_set_id_idx ON column_lineage (set_id)
"""

RUNS = """
CREATE TABLE runs (
    run_id bigint NOT NULL,
    month date NOT NULL,
    run_uuid uuid NOT NULL,
    job_id bigint NOT NULL,
    raw_job_id bigint NOT NULL,
    parented boolean NOT NULL,
    parent_run_id bigint,
    parent_run_uuid uuid,
    parent_at timestamptz,
    first_at timestamptz NOT NULL,
    last_at timestamptz,
    started_at timestamptz,
    restarted_at timestamptz,
    ended_at timestamptz,
    end_rank smallint,
    running boolean NOT NULL,
    other boolean NOT NULL,
    streaming boolean NOT NULL,
    linked boolean NOT NULL,
    io_digest bigint NOT NULL,
    code_at timestamptz,
    code_id bigint NOT NULL,
    facets jsonb NOT NULL DEFAULT '{}',
    job_facets jsonb NOT NULL DEFAULT '{}',
    moving boolean NOT NULL DEFAULT false,
    state text GENERATED ALWAYS AS (
        CASE
            WHEN end_rank IS NOT NULL AND (restarted_at IS NULL OR restarted_at <= ended_at)
                THEN CASE end_rank WHEN 1 THEN 'COMPLETED' WHEN 2 THEN 'ABORTED' ELSE 'FAILED' END
            WHEN running THEN 'RUNNING'
            WHEN other THEN 'OTHER'
            ELSE 'NEW'
        END
    ) STORED,
    version_id bigint GENERATED ALWAYS AS (io_digest # code_id) STORED,
    CONSTRAINT runs_pkey PRIMARY KEY (run_id, month),
    CONSTRAINT runs_end_rank_check CHECK (end_rank BETWEEN 1 AND 3)
) PARTITION BY RANGE (month);

CREATE INDEX runs_run_uuid_idx ON runs (run_uuid);
CREATE INDEX runs_job_id_first_at_idx ON runs (job_id, first_at DESC, run_id);
CREATE INDEX runs_raw_job_id_idx ON runs (raw_job_id) WHERE job_id <> raw_job_id;
CREATE INDEX runs_linked_idx ON runs (job_id, (CASE WHEN linked THEN first_at END) DESC, run_id) WHERE linked;

CREATE TABLE runs_undated PARTITION OF runs DEFAULT WITH (fillfactor = 80);

CREATE TABLE run_io (
    run_id bigint NOT NULL,
    month date NOT NULL,
    dataset_id bigint NOT NULL,
    output boolean NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    facets jsonb NOT NULL DEFAULT '{}',
    io_facets jsonb NOT NULL DEFAULT '{}',
    merged boolean NOT NULL DEFAULT false,
    CONSTRAINT run_io_pkey PRIMARY KEY (run_id, dataset_id, output, month)
) PARTITION BY RANGE (month);

CREATE INDEX run_io_dataset_id_idx ON run_io (dataset_id, output, last_at);

CREATE TABLE run_io_undated PARTITION OF run_io DEFAULT;

CREATE TABLE run_versions (
    run_id bigint NOT NULL,
    month date NOT NULL,
    dataset_id bigint NOT NULL,
    output boolean NOT NULL,
    external_id bigint NOT NULL,
    external_version text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT run_versions_pkey PRIMARY KEY (run_id, dataset_id, output, external_id, month)
) PARTITION BY RANGE (month);

CREATE INDEX run_versions_dataset_id_idx ON run_versions (dataset_id, external_id);

CREATE TABLE run_versions_undated PARTITION OF run_versions DEFAULT
"""

# Two facet maps become one: of each key, the entry with the greater (time, digest) stays. Commutative, associative and
# idempotent, so that events may come in any order and more than once. The first three cases are nearly all calls.
MERGE_FACETS = """
CREATE FUNCTION merge_facets(a jsonb, b jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT CASE
    WHEN b = '{}' OR a = b THEN a
    WHEN a = '{}' THEN b
    ELSE a || (
        SELECT coalesce(jsonb_object_agg(new.key, new.value), '{}')
        FROM jsonb_each(b) AS new
        WHERE a -> new.key IS NULL
           OR ((new.value ->> 0)::bigint, (new.value ->> 1)::bigint)
            > ((a -> new.key ->> 0)::bigint, (a -> new.key ->> 1)::bigint)
    )
END
$$
"""

# Ends a statement whose caller cannot look at its answer before the COMMIT that follows it.
REFUSE = """
CREATE FUNCTION refuse(state text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$ BEGIN RAISE EXCEPTION 'the stored rows are not those that were expected' USING ERRCODE = state; END $$
"""

# Marquez's clients expect the namespace `default` to be there. Its id is the one that names give (headwater.ids).
DEFAULT_NAMESPACE = "INSERT INTO namespaces (namespace_id, name, first_at) VALUES (-5948557074211666905, 'default', now())"


def upgrade() -> None:
    for script in (LOG, NOUNS, GRAPH, RUNS):
        for statement in script.split(";"):
            op.execute(statement)
    op.execute(MERGE_FACETS)
    op.execute(REFUSE)
    op.execute(DEFAULT_NAMESPACE)


def downgrade() -> None:
    op.execute("DROP FUNCTION merge_facets, refuse")
    op.execute(
        "DROP TABLE lineage_events, dead_letters, conformance, event_counts, namespaces, sources, put_sources, tags,"
        " facet_bodies, jobs, datasets, symlinks, dataset_versions, edges, column_sets, column_lineage, runs, run_io,"
        " run_versions"
    )
