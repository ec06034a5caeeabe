"""reviews of proposed suspensions, appeals against evaluations, drivers who are suspended."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
DRIVERS = "premium_drivers"
BEFORE = ("NOT_QUALIFIED", "QUALIFIED", "WARNING", "SUSPENSION_PROPOSED", "LAPSED")
NOW = (*BEFORE[:4], "SUSPENDED", "LAPSED")
OPEN = sa.text("status = 'OPEN'")


def _words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    _statuses(NOW)
    op.create_table(
        "premium_reviews",
        sa.Column("driver_id", sa.String(64), nullable=False),
        sa.Column("evaluated_on", sa.Date(), nullable=False),
        sa.Column("decision", _words("decision", "SUSPEND", "KEEP"), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("decided_at", WHEN, nullable=False),
        sa.CheckConstraint("length(why) >= 1", name=op.f("ck_premium_reviews_why_given")),
        sa.PrimaryKeyConstraint("driver_id", "evaluated_on", name=op.f("pk_premium_reviews")),
    )
    op.create_table(
        "appeals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("driver_id", sa.String(64), nullable=False),
        sa.Column("evaluated_on", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", _words("status", "OPEN", "UPHELD", "REJECTED"), nullable=False),
        sa.Column("filed_by", sa.String(64), nullable=False),
        sa.Column("filed_at", WHEN, nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=True),
        sa.Column("decided_at", WHEN, nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.CheckConstraint("length(text) >= 1", name=op.f("ck_appeals_text_given")),
        sa.CheckConstraint("length(text) <= 5000", name=op.f("ck_appeals_text_length")),
        sa.CheckConstraint(
            "(status = 'OPEN') = (decided_at IS NULL)", name=op.f("ck_appeals_decided_has_time")
        ),
        sa.CheckConstraint(
            "status = 'OPEN' OR (decided_by IS NOT NULL AND length(why) >= 1)",
            name=op.f("ck_appeals_decided_has_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint(
            "driver_id", "evaluated_on", name=op.f("uq_appeals_driver_id_evaluated_on")
        ),
    )
    op.create_index(
        "ix_appeals_one_open", "appeals", ["driver_id"],
        unique=True, sqlite_where=OPEN, postgresql_where=OPEN,
    )  # fmt: skip
    op.create_index(op.f("ix_appeals_status_filed_at"), "appeals", ["status", "filed_at"])


def downgrade() -> None:
    op.drop_table("appeals")
    op.drop_table("premium_reviews")
    # the code before knows no suspension that took effect
    op.execute(
        "UPDATE premium_drivers SET status = 'SUSPENSION_PROPOSED' WHERE status = 'SUSPENDED'"
    )
    _statuses(BEFORE)


def _statuses(words: tuple[str, ...]) -> None:
    """Let ``premium_drivers.status`` be one of these words."""
    name = op.f("ck_premium_drivers_status")
    with op.batch_alter_table(DRIVERS) as drivers:
        drivers.drop_constraint(name, type_="check")
        drivers.create_check_constraint(name, sa.column("status").in_(words))
