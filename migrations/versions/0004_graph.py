"""Who keeps the graph in memory learns what to read again.

Revision: 0004, after 0003. See ``graph_changes`` in ``headwater.db.tables``.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CHANGES = """
CREATE TABLE graph_changes (
    xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    owner_id bigint
)
"""
INDEX = "CREATE INDEX graph_changes_xid_idx ON graph_changes (xid)"

# Most events change no row in a way that a trigger waits for.
NOTE_EDGES = """
CREATE FUNCTION note_edges() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN INSERT INTO graph_changes (owner_id) SELECT DISTINCT owner_id FROM changed; RETURN NULL; END $$
"""
NOTE_JOB = """
CREATE FUNCTION note_job() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN INSERT INTO graph_changes (owner_id) VALUES (NEW.job_id); RETURN NULL; END $$
"""
NOTE_DATASET = """
CREATE FUNCTION note_dataset() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN INSERT INTO graph_changes (owner_id) VALUES (NEW.dataset_id); RETURN NULL; END $$
"""
NOTE_ALL = """
CREATE FUNCTION note_all() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN INSERT INTO graph_changes (owner_id) VALUES (NULL); RETURN NULL; END $$
"""
TRIGGERS = """
CREATE TRIGGER edges_added AFTER INSERT ON edges REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION note_edges();

CREATE TRIGGER edges_deleted AFTER DELETE ON edges REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION note_edges();

CREATE TRIGGER edges_truncated AFTER TRUNCATE ON edges FOR EACH STATEMENT EXECUTE FUNCTION note_all();

CREATE TRIGGER jobs_changed AFTER UPDATE ON jobs FOR EACH ROW
WHEN (OLD.floor_at IS DISTINCT FROM NEW.floor_at OR OLD.is_hidden <> NEW.is_hidden) EXECUTE FUNCTION note_job();

CREATE TRIGGER datasets_changed AFTER UPDATE ON datasets FOR EACH ROW
WHEN (OLD.canonical_id <> NEW.canonical_id OR OLD.is_hidden <> NEW.is_hidden
      OR OLD.declared_at IS DISTINCT FROM NEW.declared_at) EXECUTE FUNCTION note_dataset()
"""


def upgrade() -> None:
    for statement in (CHANGES, INDEX, NOTE_EDGES, NOTE_JOB, NOTE_DATASET, NOTE_ALL, *TRIGGERS.split(";\n")):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION note_edges, note_job, note_dataset, note_all CASCADE")
    op.execute("DROP TABLE graph_changes")
