"""One day of the city as it is delivered, and the truth behind it."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from core.errors import BadInput
from core.schema import asset_schema
from simulator import activity, snapshots, tables
from simulator.book import Book, Day
from simulator.city import VERTICALS, City
from simulator.conversation_tables import (
    TRUTH_COLUMNS,
    as_table,
    conversation_row,
    feedback_row,
    message_rows,
    truth_row,
)
from simulator.conversations import hold
from simulator.desk import end
from simulator.dirt import Note, soil, truth_table
from simulator.leakage import KINDS
from simulator.ledger import LONGEST_DELAY_DAYS
from simulator.orders import BY_SYSTEM, first_number
from simulator.people import Ints
from simulator.randomness import stream
from simulator.tables import ids, words

Tables = dict[str, pa.Table]
UNMET_SHARE = 0.05
AGES = ("21-29", "30-39", "40-49", "50-59", "60+")


def unmet(city: City, d: Day) -> Ints:
    """Orders that found no driver, by zone and hour."""
    lost = (d.orders.driver < 0) & (d.orders.by != BY_SYSTEM)
    quote = d.orders.quote[lost]
    count = np.zeros((len(city.zones), 24), dtype=np.int64)
    np.add.at(count, (d.quotes.zone[quote], d.quotes.hour[quote]), 1)
    return count


def simulate_history(book: Book, day: date) -> tuple[Tables, Tables]:
    """A day before the first order: driver_days, rider_days and market_hours, drawn alike."""
    city, market = book.city, book.market(day)
    rng = stream(city.params.seed, "unmet", day)
    requests = book.requests(day).sum(axis=2)
    missed = rng.binomial(requests, UNMET_SHARE)
    delivered = {
        "driver_days": activity.drawn_driver_days(city, market, book.shifts(day)),
        "rider_days": activity.drawn_rider_days(city, market, int(requests.sum())),
        "market_hours": snapshots.market_hours_table(city, book, day, requests, missed),
    }
    return _soiled(city, day, delivered, {})


def simulate_day(book: Book, day: date) -> tuple[Tables, Tables]:
    """One whole day: what is delivered, and the truth. The same bytes whatever was made before,
    as far as the policies give the same answers.

    Raises
    ------
    BadInput
        For a day before the city's history.
    """
    if day < book.city.first_day:
        raise BadInput(
            f"expected a day from {book.city.first_day} on, got {day}; the city has "
            f"{book.city.params.history_days} days of history before {book.city.last_day}"
        )
    make = simulate_history if day < book.city.first_order_day else simulate_full
    return make(book, day)


def simulate_full(book: Book, day: date) -> tuple[Tables, Tables]:
    """A day with orders and conversations.

    Trips and payments hold what ends or is booked that day, also for orders of the days before.
    """
    city, today = book.city, book.day(day)
    span = (day - city.first_order_day).days
    back = range(min(LONGEST_DELAY_DAYS, max(span, 0)), 0, -1)
    before = [book.day(day - timedelta(days=k)) for k in back]
    requests = today.requests.sum(axis=2)
    delivered = {
        "orders": tables.orders_table(city, today),
        "trips": tables.trips_table(city, today, before[-1] if before else None),
        "payments": tables.payments_table(city, day, [*before, today]),
        "exposures": tables.exposures_table(city, today, book.policies.pricing_version),
        "promotions": snapshots.promotions_table(city, today),
        "driver_days": activity.driver_days_of_orders(city, today),
        "rider_days": activity.rider_days_of_orders(city, today),
        "drivers": snapshots.drivers_table(city, day),
        "vehicles": snapshots.vehicles_table(city, day),
        "riders": snapshots.riders_table(city, day),
        "subscriptions": snapshots.subscriptions_table(city, day),
        "market_hours": snapshots.market_hours_table(city, book, day, requests, unmet(city, today)),
    }
    truth = {
        "intensity": intensity_truth(city, book, day),
        "quotes": quotes_truth(city, today),
        "leakage": leakage_truth(city, today),
        "drivers": drivers_truth(city, day),
    }
    talks, talk_truth = support(book, day)
    return _soiled(city, day, {**delivered, **talks}, {**truth, **talk_truth})


def support(book: Book, day: date) -> tuple[Tables, Tables]:
    """The conversations that begin on a day, with everything that still happened to them."""
    city = book.city
    talks = hold(city, book.day(day), city.texts, book.policies.answer)
    rng = stream(city.params.seed, "desk", day)
    endings = [end(talk, rng) for talk in talks]
    messages, feedback = [], []
    for talk, ending in zip(talks, endings, strict=True):
        rows = message_rows(talk, rng)
        messages += rows
        rated = feedback_row(talk, ending, rows, rng)
        feedback += [rated] if rated else []
    both = list(zip(talks, endings, strict=True))
    rows_of = {
        "conversations": [conversation_row(*pair) for pair in both],
        "messages": messages,
        "feedback": feedback,
    }
    made = {name: as_table(asset_schema(name).names, rows, day) for name, rows in rows_of.items()}
    truth = as_table(TRUTH_COLUMNS, [truth_row(*pair) for pair in both], day)
    return made, {"conversations": truth}


def _soiled(city: City, day: date, delivered: Tables, truth: Tables) -> tuple[Tables, Tables]:
    """Break a few rows of each table; what was broken joins the truth."""
    rng = stream(city.params.seed, "dirt", day)
    dirty: Tables = {}
    notes: list[Note] = []
    for asset, table in delivered.items():
        key = asset_schema(asset).key[0]
        dirty[asset], found = soil(asset, key, table, city.params.dirty_share, rng)
        notes += found
    return dirty, {**truth, "dirt": truth_table(notes)}


def intensity_truth(city: City, book: Book, day: date) -> pa.Table:
    """Expected requests by zone, hour and vertical."""
    market = book.market(day)
    zone, hour, vertical = (i.ravel() for i in np.indices(market.intensity.shape))
    return pa.table(
        {
            "zone_id": city.zone_ids.take(pa.array(zone)),
            "hour": hour,
            "vertical": words(VERTICALS, vertical),
            "expected_requests": market.intensity.ravel(),
            "competitor": market.competitor[zone, hour],
        }
    )


def quotes_truth(city: City, d: Day) -> pa.Table:
    """The chance with which each quote was going to be accepted."""
    numbers = first_number(city, d.market)
    return pa.table(
        {
            "exposure_id": ids("EXP", numbers + np.arange(len(d.quotes))),
            "chance": d.quotes.chance,
        }
    )


def leakage_truth(city: City, d: Day) -> pa.Table:
    """The incidents injected into the day's orders."""
    order = d.incidents.order
    return pa.table(
        {
            "order_id": ids("ORD", d.orders.number[order]),
            "kind": words(KINDS, d.incidents.kind),
            "cents": d.incidents.cents,
            "rider_id": city.rider_ids.take(pa.array(d.quotes.rider[d.orders.quote[order]])),
            "driver_id": city.driver_ids.take(pa.array(d.orders.driver[order])),
        }
    )


def drivers_truth(city: City, day: date) -> pa.Table:
    """What each driver really is: groups for the fairness report, propensities of the day."""
    names = ("five_stars", "accept", "cancel", "on_time", "eta_hit")
    group = np.searchsorted([30, 40, 50, 60], city.drivers.age, side="right")
    return pa.table(
        {
            "driver_id": city.driver_ids,
            "woman": city.drivers.woman,
            "age_group": words(AGES, group),
            "home_zone": city.zone_ids.take(pa.array(city.drivers.home)),
            **dict(zip(names, city.drivers.propensities(day), strict=True)),
        }
    )
