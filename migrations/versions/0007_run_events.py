"""How many run events the log has, by quarters of an hour (see ``headwater.db.tables``).

Revision: 0007, after 0006.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE event_counts ADD COLUMN events bigint NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE event_counts ALTER COLUMN events DROP DEFAULT")
    op.execute("""
        INSERT INTO event_counts AS t (bucket, shard, starts, completes, fails, aborts, events)
        SELECT date_bin('15 minutes', event_time, '0001-01-01 00:00:00+00'), 0, 0, 0, 0, 0, count(*)
        FROM lineage_events WHERE kind = 1 GROUP BY 1
        ON CONFLICT (bucket, shard) DO UPDATE SET events = excluded.events
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE event_counts DROP COLUMN events")
