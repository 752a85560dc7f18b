"""Column lineage keeps every set that was told, with times (see ``column_lineage`` in ``headwater.db.tables``).

Revision: 0008, after 0007. Of sets that were replaced before, a replay tells.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TEMPORARY TABLE before ON COMMIT DROP AS TABLE column_lineage")
    op.execute("DROP TABLE column_lineage")
    op.execute("""
        CREATE TABLE column_lineage (
            dataset_id bigint NOT NULL,
            owner_id bigint NOT NULL,
            set_id bigint NOT NULL,
            adds boolean NOT NULL,
            first_at timestamptz NOT NULL,
            last_at timestamptz NOT NULL,
            first_run_id bigint,
            last_run_id bigint
        )
    """)
    op.execute("""
        INSERT INTO column_lineage
        SELECT dataset_id, owner_id, set_id, false, at, at, run_id, run_id FROM before
    """)
    op.execute("ALTER TABLE column_lineage ADD CONSTRAINT column_lineage_pkey PRIMARY KEY (dataset_id, owner_id, set_id, adds)")
    op.execute("CREATE INDEX column_lineage_set_id_idx ON column_lineage (set_id)")


def downgrade() -> None:
    op.execute("CREATE TEMPORARY TABLE before ON COMMIT DROP AS TABLE column_lineage")
    op.execute("DROP TABLE column_lineage")
    op.execute("""
        CREATE TABLE column_lineage (
            dataset_id bigint NOT NULL,
            owner_id bigint NOT NULL,
            set_id bigint NOT NULL,
            at timestamptz NOT NULL,
            run_id bigint
        )
    """)
    op.execute("""
        INSERT INTO column_lineage
        SELECT DISTINCT ON (dataset_id, owner_id) dataset_id, owner_id, set_id, last_at, last_run_id
        FROM before ORDER BY dataset_id, owner_id, last_at DESC, set_id DESC
    """)
    op.execute("ALTER TABLE column_lineage ADD CONSTRAINT column_lineage_pkey PRIMARY KEY (dataset_id, owner_id)")
    op.execute("CREATE INDEX column_lineage_set_id_idx ON column_lineage (set_id)")
