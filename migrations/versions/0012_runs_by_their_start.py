"""A job's runs are listed by their start, as Marquez does, and found so by an index.

Revision: 0012, after 0011.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX runs_job_id_started_at_idx ON runs (job_id,"
        " (coalesce(started_at, CASE WHEN running OR other THEN first_at END)) DESC NULLS LAST, first_at DESC, run_id)"
    )


def downgrade() -> None:
    op.execute("DROP INDEX runs_job_id_started_at_idx")
