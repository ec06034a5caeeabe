from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import BadInput
from core.schema import ASSETS, asset_schema
from simulator.book import Book
from simulator.day import simulate_day
from simulator.dispatch import pair
from simulator.leakage import KINDS
from simulator.orders import CANCELLED, COMPLETED, EXPIRED
from simulator.policies import Policies, flat_multiplier
from simulator.supply import make_shifts
from simulator.tables import trips_table
from simulator.truth import Situation, acceptance, intensity
from store.lake import conform
from tests.small_city import POLICIES, shared_book, small_city


@pytest.fixture(scope="module")
def book():
    return shared_book()


@pytest.fixture(scope="module")
def city(book):
    return book.city


@pytest.fixture(scope="module")
def clean():
    """The last two days of a city that breaks no rows."""
    city = small_city(**{"simulator.dirty_share": 0.0})
    book = Book(city, POLICIES)
    first = city.last_day - timedelta(days=1)
    days = [book.day(first), book.day(city.last_day)]
    return city, days, [simulate_day(book, first)[0], simulate_day(book, city.last_day)[0]]


def as_bytes(table):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def test_a_day_made_alone_has_the_bytes_of_a_day_made_in_line(city):
    passed = Book(city, POLICIES)
    for k in (3, 2, 1):
        simulate_day(passed, city.last_day - timedelta(days=k))
    in_line, truth_in_line = simulate_day(passed, city.last_day)
    alone, truth_alone = simulate_day(Book(city, POLICIES), city.last_day)
    for asset, table in alone.items():
        assert as_bytes(table) == as_bytes(in_line[asset]), asset
    for name, table in truth_alone.items():
        assert as_bytes(table) == as_bytes(truth_in_line[name]), name


def test_another_seed_is_another_city(city):
    other = Book(small_city(**{"simulator.seed": 1}), POLICIES)
    assert not simulate_day(other, city.last_day)[0]["orders"].equals(
        simulate_day(Book(city, POLICIES), city.last_day)[0]["orders"]
    )


def test_every_asset_of_the_contract_is_delivered_and_fits_it(book, city):
    delivered, _ = simulate_day(book, city.last_day)
    assert set(delivered) == set(ASSETS)
    for asset, table in delivered.items():
        fitted = conform(table, asset_schema(asset))
        for column in asset_schema(asset).columns:
            if not column.nullable:
                assert fitted[column.name].null_count == 0, (asset, column.name)


def test_a_day_before_the_history_is_refused(book, city):
    with pytest.raises(BadInput, match="expected a day from"):
        simulate_day(book, city.first_day - timedelta(days=1))


@pytest.mark.parametrize("bad", [np.nan, 0.5, 2.4])
def test_a_price_beyond_the_limits_is_refused(city, bad):
    policies = Policies(lambda slots: np.full(slots.num_rows, bad), POLICIES.answer)
    with pytest.raises(BadInput, match=r"multipliers from 0\.7 to 2\.0"):
        Book(city, policies).day(city.last_day)


@pytest.fixture(scope="module")
def busy_days():
    """Two days in a row of a city where people travel all night."""
    city = small_city(**{"simulator.orders_per_day": 6000, "simulator.drivers": 1200})
    book = Book(city, POLICIES)
    return city, [book.day(city.last_day - timedelta(days=1)), book.day(city.last_day)]


def test_no_driver_ever_holds_two_orders_not_even_around_midnight(busy_days):
    _, days = busy_days
    spans = []
    for k, day in enumerate(days):
        o = day.orders
        i = np.flatnonzero(o.driver >= 0)
        times = np.stack([o.driver[i], o.matched[i] + 86_400 * k, o.released[i] + 86_400 * k])
        spans.append(times)
    driver, start, end = np.concatenate(spans, axis=1)
    order = np.lexsort((start, driver))
    same = driver[order][1:] == driver[order][:-1]
    assert (end[start < 86_400] > 86_400).any()
    assert (start[order][1:] >= end[order][:-1])[same].all()


def test_each_status_has_the_times_it_needs_in_order(clean):
    _, days, _ = clean
    o = days[1].orders
    assert set(o.status) == {COMPLETED, CANCELLED, EXPIRED} or set(o.status) == {0, 1}
    done = o.done
    assert (o.requested[done] < o.matched[done]).all()
    assert (o.matched[done] < o.picked_up[done]).all()
    assert (o.picked_up[done] < o.completed[done]).all()
    assert np.isnan(o.completed[~done]).all()
    assert (~np.isnan(o.cancelled) == (o.status == CANCELLED)).all()
    assert (o.by >= 0).sum() == (o.status == CANCELLED).sum()


def test_orders_are_the_accepted_quotes_and_name_each_other(clean):
    _, _, delivered = clean
    exposures = delivered[1]["exposures"].to_pandas()
    quotes = exposures[exposures["kind"] == "QUOTE"]
    assert (quotes["accepted"] == quotes["order_id"].notna()).all()
    orders = delivered[1]["orders"].to_pandas().set_index("order_id")
    shown = quotes.dropna(subset="order_id").set_index("order_id")["price"]
    assert orders["quoted_fare"].equals(shown.rename("quoted_fare").loc[orders.index])


def test_keys_are_unique_across_days(clean):
    _, _, delivered = clean
    for asset in ("orders", "trips", "payments", "exposures", "promotions", "conversations"):
        key = asset_schema(asset).key[0]
        keys = [k for day in delivered for k in day[asset][key].to_pylist()]
        assert len(keys) == len(set(keys)), asset


def test_trips_and_payments_stand_on_the_day_they_happen(clean):
    city, _, delivered = clean
    for asset, column in (("trips", "ended_at"), ("payments", "at"), ("orders", "requested_at")):
        table = delivered[1][asset].to_pandas()
        assert set(table[column].map(lambda t: t.date())) == {city.last_day}
    yesterday = set(delivered[0]["orders"]["order_id"].to_pylist())
    assert yesterday & set(delivered[1]["payments"]["order_id"].to_pylist())


def test_a_trip_over_midnight_is_delivered_with_the_day_it_ends(busy_days):
    city, (evening, today) = busy_days
    late = evening.orders.number[evening.orders.completed >= 86_400]
    trips = trips_table(city, today, evening)
    assert len(late)
    assert trips["order_id"].to_pylist()[: len(late)] == [f"ORD{number}" for number in late]
    assert {t.date() for t in trips["ended_at"].to_pylist()} == {city.last_day}


def test_a_charge_is_fare_and_what_passes_through_less_the_promotion(clean):
    _, days, _ = clean
    o, ledger = days[1].orders, days[1].ledger
    charged = np.zeros(len(o), dtype=np.int64)
    charge = ledger.suffix == 0
    charged[ledger.order[charge]] = ledger.cents[charge]
    owed = o.gross + o.tolls + o.taxes + o.tips - o.promotion
    assert (charged == owed * o.done).all()
    assert (o.pay[o.done] - o.bonus[o.done] >= 0.75 * o.gross[o.done]).all()


def test_exploration_is_logged_with_the_chance_it_had(clean):
    _, days, _ = clean
    slots = days[1].slots
    assert (slots.propensity[slots.holdout] == 1.0).all()
    open_slots = ~slots.holdout
    moved = (slots.multiplier != slots.rule)[open_slots]
    assert 0.05 < moved.mean() < 0.12
    # one of four steps, or two that the limits cut to the same price
    assert np.isin(slots.propensity[open_slots][moved].round(4), [0.025, 0.05]).all()
    assert (slots.propensity[open_slots][~moved] >= 0.9 - 1e-9).all()


def test_people_in_one_place_and_hour_see_one_multiplier(clean):
    _, days, _ = clean
    q = days[1].quotes
    seen = {}
    for zone, hour, vertical, m in zip(q.zone, q.hour, q.vertical, q.multiplier, strict=True):
        assert seen.setdefault((zone, hour, vertical), m) == m


def test_a_higher_price_is_accepted_less_and_differently_by_different_people(city):
    n = len(city.riders)
    at = Situation(
        np.arange(n), np.full(n, 1000.0), np.full(n, 1000.0), np.ones(n), np.ones(n), np.full(n, 5)
    )
    dearer = replace(at, price_cents=np.full(n, 1400.0), surge=np.full(n, 1.4))
    slower = replace(at, eta_minutes=np.full(n, 15))
    usual = acceptance(city, city.last_day, at)
    high = acceptance(city, city.last_day, dearer)
    assert (high < usual).all()
    assert (acceptance(city, city.last_day, slower) < usual).all()
    assert (usual - high).std() > 0.05


def test_requests_follow_the_true_intensity(city):
    book = Book(city, Policies(flat_multiplier, POLICIES.answer))
    asked = sum(book.requests(city.last_day - timedelta(days=k)).sum() for k in range(30))
    expected = sum(intensity(city, city.last_day - timedelta(days=k)).sum() for k in range(30))
    assert asked == pytest.approx(expected, rel=0.03)


def test_distances_follow_the_public_trips(clean):
    city, days, _ = clean
    q = days[1].quotes
    ride = q.km[(q.vertical == 0) & (q.ride_type == 0)]
    assert np.log(ride).mean() == pytest.approx(city.calibration.log_km_mean, abs=0.12)
    assert np.log(ride).std() == pytest.approx(city.calibration.log_km_sd, abs=0.12)


def test_injected_leakage_is_in_the_rows_it_names(clean):
    _, days, delivered = clean
    day, incidents = days[1], days[1].incidents
    o, price = day.orders, day.quotes.price[day.orders.quote]
    by_kind = {name: incidents.order[incidents.kind == k] for k, name in enumerate(KINDS)}
    short = by_kind["UNDERPAYMENT"]
    assert len(short) and (o.gross[short] < price[short]).all()
    others = np.setdiff1d(np.flatnonzero(o.done), short)
    assert (o.gross[others] == price[others]).all()
    refunds = np.bincount(day.ledger.order[day.ledger.suffix >= 6], minlength=len(o))
    assert (refunds[by_kind["DUPLICATE_REFUND"]] == 2).all()
    assert (refunds[by_kind["REFUND_AFTER_COMPLETION"]] == 1).all()
    assert (o.status[by_kind["CANCEL_THEN_RIDE"]] == CANCELLED).all()
    used = delivered[1]["promotions"].to_pandas()["order_id"].value_counts()
    for number in o.number[by_kind["PROMOTION_STACKING"]]:
        assert used[f"ORD{number}"] >= 3


def test_a_missing_toll_is_one_that_the_route_has(busy_days):
    city, days = busy_days
    found = 0
    for day in days:
        o, q = day.orders, day.quotes
        missing = day.incidents.orders_of(KINDS.index("MISSING_TOLL"))
        found += len(missing)
        tolled = o.done & city.zones.toll[q.zone[o.quote], q.to_zone[o.quote]]
        assert set(missing) == set(np.flatnonzero(tolled & (o.tolls == 0)))
    assert found


def test_nobody_who_ends_late_begins_early_the_next_day(busy_days):
    city, _ = busy_days
    ends = np.zeros(len(city.drivers))
    for k in range(60):
        shifts = make_shifts(city, city.first_day + timedelta(days=k))
        assert not ((ends > 22 * 3600) & (shifts.end > 0) & (shifts.start < 2 * 3600)).any()
        ends = shifts.end


def test_pairing_gives_each_driver_one_order_of_the_same_key():
    i, j = pair(np.array([1, 1, 1, 3, 4]), np.array([1, 1, 2, 4]))
    assert i.tolist() == [0, 1, 4]
    assert j.tolist() == [0, 1, 3]
