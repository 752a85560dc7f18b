"""Of what several runs wrote at the same time the newest is told by their ids, and found by an index that has these.

Revision: 0009, after 0008.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX run_io_dataset_id_idx")
    op.execute("CREATE INDEX run_io_dataset_id_idx ON run_io (dataset_id, output, last_at, run_id)")


def downgrade() -> None:
    op.execute("DROP INDEX run_io_dataset_id_idx")
    op.execute("CREATE INDEX run_io_dataset_id_idx ON run_io (dataset_id, output, last_at)")
