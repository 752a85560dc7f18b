"""Datasets that any event has called a model (see ``headwater.db.tables``).

Revision: 0006, after 0005.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE models (
            dataset_id bigint NOT NULL,
            CONSTRAINT models_pkey PRIMARY KEY (dataset_id)
        )
    """)
    # What is stored; what was called a model once and is not now need not be found.
    op.execute(r"""
        INSERT INTO models
        SELECT d.dataset_id
        FROM datasets d
        JOIN facet_bodies b ON b.body_id IN (
            (d.facets->'datasetType'->>1)::bigint, (d.read_facets->'datasetType'->>1)::bigint)
        WHERE b.body ~* '"datasetType"\s*:\s*"model"'
        GROUP BY d.dataset_id
    """)


def downgrade() -> None:
    op.execute("DROP TABLE models")
