"""The events of one namespace are found, and counted, without the others.

Revision: 0010, after 0009.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX lineage_events_namespace_idx ON lineage_events (namespace, event_time)"
        " WHERE kind = 1 AND length(namespace) <= 256"
    )


def downgrade() -> None:
    op.execute("DROP INDEX lineage_events_namespace_idx")
