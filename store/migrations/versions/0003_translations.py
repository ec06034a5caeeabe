"""the English original of an item of the knowledge base in another language."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "ai_knowledge_base"
COLUMN = "translation_of"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column(COLUMN, sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column(TABLE, COLUMN)
