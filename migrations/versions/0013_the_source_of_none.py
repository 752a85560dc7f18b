"""The source of datasets whose events tell none is there in stores whose events came before it was made.

Its time is that of the first of these datasets that there is; replaying the events finds the very event.

Revision: 0013, after 0012.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        INSERT INTO sources (source_id, uri_id, name, uri, first_at)
        SELECT 4594020479407264370, 2830055673950781708, 'default', '', min(first_at)
        FROM datasets WHERE facets->'dataSource' IS NULL AND read_facets->'dataSource' IS NULL
        HAVING min(first_at) IS NOT NULL
        ON CONFLICT DO NOTHING
    """)


def downgrade() -> None:
    """The row is right for earlier releases too, which had it from an event."""
