"""Of an edge that is named again it is known whether it was current before, and of a job that is, whether that was late.

Revision: 0016, after 0015.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE edges ADD COLUMN prior_at timestamptz")
    op.execute("ALTER TABLE jobs ADD COLUMN late boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE jobs DROP COLUMN late")
    op.execute("ALTER TABLE edges DROP COLUMN prior_at")
