"""premium bookings, refunds, logged matches, driver profiles and quality, factors of prices."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
ID = sa.String(64)
TABLES = (
    "premium_pricing_rules",
    "premium_driver_quality_metrics",
    "premium_driver_profiles",
    "match_decisions",
    "match_batches",
    "premium_refund_requests",
    "premium_bookings",
)


def _words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _where(rule: str) -> dict[str, Any]:
    """A partial index on both databases."""
    return {"sqlite_where": sa.text(rule), "postgresql_where": sa.text(rule)}


def upgrade() -> None:
    _bookings()
    _refunds()
    _matches()
    _drivers()
    _pricing()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _bookings() -> None:
    op.create_table(
        "premium_bookings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rider_id", ID, nullable=False),
        sa.Column(
            "service_class",
            _words("service_class", "STANDARD", "LUXURY", "PREMIUM", "VIP"),
            nullable=False,
        ),
        sa.Column(
            "status",
            _words(
                "status",
                "PENDING",
                "CONFIRMED",
                "DRIVER_ASSIGNED",
                "IN_PROGRESS",
                "COMPLETED",
                "CANCELLED",
            ),
            nullable=False,
        ),
        sa.Column("zone_id", ID, nullable=False),
        sa.Column("pickup_lat", sa.Double(), nullable=False),
        sa.Column("pickup_lon", sa.Double(), nullable=False),
        sa.Column("dropoff_lat", sa.Double(), nullable=False),
        sa.Column("dropoff_lon", sa.Double(), nullable=False),
        sa.Column("scheduled_at", WHEN, nullable=True),
        sa.Column("due_at", WHEN, nullable=True),
        sa.Column("wishes", JSON, nullable=False),
        sa.Column("quote", JSON, nullable=False),
        sa.Column("quote_signature", ID, nullable=False),
        sa.Column("fare_cents", sa.Integer(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("standard_cents", sa.Integer(), nullable=False),
        sa.Column("driver_pay_cents", sa.Integer(), nullable=False),
        sa.Column("driver_bonus_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("driver_id", ID, nullable=True),
        sa.Column("offer_expires_at", WHEN, nullable=True),
        sa.Column("fell_back_at", WHEN, nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column(
            "cancelled_by", _words("cancelled_by", "RIDER", "DRIVER", "SYSTEM"), nullable=True
        ),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("cancellation_fee_cents", sa.Integer(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("confirmed_at", WHEN, nullable=True),
        sa.Column("assigned_at", WHEN, nullable=True),
        sa.Column("started_at", WHEN, nullable=True),
        sa.Column("completed_at", WHEN, nullable=True),
        sa.Column("cancelled_at", WHEN, nullable=True),
        sa.Column("updated_at", WHEN, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (status <> 'CANCELLED')",
            name=op.f("ck_premium_bookings_cancelled_has_time"),
        ),
        sa.CheckConstraint(
            "(cancelled_by IS NULL) = (status <> 'CANCELLED')",
            name=op.f("ck_premium_bookings_cancelled_by_somebody"),
        ),
        sa.CheckConstraint(
            "(completed_at IS NULL) = (status <> 'COMPLETED')",
            name=op.f("ck_premium_bookings_completed_has_time"),
        ),
        sa.CheckConstraint(
            "(offer_expires_at IS NULL) = (driver_id IS NULL OR status <> 'CONFIRMED')",
            name=op.f("ck_premium_bookings_offer_expires"),
        ),
        sa.CheckConstraint(
            "driver_id IS NOT NULL OR NOT status IN ('DRIVER_ASSIGNED', 'IN_PROGRESS', 'COMPLETED')",
            name=op.f("ck_premium_bookings_driven_by_somebody"),
        ),
        sa.CheckConstraint(
            "driver_id IS NULL OR status <> 'PENDING'",
            name=op.f("ck_premium_bookings_pending_has_no_driver"),
        ),
        sa.CheckConstraint(
            "service_class <> 'STANDARD'", name=op.f("ck_premium_bookings_premium_class")
        ),
        sa.CheckConstraint(
            "cancellation_fee_cents >= 0 AND cancellation_fee_cents <= price_cents",
            name=op.f("ck_premium_bookings_fee_of_price"),
        ),
        sa.CheckConstraint(
            "driver_bonus_cents <= driver_pay_cents",
            name=op.f("ck_premium_bookings_bonus_is_of_pay"),
        ),
        sa.CheckConstraint(
            "driver_bonus_cents >= 0", name=op.f("ck_premium_bookings_driver_bonus_cents_range")
        ),
        sa.CheckConstraint(
            "dropoff_lat >= -90 AND dropoff_lat <= 90",
            name=op.f("ck_premium_bookings_dropoff_lat_range"),
        ),
        sa.CheckConstraint(
            "dropoff_lon >= -180 AND dropoff_lon <= 180",
            name=op.f("ck_premium_bookings_dropoff_lon_range"),
        ),
        sa.CheckConstraint(
            "length(cancel_reason) <= 500", name=op.f("ck_premium_bookings_cancel_reason_length")
        ),
        sa.CheckConstraint(
            "pickup_lat >= -90 AND pickup_lat <= 90",
            name=op.f("ck_premium_bookings_pickup_lat_range"),
        ),
        sa.CheckConstraint(
            "pickup_lon >= -180 AND pickup_lon <= 180",
            name=op.f("ck_premium_bookings_pickup_lon_range"),
        ),
        sa.CheckConstraint(
            "price_cents <= fare_cents", name=op.f("ck_premium_bookings_price_of_fare")
        ),
        sa.CheckConstraint("price_cents >= 0", name=op.f("ck_premium_bookings_price_cents_range")),
        sa.CheckConstraint(
            "rating >= 1 AND rating <= 5", name=op.f("ck_premium_bookings_rating_range")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_premium_bookings")),
        sa.UniqueConstraint("quote_signature", name=op.f("uq_premium_bookings_quote_signature")),
    )
    op.create_index(op.f("ix_premium_bookings_completed_at"), "premium_bookings", ["completed_at"])
    op.create_index(
        op.f("ix_premium_bookings_driver_id_completed_at"),
        "premium_bookings",
        ["driver_id", "completed_at"],
    )
    op.create_index(
        "ix_premium_bookings_one_a_driver",
        "premium_bookings",
        ["driver_id"],
        unique=True,
        **_where("status IN ('CONFIRMED', 'DRIVER_ASSIGNED', 'IN_PROGRESS')"),
    )
    op.create_index(
        op.f("ix_premium_bookings_rider_id_created_at"),
        "premium_bookings",
        ["rider_id", "created_at"],
    )
    op.create_index(
        op.f("ix_premium_bookings_status_scheduled_at"),
        "premium_bookings",
        ["status", "scheduled_at"],
    )


def _refunds() -> None:
    op.create_table(
        "premium_refund_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("rider_id", ID, nullable=False),
        sa.Column(
            "category",
            _words("category", "LATE", "VEHICLE", "CLEANLINESS", "BEHAVIOUR", "DRIVING", "ROUTE"),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column(
            "status", _words("status", "PENDING_REVIEW", "APPROVED", "REFUSED"), nullable=False
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("requested_at", WHEN, nullable=False),
        sa.Column("decided_at", WHEN, nullable=True),
        sa.Column("decided_by", ID, nullable=True),
        sa.CheckConstraint(
            "(status = 'PENDING_REVIEW') = (decided_at IS NULL)",
            name=op.f("ck_premium_refund_requests_decided_has_time"),
        ),
        sa.CheckConstraint(
            "cents = 0 OR status = 'APPROVED'",
            name=op.f("ck_premium_refund_requests_paid_is_approved"),
        ),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_premium_refund_requests_cents_range")),
        sa.CheckConstraint(
            "length(text) <= 2000", name=op.f("ck_premium_refund_requests_text_length")
        ),
        sa.CheckConstraint(
            "stars >= 1 AND stars <= 5", name=op.f("ck_premium_refund_requests_stars_range")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["premium_bookings.id"],
            name=op.f("fk_premium_refund_requests_booking_id_premium_bookings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_premium_refund_requests")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_premium_refund_requests_booking_id")),
    )
    op.create_index(
        op.f("ix_premium_refund_requests_rider_id_decided_at"),
        "premium_refund_requests",
        ["rider_id", "decided_at"],
    )
    op.create_index(
        op.f("ix_premium_refund_requests_status_requested_at"),
        "premium_refund_requests",
        ["status", "requested_at"],
    )


def _matches() -> None:
    op.create_table(
        "match_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", WHEN, nullable=False),
        sa.Column("snapshot", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_batches")),
    )
    op.create_index(op.f("ix_match_batches_decided_at"), "match_batches", ["decided_at"])
    op.create_table(
        "match_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("driver_id", ID, nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("eta_minutes", sa.Double(), nullable=True),
        sa.Column("explanation", JSON, nullable=False),
        sa.Column(
            "outcome",
            _words(
                "outcome", "OFFERED", "ACCEPTED", "DECLINED", "TIMED_OUT", "COMPLETED", "CANCELLED"
            ),
            nullable=True,
        ),
        sa.Column("decided_at", WHEN, nullable=False),
        sa.Column("answered_at", WHEN, nullable=True),
        sa.CheckConstraint(
            "(outcome IS NULL) = (driver_id IS NULL)",
            name=op.f("ck_match_decisions_offered_has_outcome"),
        ),
        sa.CheckConstraint("eta_minutes >= 0", name=op.f("ck_match_decisions_eta_minutes_range")),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["match_batches.id"],
            name=op.f("fk_match_decisions_batch_id_match_batches"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["premium_bookings.id"],
            name=op.f("fk_match_decisions_booking_id_premium_bookings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_decisions")),
    )
    op.create_index(op.f("ix_match_decisions_batch_id"), "match_decisions", ["batch_id"])
    op.create_index(
        op.f("ix_match_decisions_booking_id_decided_at"),
        "match_decisions",
        ["booking_id", "decided_at"],
    )
    op.create_index(
        op.f("ix_match_decisions_driver_id_decided_at"),
        "match_decisions",
        ["driver_id", "decided_at"],
    )
    op.create_index(
        "ix_match_decisions_one_offer",
        "match_decisions",
        ["booking_id"],
        unique=True,
        **_where("outcome = 'OFFERED'"),
    )


def _drivers() -> None:
    op.create_table(
        "premium_driver_profiles",
        sa.Column("driver_id", ID, nullable=False),
        sa.Column(
            "vehicle_type",
            _words(
                "vehicle_type",
                "SEDAN",
                "SUV",
                "LUXURY_SEDAN",
                "LUXURY_SUV",
                "VAN",
                "MOTO",
                "SCOOTER",
                "TRUCK",
            ),
            nullable=False,
        ),
        sa.Column("female", sa.Boolean(), nullable=False),
        sa.Column("accepts_women_only", sa.Boolean(), nullable=False),
        sa.Column("corporate_eligible", sa.Boolean(), nullable=False),
        sa.Column("child_seat", sa.Boolean(), nullable=False),
        sa.Column("pet_friendly", sa.Boolean(), nullable=False),
        sa.Column("wheelchair_accessible", sa.Boolean(), nullable=False),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("located_at", WHEN, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("updated_at", WHEN, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(lat IS NULL) = (located_at IS NULL)",
            name=op.f("ck_premium_driver_profiles_place_has_time"),
        ),
        sa.CheckConstraint(
            "(lat IS NULL) = (lon IS NULL)", name=op.f("ck_premium_driver_profiles_place_is_whole")
        ),
        sa.CheckConstraint(
            "NOT available OR lat IS NOT NULL",
            name=op.f("ck_premium_driver_profiles_available_somewhere"),
        ),
        sa.CheckConstraint(
            "lat >= -90 AND lat <= 90", name=op.f("ck_premium_driver_profiles_lat_range")
        ),
        sa.CheckConstraint(
            "lon >= -180 AND lon <= 180", name=op.f("ck_premium_driver_profiles_lon_range")
        ),
        sa.PrimaryKeyConstraint("driver_id", name=op.f("pk_premium_driver_profiles")),
    )
    op.create_index(
        op.f("ix_premium_driver_profiles_available_lat_lon"),
        "premium_driver_profiles",
        ["available", "lat", "lon"],
    )
    op.create_table(
        "premium_driver_quality_metrics",
        sa.Column("driver_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("declined", sa.Integer(), nullable=False),
        sa.Column("timed_out", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("on_time", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("refunded", sa.Integer(), nullable=False),
        sa.Column("rating_sum", sa.Integer(), nullable=False),
        sa.Column("rating_count", sa.Integer(), nullable=False),
        sa.Column("earnings_cents", sa.BigInteger(), nullable=False),
        sa.Column("bonus_cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "accepted + declined + timed_out <= offers",
            name=op.f("ck_premium_driver_quality_metrics_answers_of_offers"),
        ),
        sa.CheckConstraint(
            "bonus_cents <= earnings_cents",
            name=op.f("ck_premium_driver_quality_metrics_bonus_is_earned"),
        ),
        sa.CheckConstraint(
            "bonus_cents >= 0", name=op.f("ck_premium_driver_quality_metrics_bonus_cents_range")
        ),
        sa.CheckConstraint(
            "on_time <= completed", name=op.f("ck_premium_driver_quality_metrics_on_time_completed")
        ),
        sa.CheckConstraint(
            "rating_sum <= 5 * rating_count",
            name=op.f("ck_premium_driver_quality_metrics_stars_to_five"),
        ),
        sa.CheckConstraint(
            "rating_sum >= rating_count",
            name=op.f("ck_premium_driver_quality_metrics_stars_from_one"),
        ),
        sa.PrimaryKeyConstraint("driver_id", "day", name=op.f("pk_premium_driver_quality_metrics")),
    )
    op.create_index(
        op.f("ix_premium_driver_quality_metrics_day"), "premium_driver_quality_metrics", ["day"]
    )


def _pricing() -> None:
    op.create_table(
        "premium_pricing_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", WHEN, nullable=False),
        sa.Column("luxury", sa.Double(), nullable=False),
        sa.Column("premium", sa.Double(), nullable=False),
        sa.Column("vip", sa.Double(), nullable=False),
        sa.Column("night_factor", sa.Double(), nullable=False),
        sa.Column("weekend_factor", sa.Double(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.CheckConstraint("length(why) >= 1", name=op.f("ck_premium_pricing_rules_why_given")),
        sa.CheckConstraint(
            "luxury >= 1 AND premium >= luxury AND vip >= premium AND vip <= 4",
            name=op.f("ck_premium_pricing_rules_classes_in_order"),
        ),
        sa.CheckConstraint(
            "night_factor >= 1 AND night_factor <= 2",
            name=op.f("ck_premium_pricing_rules_night_factor_range"),
        ),
        sa.CheckConstraint(
            "weekend_factor >= 1 AND weekend_factor <= 2",
            name=op.f("ck_premium_pricing_rules_weekend_factor_range"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_premium_pricing_rules")),
        sa.UniqueConstraint("valid_from", name=op.f("uq_premium_pricing_rules_valid_from")),
    )
