from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from simulator.book import Book
from simulator.day import simulate_day
from simulator.dirt import soil
from simulator.snapshots import drivers_table, riders_table, subscriptions_table
from tests.small_city import POLICIES, shared_book, small_city


@pytest.fixture(scope="module")
def book():
    return shared_book()


@pytest.fixture(scope="module")
def city(book):
    return book.city


@pytest.fixture(scope="module")
def days():
    """driver_days and rider_days of the whole small city, and the number of its order days."""
    city = small_city(**{"simulator.dirty_share": 0.0, "simulator.history_days": 63})
    book = Book(city, POLICIES)
    made = [
        simulate_day(book, city.first_day + timedelta(days=k))[0]
        for k in range(city.params.history_days)
    ]
    return made, city


def ratio(tables, above, below):
    table = pa.concat_tables([t["driver_days"] for t in tables])
    return float(table[above].to_numpy().sum() / table[below].to_numpy().sum())


@pytest.mark.parametrize(
    ("above", "below", "within"),
    [
        ("accepts", "offers", 0.02),
        ("completed", "accepts", 0.02),
        ("on_time", "completed", 0.02),
        ("eta_hits", "completed", 0.03),
        ("rating_sum", "rating_count", 0.05),
        ("rating_count", "completed", 0.03),
        ("engaged_minutes", "accepts", 3.0),
    ],
)
def test_drawn_and_counted_driver_days_are_alike(days, above, below, within):
    made, city = days
    drawn, counted = made[: -city.params.days], made[-city.params.days :]
    assert ratio(counted, above, below) == pytest.approx(ratio(drawn, above, below), abs=within)


def test_counts_of_a_driver_day_are_possible(days):
    made, _ = days
    for day in made:
        d = {c: day["driver_days"][c].to_numpy() for c in day["driver_days"].column_names[2:]}
        assert (d["accepts"] <= d["offers"]).all()
        assert (d["completed"] + d["cancels"] <= d["accepts"]).all()
        assert (d["on_time"] <= d["completed"]).all() and (d["eta_hits"] <= d["completed"]).all()
        assert (d["rating_count"] <= d["completed"]).all()
        assert (d["rating_sum"] <= 5 * d["rating_count"]).all()
        assert (d["engaged_minutes"] <= d["online_minutes"]).all()


def test_quality_persists_but_not_for_certain(days):
    made, _ = days
    half = len(made) // 2

    def acceptance(part):
        table = pa.concat_tables([d["driver_days"] for d in part])
        totals = table.group_by("driver_id").aggregate([("offers", "sum"), ("accepts", "sum")])
        return dict(
            zip(
                totals["driver_id"].to_pylist(),
                totals["accepts_sum"].to_numpy() / np.maximum(totals["offers_sum"].to_numpy(), 1),
                strict=True,
            )
        )

    before, after = acceptance(made[:half]), acceptance(made[half:])
    both = sorted(set(before) & set(after))
    correlation = np.corrcoef([before[i] for i in both], [after[i] for i in both])[0, 1]
    assert 0.5 < correlation < 0.99


def test_a_history_day_carries_only_the_aggregates(days):
    made, _ = days
    assert set(made[0]) == {"driver_days", "rider_days", "market_hours"}


def test_snapshots_know_nothing_of_the_future(city):
    earlier, later = city.last_day - timedelta(days=30), city.last_day
    for table, column in ((riders_table, "joined_on"), (drivers_table, "joined_on")):
        assert max(table(city, earlier)[column].to_pylist()) <= earlier
    open_then = subscriptions_table(city, earlier)
    assert max(d for d in open_then["ended_on"].to_pylist() if d) <= earlier
    assert subscriptions_table(city, later).num_rows >= open_then.num_rows


def test_gender_age_and_quality_are_only_in_the_truth(book, city):
    delivered, truth = simulate_day(book, city.last_day)
    hidden = {"woman", "age_group", "home_zone", "five_stars", "chance", "fraud"}
    assert hidden - {"chance", "fraud"} <= set(truth["drivers"].column_names)
    for asset, table in delivered.items():
        assert not hidden & set(table.column_names), asset


def test_every_broken_row_is_listed_and_no_other_is_broken(book, city):
    delivered, truth = simulate_day(book, city.last_day)
    notes = truth["dirt"].to_pandas()
    assert len(notes) > 50
    orders = delivered["orders"].to_pandas()
    listed = notes[notes["asset"] == "orders"].groupby("fault").size()
    assert (orders["quoted_fare"] < 0).sum() == listed["negative_fare"]
    assert (orders["zone_id"] == "Z99").sum() == listed["unknown_zone"]
    assert orders["order_id"].duplicated().sum() == listed["duplicate_key"]
    late = orders["picked_up_at"] > orders["completed_at"]
    assert late.sum() == listed["dropoff_before_pickup"]
    trips = delivered["trips"].to_pandas()
    assert (
        trips["trip_id"].duplicated().sum()
        == ((notes["asset"] == "trips") & (notes["fault"] == "duplicate_key")).sum()
    )


def test_clean_delivery_breaks_nothing(city):
    table = pa.table({"order_id": ["a", "b"], "quoted_fare": [1, 2]})
    same, notes = soil("orders", "order_id", table, 0.0, np.random.default_rng(1))
    assert same is table
    assert notes == []


def test_every_day_has_its_zones_and_hours(days):
    made, city = days
    for day in made:
        assert day["market_hours"].num_rows == 24 * len(city.zones)
