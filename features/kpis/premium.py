"""Daily premium KPIs of domain.md 4.4, by the economic day of the order.

A premium request is a RIDE order of a class above STANDARD. Its driver counts as premium if the
day's snapshot gives a tier not below the floor of the class; an order without a trip has no known
driver. A ride is a repeat if its rider completed another premium ride in the days before: looking
back, so that the row never waits for the future. The nearest driver's pick-up is not in the lake
until a dispatch log is: those columns are NULL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from features.kpis.ledger import DAY, SETTLED, on_days, with_returned
from features.kpis.measures import Ratio, ratios

TIERS = ("NONE", "BRONZE", "SILVER", "GOLD", "PLATINUM")
FLOORS = {"LUXURY": "BRONZE", "PREMIUM": "SILVER", "VIP": "GOLD"}
MS_PER_MINUTE = 60_000
THOUSAND = 1000

RATIOS = (
    Ratio("adoption", "premium_completed", "ride_completed"),
    Ratio("average_fee_cents", "fee_cents", "premium_completed"),
    Ratio("match_rate", "matched", "premium_requests"),
    Ratio("fallback_rate", "fell_back", "premium_requests"),
    Ratio("mean_pickup_minutes", "pickup_thousandths", "pickups", 1 / THOUSAND),
    Ratio("mean_ride_rating", "stars", "ratings"),
    Ratio("refund_rate", "refunded_orders", "premium_completed"),
    Ratio("repeat_rate", "repeats", "premium_completed"),
    Ratio("utilisation", "engaged_ms", "online_ms"),
    Ratio("earnings_gini", "gini_above", "gini_below"),
    Ratio("retention", "still_active", "once_active"),
)
COUNTS = ("ride_completed", "premium_requests", "premium_completed", "premium_revenue_cents")
NOT_LOGGED = ("nearest_mean_pickup_minutes", "nearest_p90_pickup_minutes")
STORED = (*COUNTS, *(r.name for r in RATIOS), "p90_pickup_minutes", *NOT_LOGGED)
Tables = Mapping[str, ir.Table]


@dataclass(frozen=True, slots=True)
class Terms:
    """The RIDE fare table in cents, and the windows in days."""

    km: int
    minute: int
    minimum: int
    booking: int
    repeat_days: int
    retention_days: int
    active_days: int


def _rank(tier: ir.Value) -> ir.Value:
    return ibis.cases(*((tier == name, place) for place, name in enumerate(TIERS)), else_=0)


def _floor(service_class: ir.Value) -> ir.Value:
    return ibis.cases(*((service_class == name, TIERS.index(t)) for name, t in FLOORS.items()))


def standard_fare(orders: ir.Table, terms: Terms) -> ir.Value:
    """What the ride had cost in STANDARD: domain.md 4.3, each step rounded half up."""
    metered = orders.distance_km * terms.km + orders.duration_minutes * terms.minute
    base = ibis.greatest((metered + 0.5).floor() + terms.booking, terms.minimum)
    return ibis.greatest((base * orders.surge + 0.5).floor(), terms.minimum).cast("int64")


def rides(tables: Tables, terms: Terms) -> ir.Table:
    """One row per premium request with everything its day adds up."""
    orders = tables["orders"]
    asked = orders.filter(orders.vertical == "RIDE", orders.service_class != "STANDARD")
    trips = tables["trips"].select("order_id", "driver_id", "gross_fare", "rating")
    p = with_returned(tables["payments"], tables["trips"])
    paid = p.group_by("order_id").aggregate(
        bonus=p.amount.sum(where=p.status.isin(SETTLED) & (p.kind == "BONUS")),
        refund=p.returned.sum(),
    )
    tiers = tables["tiers"].select("driver_id", "tier", snapshot="day")
    t = asked.left_join(trips, "order_id").drop("order_id_right").left_join(paid, "order_id")
    t = t.drop("order_id_right")
    t = t.left_join(tiers, [t.driver_id == tiers.driver_id, t[DAY] == tiers.snapshot])
    done = t.status == "COMPLETED"
    fits = _rank(t.tier) >= _floor(t.service_class)
    served = t.driver_id.notnull()
    known = done & t.eta_actual_minutes.notnull()
    counted = {
        "premium_requests": ibis.literal(1),
        "premium_completed": done,
        "fee_cents": ibis.ifelse(done, t.gross_fare - standard_fare(t, terms), 0),
        "bonus_cents": t.bonus,
        "refund_cents": t.refund,
        "refunded_orders": done & (t.refund > 0),
        "matched": served & fits,
        "fell_back": served & ~fits,
        "pickups": known,
        "pickup_thousandths": ibis.ifelse(known, (t.eta_actual_minutes * THOUSAND).round(), 0),
        "stars": t.rating,
        "ratings": t.rating.notnull(),
    }
    filled = {name: value.cast("int64").coalesce(0) for name, value in counted.items()}
    pickup = ibis.ifelse(known, t.eta_actual_minutes, None)
    return t.select("rider_id", "closed_at", DAY, pickup_minutes=pickup, **filled)


def _with_repeats(asked: ir.Table, terms: Terms, first: date | None) -> ir.Table:
    """``repeats``: 1 for a completed ride whose rider had another one shortly before; NULL where
    the lake, which begins at ``first``, does not reach back so far."""
    by_rider = ibis.window(group_by=["rider_id", "premium_completed"], order_by="closed_at")
    before = asked.closed_at.lag().over(by_rider)
    again = before >= asked.closed_at - ibis.interval(days=terms.repeat_days)
    reaches = (asked[DAY] - ibis.interval(days=terms.repeat_days)).cast("date") >= first
    repeats = again.fill_null(False).cast("int64") * asked.premium_completed
    return asked.mutate(repeats=ibis.ifelse(reaches, repeats, None))


def premium(tables: Tables, days: Sequence[date], terms: Terms, first: date | None) -> ir.Table:
    """The stored columns, one row for each of ``days``; ``first`` is the lake's first order day."""
    orders = on_days(tables["orders"], days)
    ridden = orders.filter(orders.vertical == "RIDE")
    whole = orders.group_by(DAY).aggregate(orders_of_day=orders.count())
    done = ridden.group_by(DAY).aggregate(
        ride_completed=ridden.count(where=ridden.status == "COMPLETED")
    )
    asked = on_days(_with_repeats(rides(tables, terms), terms, first), days)
    kept = ("rider_id", "closed_at", DAY, "pickup_minutes")
    sums = {c: asked[c].sum().cast("int64") for c in asked.columns if c not in kept}
    of_rides = asked.group_by(DAY).aggregate(
        **sums, p90_pickup_minutes=asked.pickup_minutes.quantile(0.9)
    )
    parts = [done, of_rides, drivers(tables, days), retention(tables, days, terms)]
    for part in parts:
        whole = whole.left_join(part, DAY).drop(f"{DAY}_right")
    counts = ("ride_completed", "premium_requests", "premium_completed")
    money = ("fee_cents", "bonus_cents", "refund_cents")
    whole = whole.mutate(**{c: whole[c].coalesce(0) for c in (*counts, *money)})
    whole = whole.mutate(
        premium_revenue_cents=whole.fee_cents - whole.bonus_cents - whole.refund_cents,
        **{c: ibis.null("float64") for c in NOT_LOGGED},
    )
    return ratios(whole, RATIOS).select(DAY, *STORED)


def drivers(tables: Tables, days: Sequence[date]) -> ir.Table:
    """Time and earnings of the day's premium drivers who were online, as sums of whole numbers.

    The Gini coefficient is ``sum((2 i - n - 1) x_i) / (n sum(x))``, earnings in rising order.
    """
    d, tiers = tables["driver_days"], tables["tiers"]
    premium_ones = tiers.filter(_rank(tiers.tier) > 0)
    d = d.filter(d.day.isin(list(days)), d.online_minutes > 0)
    d = d.semi_join(premium_ones, ["driver_id", "day"])
    d = d.mutate(earned=d.earnings + d.bonus)
    day = ibis.window(group_by="day")
    place = ibis.row_number().over(ibis.window(group_by="day", order_by=["earned", "driver_id"]))
    d = d.mutate(weight=2 * place + 1 - d.count().over(day), drivers=d.count().over(day))
    return d.group_by(d.day.name(DAY)).aggregate(
        engaged_ms=(d.engaged_minutes * MS_PER_MINUTE).round().cast("int64").sum(),
        online_ms=(d.online_minutes * MS_PER_MINUTE).round().cast("int64").sum(),
        gini_above=(d.weight * d.earned).sum(),
        gini_below=(d.drivers * d.earned).sum(),
    )


def retention(tables: Tables, days: Sequence[date], terms: Terms) -> ir.Table:
    """Of the premium drivers ``retention_days`` ago who were active then: how many still are.

    Active on a day: online on one of the ``active_days`` days that end with it.
    """
    tiers, d = tables["tiers"], tables["driver_days"]
    then = tiers.filter(_rank(tiers.tier) > 0).select("driver_id", snapshot="day")
    online = d.filter(d.online_minutes > 0).select("driver_id", "day")
    pairs = then.join(online, "driver_id")
    later = (pairs.snapshot + ibis.interval(days=terms.retention_days)).cast("date")
    since = ibis.interval(days=terms.active_days)
    pairs = pairs.mutate(
        **{DAY: later},
        was=(pairs.day <= pairs.snapshot) & (pairs.day > pairs.snapshot - since),
        still=(pairs.day <= later) & (pairs.day > later - since),
    )
    wanted = pairs.filter(pairs[DAY].isin(list(days)))
    each = wanted.group_by(DAY, "driver_id").aggregate(was=wanted.was.any(), now=wanted.still.any())
    return each.group_by(DAY).aggregate(
        once_active=each.count(where=each.was), still_active=each.count(where=each.was & each.now)
    )
