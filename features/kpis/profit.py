"""The profit KPIs of domain.md 5.1: slices by day, zone, vertical and service class, and totals.

Additive cents and counts summed over the slices of a day equal its totals exactly, because the
totals are their sum. No lever has an impact yet, so optimisation actions are 0 and their value is
NULL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from features.kpis import leakage, ledger
from features.kpis.ledger import BY, DAY, Rates
from features.kpis.measures import (
    COMPANY_RATIOS,
    MINUTES,
    SLICE,
    ratios,
    sums,
    together,
    totals,
)

WEEK_DAYS = 7
CHURN_DAYS = 30
MS_PER_MINUTE = 60_000
Tables = Mapping[str, ir.Table]


@dataclass(frozen=True, slots=True)
class Targets:
    """What scores 100; ``leakage`` is the most that still does, twice as much scores 0."""

    capture: float
    leakage: float
    margin: float
    utilization: float


def entries(tables: Tables, rates: Rates, leaks: leakage.LeakageRates) -> dict[str, ir.Table]:
    """Entries of every source that knows its order.

    ``tables["orders"]`` is as `by_order` gives it, ``tables["facts"]`` as `leakage.facts` does.
    """
    orders = tables["orders"]
    return {
        "orders": ledger.order_entries(orders, rates),
        "trips": ledger.trip_entries(tables["trips"], orders, rates),
        "payments": ledger.payment_entries(tables["payments"], orders, rates, tables["trips"]),
        "conversations": ledger.support_entries(tables["conversations"], orders, rates),
        "leakage": leakage.leakage_entries(tables["facts"], leaks),
        "audit": leakage.audit_entries(tables["facts"], leaks),
    }


def shared_entries(tables: Tables, direct: ir.Table, rates: Rates) -> ir.Table:
    """What no order causes alone, spread over the day's slices: support without an order by
    orders, engaged time by trip time, idle time by the idle drivers of the zone.

    ``direct`` holds BY, REQUESTED and TRIP_MS; minutes become whole milliseconds.
    """
    support = ledger.support_to_share(tables["conversations"], tables["known_orders"], rates)
    driver_days = tables["driver_days"]
    engaged_ms = _ms(driver_days.engaged_minutes)
    worked = driver_days.group_by(driver_days.day.name(DAY))
    engaged = worked.aggregate(total=engaged_ms.sum().cast("int64"))
    idle = worked.aggregate(
        total=(_ms(driver_days.online_minutes) - engaged_ms).sum().cast("int64")
    )
    weighted = _idle_weights(direct, tables["market_hours"])
    parts = {
        "SUPPORT_SHARE": ledger.spread(direct, support, "REQUESTED"),
        "ENGAGED": ledger.spread(direct, engaged, "TRIP_MS"),
        "IDLE": ledger.spread(weighted, idle, "idle"),
    }
    shared = direct.select(*BY)
    for kind, part in parts.items():
        named = part.rename({kind: "part"})
        shared = shared.left_join(named, list(BY)).drop(*(f"{c}_right" for c in BY))
    filled = shared.mutate(**{kind: shared[kind].coalesce(0) for kind in parts})
    return filled.mutate(ONLINE=filled.ENGAGED + filled.IDLE).drop("IDLE")


def _ms(minutes: ir.Value) -> ir.Value:
    return (minutes * MS_PER_MINUTE).round().cast("int64")


def _idle_weights(direct: ir.Table, market_hours: ir.Table) -> ir.Table:
    """Idle drivers of the zone, shared among its slices by orders; millionths, to stay whole."""
    zones = market_hours.group_by(
        market_hours.hour.date().name(DAY), market_hours.zone_id
    ).aggregate(zone_idle=market_hours.available_drivers.sum())
    placed = direct.left_join(zones, [DAY, "zone_id"])
    zone = ibis.window(group_by=[DAY, "zone_id"])
    share = placed.REQUESTED / placed.REQUESTED.sum().over(zone).nullif(0)
    weight = (placed.zone_idle * share * 1e6).round().cast("int64")
    return placed.select(*BY, idle=weight.coalesce(0))


def slices(
    tables: Tables, rates: Rates, leaks: leakage.LeakageRates, days: Sequence[date]
) -> ir.Table:
    """The additive measures of ``days`` by slice, minutes still in milliseconds."""
    found = {
        source: ledger.on_days(table, days)
        for source, table in entries(tables, rates, leaks).items()
    }
    parts = [sums(table, source, BY) for source, table in found.items()]
    quotes = ledger.on_days(ledger.quote_entries(tables["exposures"], tables["orders"]), days)
    parts.append(sums(quotes, "exposures", BY))
    shared = ledger.on_days(shared_entries(tables, _direct(tables, days), rates), days)
    parts.append(sums(shared, "shared", BY))
    whole = together(parts, BY)
    return whole.filter(*(whole[c].notnull() for c in SLICE))


def _direct(tables: Tables, days: Sequence[date]) -> ir.Table:
    """Orders and milliseconds of finished trips by slice, the weights of what is spread."""
    orders = ledger.on_days(tables["orders"], days)
    done = tables["trips"].filter(tables["trips"].status == "COMPLETED")
    driven = done.group_by("order_id").aggregate(ms=_ms(done.duration_minutes).sum())
    o = orders.left_join(driven, "order_id")
    return o.group_by(list(BY)).aggregate(
        REQUESTED=o.count(), TRIP_MS=o.ms.sum().coalesce(0).cast("int64")
    )


def finished(summed: ir.Table, by: Sequence[str], targets: Targets) -> ir.Table:
    """Summed measures with waterfall, minutes, ratios, growth on last week and the two scores."""
    whole = totals(summed)
    whole = whole.mutate(**{name: whole[name] / float(MS_PER_MINUTE) for name in MINUTES})
    return _scores(_growth(ratios(whole), by), targets)


def _growth(table: ir.Table, by: Sequence[str]) -> ir.Table:
    """Contribution against the same weekday last week, NULL unless that was positive."""
    before = table.select(
        (table[DAY] + ibis.interval(days=WEEK_DAYS)).cast("date").name(DAY),
        *(c for c in by if c != DAY),
        last_week=table.contribution_cents,
    )
    joined = table.left_join(before, list(by))
    joined = joined.drop(*(c for c in joined.columns if c.endswith("_right")))
    base = ibis.ifelse(joined.last_week > 0, joined.last_week, None)
    return joined.mutate(profit_growth=joined.contribution_cents / base - 1).drop("last_week")


def _clipped(value: ir.Value) -> ir.Value:
    return value.clip(lower=0.0, upper=1.0)


def _scores(table: ir.Table, targets: Targets) -> ir.Table:
    """Efficiency and optimisation, 0..100; NULL where a part is not known.

    Where net revenue is negative a loss divided by a loss would look like a profit: efficiency and
    the margin's part are 0 there.
    """
    earns = table.net_revenue_cents > 0
    efficiency = _clipped(1.0 - table.costs_cents / table.net_revenue_cents.nullif(0))
    parts = [
        _clipped(table.revenue_capture_rate / targets.capture),
        _clipped((2 * targets.leakage - table.leakage_rate) / targets.leakage),
        ibis.ifelse(earns, _clipped(table.profit_margin / targets.margin), table.profit_margin * 0),
        _clipped(table.driver_utilization / targets.utilization),
    ]
    return table.mutate(
        cost_efficiency_score=100.0 * ibis.ifelse(earns, efficiency, efficiency * 0),
        optimization_score=100.0 * (parts[0] + parts[1] + parts[2] + parts[3]) / len(parts),
    )


def company(summed: ir.Table, tables: Tables, days: Sequence[date], targets: Targets) -> ir.Table:
    """One row per day: the slices added up, and what does not add up over slices."""
    day = together([summed], (DAY,))
    whole = finished(day, (DAY,), targets)
    riders = _riders(tables, days)
    churned = _churned(tables["rider_days"], days)
    joined = whole.left_join(riders, DAY).drop(f"{DAY}_right")
    joined = joined.left_join(churned, DAY).drop(f"{DAY}_right")
    joined = joined.mutate(
        **{c: joined[c].coalesce(0) for c in ("active_riders", "new_subscribers")},
        optimization_actions=ibis.literal(0),
        optimization_value_cents=ibis.null("int64"),
    )
    return ratios(joined, COMPANY_RATIOS).drop("new_subscribers", "active_without_plan")


def _riders(tables: Tables, days: Sequence[date]) -> ir.Table:
    """Riders who ordered, those of them without a plan that morning, and who of these took one."""
    orders = ledger.on_days(tables["orders"], days)
    active = orders.select(DAY, "rider_id").distinct()
    s = tables["subscriptions"]
    pairs = active.left_join(s, "rider_id")
    day = pairs[DAY]
    ran = (pairs.started_on < day) & (pairs.ended_on.isnull() | (pairs.ended_on >= day))
    per_rider = pairs.group_by(DAY, "rider_id").aggregate(
        had=ran.fill_null(False).any(), took=(pairs.started_on == day).fill_null(False).any()
    )
    return per_rider.group_by(DAY).aggregate(
        active_riders=per_rider.count(),
        active_without_plan=per_rider.count(where=~per_rider.had),
        new_subscribers=per_rider.count(where=~per_rider.had & per_rider.took),
    )


def _churned(rider_days: ir.Table, days: Sequence[date], after: int = CHURN_DAYS) -> ir.Table:
    """Riders who ordered ``after`` days ago and never since; no row for a day whose past the lake
    does not hold."""
    r = rider_days.filter(rider_days.orders > 0)
    following = r.day.lead().over(ibis.window(group_by="rider_id", order_by="day"))
    r = r.mutate(churns_on=(r.day + ibis.interval(days=after)).cast("date"), following=following)
    lost = r.following.isnull() | (r.following > r.churns_on)
    counted = r.group_by(r.churns_on.name(DAY)).aggregate(churned_riders=r.count(where=lost))
    return ledger.on_days(counted, days)
