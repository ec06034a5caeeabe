"""Arrays of a day as Arrow tables in the canonical columns: orders, trips, payments, exposures."""

from collections.abc import Sequence
from datetime import date
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.book import Day
from simulator.city import CLASSES, RIDE, VERTICALS, City
from simulator.clock import at
from simulator.ledger import KINDS, STATUSES, SUFFIXES
from simulator.orders import BY, COMPLETED, METHODS, first_number
from simulator.orders import STATUSES as ORDER_STATUSES
from simulator.people import Bools, Ints
from simulator.quotes import OFFER_CENTS, OFFER_CHANCE, OFFERS, RIDE_TYPES, Quotes

DAY_S = 86_400.0
OFFER_POLICY = "offer-trial-1"
PRODUCTS = (*(f"RIDE_{c}" for c in CLASSES), *(f"{v}_STANDARD" for v in VERTICALS[1:]))


def words(names: Sequence[str], index: Ints, missing: Bools | None = None) -> pa.Array:
    """``names[index]``; NULL where missing."""
    return pa.array(names, pa.string()).take(pa.array(index, pa.int64(), mask=missing))


def ids(prefix: str, numbers: Ints, missing: Bools | None = None) -> pa.Array:
    """``prefix`` and number; NULL where missing."""
    digits = pa.array(numbers, pa.int64(), mask=missing).cast(pa.string())
    return pc.binary_join_element_wise(prefix, digits, "")


def floats(values: np.ndarray, missing: Bools | None = None) -> pa.Array:
    """NaN is NULL."""
    return pa.array(values, pa.float64(), mask=np.isnan(values) if missing is None else missing)


def constant(text: str, n: int) -> pa.Array:
    """The same word n times."""
    return pa.repeat(pa.scalar(text), n)


def orders_table(city: City, d: Day) -> pa.Table:
    """One row an accepted quote. Distance and minutes are the estimates of the quote."""
    o, day = d.orders, d.market.day
    q = Quotes(*(getattr(d.quotes, name)[o.quote] for name in Quotes.__slots__))
    not_ride, n = q.vertical != RIDE, len(o)
    product = np.where(not_ride, len(CLASSES) - 1 + q.vertical, q.service_class)
    return pa.table(
        {
            "order_id": ids("ORD", o.number),
            "rider_id": city.rider_ids.take(pa.array(q.rider)),
            "vertical": words(VERTICALS, q.vertical),
            "ride_type": words(RIDE_TYPES, q.ride_type, not_ride),
            "service_class": words(CLASSES, q.service_class),
            "product": words(PRODUCTS, product),
            "zone_id": city.zone_ids.take(pa.array(q.zone)),
            "dropoff_zone_id": city.zone_ids.take(pa.array(q.to_zone)),
            "pickup_lat": np.round(city.latitude(q.y), 6),
            "pickup_lon": np.round(city.longitude(q.x), 6),
            "dropoff_lat": np.round(city.latitude(q.to_y), 6),
            "dropoff_lon": np.round(city.longitude(q.to_x), 6),
            "requested_at": at(day, o.requested),
            "scheduled_at": at(day, o.scheduled),
            "matched_at": at(day, o.matched),
            "picked_up_at": at(day, o.picked_up),
            "completed_at": at(day, o.completed),
            "cancelled_at": at(day, o.cancelled),
            "cancelled_by": words(BY, o.by, o.by < 0),
            "status": words(ORDER_STATUSES, o.status),
            "quoted_fare": q.price,
            "surge": q.multiplier,
            "distance_km": q.km,
            "duration_minutes": q.minutes,
            "eta_quoted_minutes": o.promised,
            "eta_actual_minutes": floats(o.actual),
            "currency": constant("USD", n),
            "source": constant("simulated", n),
        }
    )


def _trips_of(city: City, d: Day, after: float, before: float) -> pa.Table:
    """Trips of a day's orders that end in [after, before) seconds since that day's midnight."""
    o, day = d.orders, d.market.day
    i = np.flatnonzero(o.done & (o.completed >= after) & (o.completed < before))
    driver = pa.array(o.driver[i])
    return pa.table(
        {
            "trip_id": ids("TRP", o.number[i]),
            "order_id": ids("ORD", o.number[i]),
            "driver_id": city.driver_ids.take(driver),
            "vehicle_id": city.vehicle_ids.take(driver),
            "started_at": at(day, o.picked_up[i]),
            "ended_at": at(day, o.completed[i]),
            "distance_km": o.km[i],
            "duration_minutes": o.minutes[i],
            "wait_minutes": o.board[i],
            "gross_fare": o.gross[i],
            "tolls": o.tolls[i],
            "taxes": o.taxes[i],
            "tips": o.tips[i],
            "promotion": o.promotion[i],
            "driver_pay": o.pay[i],
            "driver_pay_derived": np.zeros(len(i), dtype=bool),
            "rating": pa.array(o.rating[i], pa.int64(), mask=o.rating[i] == 0),
            "status": words(ORDER_STATUSES, np.full(len(i), COMPLETED)),
        }
    )


def trips_table(city: City, today: Day, yesterday: Day | None) -> pa.Table:
    """Trips that end today, those of last night's orders first. ``wait_minutes`` is how long the
    driver stood at the pick-up."""
    parts = [_trips_of(city, today, 0, DAY_S)]
    if yesterday is not None:
        parts.insert(0, _trips_of(city, yesterday, DAY_S, 2 * DAY_S))
    return pa.concat_tables(parts)


def payments_table(city: City, day: date, near: Sequence[Day]) -> pa.Table:
    """Payments booked on ``day`` for the orders of ``near``, that day and those before it."""
    parts = []
    for d in near:
        start = (day - d.market.day).days * DAY_S
        b, o = d.ledger, d.orders
        i = np.flatnonzero((b.at >= start) & (b.at < start + DAY_S))
        order = ids("ORD", o.number[b.order[i]])
        stem = ids("PAY", o.number[b.order[i]])
        parts.append(
            pa.table(
                {
                    "payment_id": pc.binary_join_element_wise(
                        stem, words(SUFFIXES, b.suffix[i]), ""
                    ),
                    "order_id": order,
                    "kind": words(KINDS, b.kind[i]),
                    "method": words(METHODS, b.method[i]),
                    "status": words(STATUSES, b.status[i]),
                    "amount": b.cents[i],
                    "currency": constant("USD", len(i)),
                    "at": at(d.market.day, b.at[i]),
                }
            )
        )
    return pa.concat_tables(parts)


@cache
def _numbers(step: int, top: int, digits: int) -> pa.Array:
    """JSON numbers 0, 1/step, 2/step ... as text, to be taken by index."""
    return pa.array([f"{i / step:.{digits}f}" for i in range(top * step + 2)], pa.string())


def _scaled(values: np.ndarray, step: int) -> pa.Array:
    return pa.array(np.rint(values * step).astype(np.int64))


def quote_contexts(city: City, d: Day) -> pa.Array:
    """What was known at the quote, as JSON; what a zone and hour share is written once."""
    m, q, zones = d.market, d.quotes, city.zone_ids.to_pylist()
    place = [
        f'{{"zone":"{zones[z]}","hour":{h},"competitor_index":{m.competitor_seen[z, h]:.4f},'
        f'"weather":{m.weather[h]:.3f},"event":{m.event[z, h]:.2f},'
        f'"holiday":{str(m.holiday).lower()},"holdout":{str(bool(d.slots.holdout[z, h])).lower()},'
        '"vertical":"'
        for z, h in np.ndindex(d.slots.holdout.shape)
    ]
    return pc.binary_join_element_wise(
        words(place, np.ravel_multi_index((q.zone, q.hour), d.slots.holdout.shape)),
        words([f'{v}","multiplier":' for v in VERTICALS], q.vertical),
        _numbers(1000, 5, 3).take(_scaled(q.multiplier, 1000)),
        ',"base_fare":',
        pa.array(q.base).cast(pa.string()),
        ',"eta":',
        _numbers(10, 21, 1).take(_scaled(q.eta, 10)),
        ',"distance_km":',
        _numbers(100, 50, 2).take(_scaled(q.km, 100)),
        ',"duration_minutes":',
        _numbers(10, 100, 1).take(_scaled(q.minutes, 10)),
        words([f',"service_class":"{c}"}}' for c in CLASSES], q.service_class),
        "",
    )


def exposures_table(city: City, d: Day, policy_version: str) -> pa.Table:
    """Every price shown (QUOTE) and every offer drawn (OFFER), with the chance it had.

    The action of a quote is its multiplier. A price in the holdout was certain; elsewhere the
    chance is that of the draw. ``price`` is the fare before plan and offer.
    """
    q, o, day, n = d.quotes, d.orders, d.market.day, len(d.quotes)
    first = first_number(city, d.market)
    order = np.zeros(n, dtype=np.int64)
    order[o.quote] = o.number
    versions = (policy_version, f"{policy_version}+explore")
    quotes = pa.table(
        {
            "exposure_id": ids("EXP", first + np.arange(n)),
            "order_id": ids("ORD", order, order == 0),
            "rider_id": city.rider_ids.take(pa.array(q.rider)),
            "kind": constant("QUOTE", n),
            "action": _numbers(1000, 5, 3).take(_scaled(q.multiplier, 1000)),
            "price": q.price,
            "propensity": q.propensity,
            "policy_version": words(versions, (~q.holdout).astype(np.int64)),
            "shown_at": at(day, q.second),
            "accepted": q.accepted,
            "context": quote_contexts(city, d),
        }
    )
    return pa.concat_tables([quotes, _offers(city, d, first)])


def used_offers(d: Day) -> Ints:
    """For every drawn rider the position of the completed order that used the offer, or -1."""
    o = d.orders
    used = np.flatnonzero(o.done & (d.quotes.offer[o.quote] > 0))
    place = np.full(int(max(d.quotes.rider.max(initial=0), d.trial.rider.max(initial=0))) + 1, -1)
    place[d.quotes.rider[o.quote[used]]] = used
    return np.asarray(place[d.trial.rider])


def _offers(city: City, d: Day, first: int) -> pa.Table:
    n, used = len(d.trial.rider), used_offers(d)
    numbers = d.orders.number[used] if len(d.orders) else np.zeros(n, dtype=np.int64)
    return pa.table(
        {
            "exposure_id": ids("EXO", first + np.arange(n)),
            "order_id": ids("ORD", numbers, used < 0),
            "rider_id": city.rider_ids.take(pa.array(d.trial.rider)),
            "kind": constant("OFFER", n),
            "action": words(OFFERS, d.trial.offer),
            "price": pa.array(OFFER_CENTS[d.trial.offer]),
            "propensity": np.array(OFFER_CHANCE)[d.trial.offer],
            "policy_version": constant(OFFER_POLICY, n),
            "shown_at": at(d.market.day, np.asarray(np.arange(n) % 600, dtype=np.float64)),
            "accepted": used >= 0,
            "context": constant("{}", n),
        }
    )
