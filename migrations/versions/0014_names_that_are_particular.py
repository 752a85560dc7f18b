"""Other names of datasets, and hidden ones, are found among very many without a look at the rows of all.

Revision: 0014, after 0013.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX datasets_particular_idx ON datasets (dataset_id) INCLUDE (canonical_id, is_hidden)"
        " WHERE canonical_id <> dataset_id OR is_hidden"
    )


def downgrade() -> None:
    op.execute("DROP INDEX datasets_particular_idx")
