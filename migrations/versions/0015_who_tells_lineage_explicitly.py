"""Which jobs have ever told lineage explicitly is found without a look at all of their edges.

Revision: 0015, after 0014.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX edges_explicit_idx ON edges (owner_id) WHERE kind = 3")


def downgrade() -> None:
    op.execute("DROP INDEX edges_explicit_idx")
