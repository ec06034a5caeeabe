"""Nightly profit KPIs: one row per day, and one per day, zone, vertical and service class.

Amounts are positive cents as in docs/domain.md section 5.1; the waterfall is a CHECK, so a row
that does not add up to the cent cannot be written.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from core.enums import ServiceClass, Vertical
from store.tables.base import Base, between, one_of

WATERFALL = {
    "net_bookings_adds_up": "net_bookings_cents = gross_fare_cents - promotions_cents"
    " - refunds_cents",
    "net_revenue_adds_up": "net_revenue_cents = net_bookings_cents - driver_pay_cents",
    "costs_add_up": "costs_cents = payment_fees_cents + insurance_cents + support_cost_cents"
    " + infrastructure_cents",
    "contribution_adds_up": "contribution_cents = net_revenue_cents - costs_cents",
}


def cents() -> Any:
    """An amount that adds up over slices."""
    return mapped_column(sa.BigInteger, default=0)


class ProfitColumns:
    """Additive measures (cents, counts, minutes) and the ratios made of them."""

    gross_fare_cents: Mapped[int] = cents()
    promotions_cents: Mapped[int] = cents()
    refunds_cents: Mapped[int] = cents()
    net_bookings_cents: Mapped[int] = cents()
    driver_pay_cents: Mapped[int] = cents()
    net_revenue_cents: Mapped[int] = cents()
    payment_fees_cents: Mapped[int] = cents()
    insurance_cents: Mapped[int] = cents()
    support_cost_cents: Mapped[int] = cents()
    infrastructure_cents: Mapped[int] = cents()
    costs_cents: Mapped[int] = cents()
    contribution_cents: Mapped[int] = cents()
    leakage_detected_cents: Mapped[int] = cents()
    leakage_recovered_cents: Mapped[int] = cents()
    leakage_undetected_cents: Mapped[int] = cents()
    identified_cents: Mapped[int] = cents()
    captured_cents: Mapped[int] = cents()
    requested_orders: Mapped[int] = mapped_column(default=0)
    completed_orders: Mapped[int] = mapped_column(default=0)
    cancelled_orders: Mapped[int] = mapped_column(default=0)
    expired_orders: Mapped[int] = mapped_column(default=0)
    quotes_shown: Mapped[int] = mapped_column(default=0)
    quotes_accepted: Mapped[int] = mapped_column(default=0)
    eta_known: Mapped[int] = mapped_column(default=0)
    eta_hits: Mapped[int] = mapped_column(default=0)
    online_minutes: Mapped[float] = mapped_column(default=0.0)
    engaged_minutes: Mapped[float] = mapped_column(default=0.0)
    take_rate: Mapped[float | None]
    profit_margin: Mapped[float | None]
    contribution_margin: Mapped[float | None]
    cost_per_transaction_cents: Mapped[float | None]
    leakage_rate: Mapped[float | None]
    revenue_capture_rate: Mapped[float | None]
    identified_value_per_1000_orders_cents: Mapped[float | None]
    driver_utilization: Mapped[float | None]
    profit_growth: Mapped[float | None]
    cost_efficiency_score: Mapped[float | None]
    optimization_score: Mapped[float | None]
    average_order_value_cents: Mapped[float | None]
    acceptance_rate: Mapped[float | None]
    cancellation_rate: Mapped[float | None]
    eta_accuracy: Mapped[float | None]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return (
            *(sa.CheckConstraint(rule, name=name) for name, rule in WATERFALL.items()),
            *(between(c, 0, 1) for c in ("acceptance_rate", "cancellation_rate", "eta_accuracy")),
            *(between(c, 0, 100) for c in ("cost_efficiency_score", "optimization_score")),
            sa.CheckConstraint("eta_hits <= eta_known", name="eta_hits_known"),
            sa.CheckConstraint("quotes_accepted <= quotes_shown", name="accepted_were_shown"),
        )


class ProfitMetrics(ProfitColumns, Base):
    """The whole company, one row per UTC day; what does not add over slices is here only."""

    __tablename__ = "profit_optimization_metrics"

    day: Mapped[date] = mapped_column(primary_key=True)
    active_riders: Mapped[int] = mapped_column(default=0)
    churned_riders: Mapped[int | None]
    revenue_per_user_cents: Mapped[float | None]
    orders_per_active_rider: Mapped[float | None]
    subscription_conversion: Mapped[float | None]
    optimization_actions: Mapped[int] = mapped_column(default=0)
    optimization_value_cents: Mapped[int | None] = mapped_column(sa.BigInteger)


class ProfitSlice(ProfitColumns, Base):
    """One zone, vertical and service class of a day."""

    __tablename__ = "profit_kpi_slices"

    day: Mapped[date] = mapped_column(primary_key=True)
    zone_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    vertical: Mapped[Vertical] = mapped_column(one_of(Vertical, "vertical"), primary_key=True)
    service_class: Mapped[ServiceClass] = mapped_column(
        one_of(ServiceClass, "service_class"), primary_key=True
    )
