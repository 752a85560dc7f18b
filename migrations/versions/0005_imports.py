"""How far imports from a Marquez have come.

Revision: 0005, after 0004. See ``imports`` in ``headwater.db.tables``.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE imports (
            source text NOT NULL,
            reached timestamptz,
            finished_at timestamptz,
            CONSTRAINT imports_pkey PRIMARY KEY (source)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE imports")
