"""The runs that belong to a run, such as those of a DAG's tasks, are found by an index.

Revision: 0011, after 0010.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX runs_parent_run_id_idx ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX runs_parent_run_id_idx")
