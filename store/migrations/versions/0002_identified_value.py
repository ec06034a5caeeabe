"""identified value per 1,000 orders beside the revenue capture rate."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("profit_optimization_metrics", "profit_kpi_slices")
COLUMN = "identified_value_per_1000_orders_cents"


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column(COLUMN, sa.Double(), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, COLUMN)
