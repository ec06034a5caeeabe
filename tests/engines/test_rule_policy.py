"""The rule policy follows docs/domain.md 5.2, and nothing passes the guardrails."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.params import load_params
from engines.profit.guardrails import driver_pay, guard_discount, guard_fare, guard_multiplier
from engines.profit.rule_policy import Slots, market_part, multiplier, relative, time_factor

PRICING = load_params(Path("params.yaml")).pricing
NAN = float("nan")
numbers = st.one_of(st.floats(-5, 5), st.just(NAN))


def slots(**changes):
    ordinary = {
        "vertical": ["RIDE"],
        "demand": [0.5],
        "supply": [1.0],
        "hour": [12],
        "weekday": [2],
        "holiday": [False],
        "weather": [0.0],
        "event": [0.0],
        "competitor": [1.0],
    }
    return Slots(**{**ordinary, **changes})


def test_an_ordinary_hour_has_no_surge():
    assert multiplier(slots(), PRICING) == pytest.approx([1.0])


def test_a_busy_rainy_evening_with_an_event_follows_the_formula():
    busy = slots(
        demand=[0.9], supply=[0.2], hour=[18], weekday=[5], weather=[-1.0], event=[0.5],
        competitor=[1.2],
    )  # fmt: skip
    demand = min(3.0, 1.8 * 1.4 * (1.4 * 1.1) * 1.3 * 1.25)
    assert multiplier(busy, PRICING) == pytest.approx([0.3 * demand + 0.3 * 0.95 * 1.2 + 0.4])


def test_what_is_not_known_moves_no_price():
    unknown = slots(demand=[NAN], supply=[NAN], weather=[NAN], event=[NAN], competitor=[NAN])
    assert multiplier(unknown, PRICING) == pytest.approx([1.0])


def test_bad_weather_raises_rides_and_good_weather_lowers_meals():
    both = slots(vertical=["RIDE", "FOOD"], weather=[1.0, 1.0])
    rides, meals = multiplier(both, PRICING)
    assert rides == pytest.approx(1.0)
    assert meals == pytest.approx(0.3 * 0.8 + 0.7)


def test_the_clock_has_a_morning_an_evening_and_a_night():
    hours = [6, 7, 8, 9, 17, 18, 19, 21, 22, 5]
    assert time_factor(hours, 2, False, PRICING.rule).tolist() == [
        1.0, 1.3, 1.3, 1.0, 1.4, 1.4, 1.0, 1.0, 1.2, 1.2,
    ]  # fmt: skip


def test_a_competitor_is_followed_but_not_far():
    assert market_part([0.5, 0.85, 1.0, 1.15, 2.0], PRICING.rule) == pytest.approx(
        [0.8, 0.8925, 1.0, 1.0925, 1.2]
    )


def test_a_share_of_a_busy_hour_is_unknown_without_history():
    assert relative([5, 30, 4], [10, 20, 0]) == pytest.approx([0.5, 1.0, NAN], nan_ok=True)


def test_an_unknown_goal_is_named():
    with pytest.raises(BadInput, match="maximize_everything"):
        multiplier(slots(), PRICING.model_copy(update={"goal": "maximize_everything"}))


@given(numbers, numbers, st.booleans())
def test_no_multiplier_leaves_its_bounds(wanted, previous, emergency):
    got = guard_multiplier([wanted], [previous], PRICING, emergency=[emergency]).multiplier
    assert 0.7 <= got[0] <= 2.0


@given(numbers, st.floats(0.7, 2.0))
def test_no_multiplier_moves_more_than_a_fifth_in_five_minutes(wanted, previous):
    got = guard_multiplier([wanted], [previous], PRICING).multiplier
    assert abs(got[0] - previous) <= 0.2 + 1e-12


def test_an_emergency_holds_the_lower_of_the_current_price_and_no_surge():
    guarded = guard_multiplier([2.0, 2.0, 2.0], [1.8, 0.9, NAN], PRICING, emergency=True)
    assert guarded.multiplier.tolist() == [1.0, 0.9, 1.0]
    assert guarded.names(0) == ["emergency"]


def test_guardrails_say_what_they_changed():
    guarded = guard_multiplier([3.0, 1.1, 1.6], [NAN, 1.0, 1.0], PRICING)
    assert guarded.multiplier == pytest.approx([2.0, 1.1, 1.2])
    assert [guarded.names(row) for row in range(3)] == [["bounds"], [], ["step"]]


@given(st.integers(-1000, 10**7), st.integers(0, 10**6))
def test_fares_discounts_and_pay_stay_inside_their_limits(cents, discount):
    fare = int(guard_fare(cents, 300, PRICING))
    assert 300 <= fare <= 100_000
    assert 0 <= int(guard_discount(discount, fare, PRICING)) <= 0.3 * fare
    assert int(driver_pay(fare, PRICING)) >= 0.75 * fare


def test_pay_follows_the_fare_without_a_dip():
    assert (np.diff(driver_pay(np.arange(300, 3000), PRICING)) >= 0).all()
