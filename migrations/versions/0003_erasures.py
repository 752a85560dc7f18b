"""Hard deletes: what was erased divides the log into eras (see ``headwater.db.tables``).

Revision: 0003, after 0002.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE lineage_events ADD COLUMN era integer NOT NULL DEFAULT 0")
    op.execute("""
        CREATE TABLE erasures (
            era integer NOT NULL,
            erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT erasures_pkey PRIMARY KEY (era)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE erasures")
    op.execute("ALTER TABLE lineage_events DROP COLUMN era")
