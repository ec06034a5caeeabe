"""Prices add up, never cross their limits, and come back only as they were signed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, QuoteRefused
from core.params import load_params
from engines.premium.quote import (
    CLASSES,
    VERTICALS,
    Journeys,
    Quote,
    base_fares,
    digest,
    fares,
    quote,
    verify,
)

PRICING = load_params(Path("params.yaml")).pricing
KEY = b"a key of the tests"
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


def ride(**changes):
    fields = {
        "vertical": "RIDE",
        "service_class": "STANDARD",
        "km": 10.0,
        "minutes": 20.0,
        "hour": 12,
        "weekday": 2,
        "multiplier": 1.0,
    }
    return Journeys(**{**fields, **changes})


journeys = st.builds(
    ride,
    vertical=st.sampled_from(VERTICALS),
    service_class=st.sampled_from(CLASSES),
    km=st.floats(0, 300),
    minutes=st.floats(0, 400),
    hour=st.integers(0, 23),
    weekday=st.integers(0, 6),
    multiplier=st.floats(0.7, 2.0),
)


def test_a_ride_of_ten_kilometres_and_twenty_minutes_costs_what_the_table_says():
    made = quote(ride(), PRICING, KEY, NOON, "Z01")
    assert made.total_cents == 950
    assert dict(made.lines) == {"distance": 500, "time": 300, "booking": 150}
    assert made.driver_pay_cents == 760
    assert made.expires_at == "2026-11-18T12:05:00+00:00"


def test_a_premium_night_at_the_weekend_is_capped_at_four_times_the_base_fare():
    made = quote(
        ride(service_class="VIP", hour=23, weekday=5, multiplier=2.0), PRICING, KEY, NOON, "Z01"
    )
    assert made.base_cents == 950
    assert made.total_cents == 3800
    assert dict(made.lines)["cap"] == -798
    assert made.driver_bonus_cents == 95
    assert made.driver_pay_cents == 3040 + 95


def test_a_short_ride_costs_the_minimum():
    assert base_fares(["RIDE", "TRUCK_VAN"], 0.1, 1.0, PRICING).tolist() == [300, 1000]


@given(journeys)
def test_the_lines_add_up_and_the_limits_hold(journey):
    made = quote(journey, PRICING, KEY, NOON, "Z01", discount_cents=10_000)
    minimum = PRICING.fares[made.vertical].minimum
    assert sum(cents for _, cents in made.lines) == made.total_cents
    assert minimum <= made.fare_cents <= PRICING.max_fare_cents
    assert made.fare_cents <= max(minimum, PRICING.premium_cap * made.base_cents)
    assert made.discount_cents <= PRICING.max_discount * made.fare_cents
    assert made.driver_pay_cents >= 0.75 * made.fare_cents


@given(journeys)
def test_a_lower_class_never_costs_more_than_a_higher_one(journey):
    costs = [fares(replace(journey, service_class=c), PRICING).fare[0] for c in CLASSES]
    assert costs == sorted(costs)


@given(journeys, st.floats(0.7, 2.0))
def test_pay_never_falls_when_the_multiplier_rises(journey, other):
    low, high = sorted([float(journey.multiplier), other])
    pay = [fares(replace(journey, multiplier=m), PRICING).driver_pay[0] for m in (low, high)]
    assert pay[0] <= pay[1]


def test_a_batch_prices_each_row_like_a_single_quote():
    batch = ride(
        vertical=["RIDE", "FOOD", "GOODS"],
        service_class=["VIP", "STANDARD", "STANDARD"],
        km=[3.0, 4.5, 60.0],
        minutes=[9.0, 14.0, 80.0],
        hour=[2, 19, 11],
        multiplier=[1.3, 0.7, 2.0],
    )
    many = fares(batch, PRICING)
    for row in range(3):
        one = ride(
            **{
                name: getattr(batch, name)[row]
                for name in ("vertical", "service_class", "km", "minutes", "hour", "multiplier")
            }
        )
        assert quote(one, PRICING, KEY, NOON, "Z01").fare_cents == many.fare[row]
    assert np.array_equal(sum(many.lines.values()), many.fare)


def test_a_quote_survives_json_and_is_honoured_for_five_minutes():
    made = quote(ride(), PRICING, KEY, NOON, "Z01")
    back = Quote(**json.loads(json.dumps({**made.payload(), "signature": made.signature})))
    verify(back, KEY, NOON + timedelta(minutes=5))
    with pytest.raises(QuoteRefused, match="honoured until"):
        verify(back, KEY, NOON + timedelta(minutes=5, seconds=1))


def test_a_changed_quote_is_refused():
    made = quote(ride(), PRICING, KEY, NOON, "Z01")
    with pytest.raises(QuoteRefused, match="signature"):
        verify(replace(made, total_cents=1), KEY, NOON)
    with pytest.raises(QuoteRefused, match="signature"):
        verify(made, b"another key", NOON)
    bound = quote(ride(), PRICING, KEY, NOON, "Z01", bound_to=digest({"rider": "R1", "at": None}))
    verify(bound, KEY, NOON)
    with pytest.raises(QuoteRefused, match="signature"):
        verify(replace(bound, bound_to=digest({"at": None, "rider": "R2"})), KEY, NOON)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vertical": "HELICOPTER"}, "vertical"),
        ({"service_class": "GOLD"}, "service class"),
        ({"km": float("nan")}, "km"),
        ({"minutes": -1.0}, "minutes"),
        ({"multiplier": 2.5}, "multipliers"),
    ],
)
def test_what_cannot_be_priced_is_named(changes, message):
    with pytest.raises(BadInput, match=message):
        quote(ride(**changes), PRICING, KEY, NOON, "Z01")
