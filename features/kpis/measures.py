"""The one table of what the profit KPIs count, and of the ratios made of it.

Every additive measure says which entries it adds up (``kind``), from which source they come, in
which unit, and where and with which sign it enters the waterfall. Batch expressions are generated
from this table (`sums`, `totals`, `ratios`); a live counter needs nothing else. All amounts are
whole numbers, so sums are the same in any order and on any engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

SLICE = ("zone_id", "vertical", "service_class")


class Unit(StrEnum):
    """What one step of a measure is worth. Durations are whole milliseconds until the end."""

    CENTS = "cents"
    COUNT = "count"
    MILLISECONDS = "milliseconds"


@dataclass(frozen=True, slots=True)
class Measure:
    """One kind of entry that a column adds up; a column may have several kinds.

    ``enters`` names the waterfall step that adds ``sign`` times the measure, None for counts.
    """

    name: str
    kind: str
    sign: int
    unit: Unit
    source: str
    enters: str | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """``scale * numerator / denominator``; NULL where the denominator is 0."""

    name: str
    numerator: str
    denominator: str
    scale: float = 1.0


_NET, _REVENUE, _CONTRIBUTION = "net_bookings_cents", "net_revenue_cents", "contribution_cents"
WATERFALL = (_NET, _REVENUE, _CONTRIBUTION)

MEASURES = (
    Measure("gross_fare_cents", "FARE", 1, Unit.CENTS, "trips", _NET),
    Measure("gross_fare_cents", "FEE", 1, Unit.CENTS, "payments", _NET),
    Measure("promotions_cents", "PROMOTION", -1, Unit.CENTS, "trips", _NET),
    Measure("refunds_cents", "REFUND", -1, Unit.CENTS, "payments", _NET),
    Measure("driver_pay_cents", "DRIVER_PAY", -1, Unit.CENTS, "trips", _REVENUE),
    Measure("payment_fees_cents", "CARD", -1, Unit.CENTS, "payments", _CONTRIBUTION),
    Measure("insurance_cents", "INSURANCE", -1, Unit.CENTS, "trips", _CONTRIBUTION),
    Measure("support_cost_cents", "SUPPORT", -1, Unit.CENTS, "conversations", _CONTRIBUTION),
    Measure("support_cost_cents", "SUPPORT_SHARE", -1, Unit.CENTS, "shared", _CONTRIBUTION),
    Measure("infrastructure_cents", "INFRASTRUCTURE", -1, Unit.CENTS, "orders", _CONTRIBUTION),
    Measure("leakage_detected_cents", "LEAKAGE_DETECTED", 1, Unit.CENTS, "leakage"),
    Measure("leakage_recovered_cents", "LEAKAGE_RECOVERED", 1, Unit.CENTS, "leakage"),
    Measure("leakage_undetected_cents", "LEAKAGE_UNDETECTED", 1, Unit.CENTS, "audit"),
    Measure("identified_cents", "IDENTIFIED", 1, Unit.CENTS, "leakage"),
    Measure("captured_cents", "CAPTURED", 1, Unit.CENTS, "leakage"),
    Measure("requested_orders", "REQUESTED", 1, Unit.COUNT, "orders"),
    Measure("completed_orders", "COMPLETED", 1, Unit.COUNT, "orders"),
    Measure("cancelled_orders", "CANCELLED", 1, Unit.COUNT, "orders"),
    Measure("expired_orders", "EXPIRED", 1, Unit.COUNT, "orders"),
    Measure("quotes_shown", "QUOTE_SHOWN", 1, Unit.COUNT, "exposures"),
    Measure("quotes_accepted", "QUOTE_ACCEPTED", 1, Unit.COUNT, "exposures"),
    Measure("eta_known", "ETA_KNOWN", 1, Unit.COUNT, "orders"),
    Measure("eta_hits", "ETA_HIT", 1, Unit.COUNT, "orders"),
    Measure("online_minutes", "ONLINE", 1, Unit.MILLISECONDS, "shared"),
    Measure("engaged_minutes", "ENGAGED", 1, Unit.MILLISECONDS, "shared"),
)

RATIOS = (
    Ratio("take_rate", "net_revenue_cents", "net_bookings_cents"),
    Ratio("profit_margin", "contribution_cents", "net_revenue_cents"),
    Ratio("contribution_margin", "contribution_cents", "net_bookings_cents"),
    Ratio("cost_per_transaction_cents", "costs_cents", "completed_orders"),
    Ratio("leakage_rate", "leakage_cents", "net_bookings_cents"),
    Ratio("revenue_capture_rate", "captured_cents", "identified_cents"),
    # beside the rate, so that naming less value does not look like capturing more of it
    Ratio("identified_value_per_1000_orders_cents", "identified_cents", "requested_orders", 1000.0),
    Ratio("driver_utilization", "engaged_minutes", "online_minutes"),
    Ratio("average_order_value_cents", "gross_fare_cents", "completed_orders"),
    Ratio("acceptance_rate", "quotes_accepted", "quotes_shown"),
    Ratio("cancellation_rate", "cancelled_orders", "requested_orders"),
    Ratio("eta_accuracy", "eta_hits", "eta_known"),
)

COMPANY_RATIOS = (
    Ratio("revenue_per_user_cents", "net_bookings_cents", "active_riders"),
    Ratio("orders_per_active_rider", "requested_orders", "active_riders"),
    Ratio("subscription_conversion", "new_subscribers", "active_without_plan"),
)

COLUMNS = tuple(dict.fromkeys(measure.name for measure in MEASURES))
MINUTES = tuple(dict.fromkeys(m.name for m in MEASURES if m.unit is Unit.MILLISECONDS))


def sums(entries: ir.Table, source: str, by: Sequence[str]) -> ir.Table:
    """The entries of one source added up: a column per measure, 0 for those of other sources."""
    amounts: dict[str, ir.Value] = {}
    for m in MEASURES:
        if m.source == source:
            more = _total(entries[m.kind])
            amounts[m.name] = amounts[m.name] + more if m.name in amounts else more
    summed = entries.group_by(list(by)).aggregate(**amounts)
    nothing = ibis.literal(0, "int64")
    return summed.mutate(**{name: nothing for name in COLUMNS if name not in amounts})


def _total(column: ir.Value) -> ir.Value:
    return column.sum().coalesce(0).cast("int64")


def together(parts: Sequence[ir.Table], by: Sequence[str]) -> ir.Table:
    """Sums of several sources as one row per ``by``."""
    names = [*by, *COLUMNS]
    stacked = ibis.union(*(part.select(*names) for part in parts))
    return stacked.group_by(list(by)).aggregate(**{c: _total(stacked[c]) for c in COLUMNS})


def totals(summed: ir.Table) -> ir.Table:
    """The waterfall on top of summed measures, costs (without driver pay) and open leakage."""
    before: ir.Value = ibis.literal(0, "int64")
    steps: dict[str, ir.Value] = {}
    for step in WATERFALL:
        signs = {m.name: m.sign for m in MEASURES if m.enters == step}
        before = reduce(add, (sign * summed[name] for name, sign in signs.items()), before)
        steps[step] = before
    costs = dict.fromkeys(m.name for m in MEASURES if m.enters == _CONTRIBUTION)
    return summed.mutate(
        **steps,
        costs_cents=reduce(add, (summed[name] for name in costs)),
        leakage_cents=summed.leakage_detected_cents
        - summed.leakage_recovered_cents
        + summed.leakage_undetected_cents,
    )


def ratios(table: ir.Table, wanted: Sequence[Ratio] = RATIOS) -> ir.Table:
    """The ratios on top of a table that holds their numerators and denominators."""
    return table.mutate(
        **{
            r.name: r.scale * table[r.numerator].cast("float64") / table[r.denominator].nullif(0)
            for r in wanted
        }
    )
