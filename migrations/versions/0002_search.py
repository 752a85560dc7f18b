"""Search by name and by content.

Revision: 0002, after 0001. The words of what is stored already are left to the service, which collects them in the background.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Only a row that is really new (or goes, as a job may whose only run turns out to be another's) fires a trigger, so a job that is
# known costs nothing.
JOB_NAMES = """
CREATE TABLE job_names (
    job_id bigint NOT NULL,
    name text NOT NULL,
    CONSTRAINT job_names_pkey PRIMARY KEY (job_id)
);

CREATE FUNCTION name_job() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO job_names (job_id, name) VALUES (new.job_id, new.name) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER jobs_name AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION name_job();

CREATE FUNCTION forget_job_name() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM job_names WHERE job_id = old.job_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER jobs_forget_name AFTER DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION forget_job_name();

INSERT INTO job_names (job_id, name) SELECT job_id, name FROM jobs
"""

# A server may lack the extension, or its owner forbid it: then names are searched one by one. The lists of pending entries are
# as short as they may be: the event whose new name fills one waits while it is emptied, and every search looks through it.
TRIGRAMS = """
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX job_names_trigram_idx ON job_names USING gin (name gin_trgm_ops) WITH (gin_pending_list_limit = 64);
    CREATE INDEX datasets_trigram_idx ON datasets USING gin (name gin_trgm_ops) WITH (gin_pending_list_limit = 64);
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR undefined_object THEN
    RAISE WARNING 'names are searched without an index: %', SQLERRM;
END
$$
"""

# Here only the background waits.
WORDS = """
CREATE TABLE job_words (
    job_id bigint NOT NULL,
    bodies bigint[] NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT job_words_pkey PRIMARY KEY (job_id)
);

CREATE INDEX job_words_words_idx ON job_words USING gin (words) WITH (gin_pending_list_limit = 512);

CREATE TABLE dataset_words (
    dataset_id bigint NOT NULL,
    bodies bigint[] NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT dataset_words_pkey PRIMARY KEY (dataset_id)
);

CREATE INDEX dataset_words_words_idx ON dataset_words USING gin (words) WITH (gin_pending_list_limit = 512)
"""

# Bodies of facets may hold what jsonb refuses (U+0000, numbers without bounds): there is nothing to be found in these.
JSONB_OR_NULL = """
CREATE FUNCTION jsonb_or_null(body text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$ BEGIN RETURN body::jsonb; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$
"""


def upgrade() -> None:
    for statement in (*JOB_NAMES.split(";\n\n"), TRIGRAMS, *WORDS.split(";\n\n"), JSONB_OR_NULL):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE job_words, dataset_words, job_names")
    op.execute("DROP INDEX IF EXISTS datasets_trigram_idx")
    for trigger in ("jobs_name", "jobs_forget_name"):
        op.execute(f"DROP TRIGGER {trigger} ON jobs")
    op.execute("DROP FUNCTION name_job, forget_job_name, jsonb_or_null")
