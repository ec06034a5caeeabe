"""Parts, hard constraints and explanations of premium matches follow docs/domain.md 4.2."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.params import load_params
from engines.premium.dispatch import match_batch

PARAMS = load_params(Path("params.yaml")).matching
KM = 1 / 111.195  # degrees of latitude


def request(name="r1", **changes):
    return {"request_id": name, "lat": 40.0, "lon": -74.0, **changes}


def driver(name="d1", km=1.0, **changes):
    return {"driver_id": name, "lat": 40.0 + km * KM, "lon": -74.0, **changes}


def only(batch):
    return batch.explanations[0]


def test_the_score_is_the_weighted_sum_of_the_five_parts():
    batch = match_batch(
        [request()],
        [driver(km=2.0, rating=4.85, completion=0.98, acceptance=0.96, eta_accuracy=0.9)],
        PARAMS,
    )
    eta = 1 - (2 * 1.3 / 24 * 60) / 15
    reliability = (0.5 * 0.98 + 0.3 * 0.96 + 0.2 * 0.9 - 0.9) / 0.1
    expected = 0.35 * eta + 0.25 * 0.5 + 0.15 * reliability + 0.15 * 1.0 + 0.10 * 1.0
    assert only(batch)["score"] == pytest.approx(expected, abs=1e-5)
    assert only(batch)["parts"]["eta"] == pytest.approx(eta, abs=1e-5)
    assert batch.total == pytest.approx(expected, abs=1e-5)


def test_who_earned_least_is_the_fairest_choice():
    drivers = [driver(f"d{n}", earnings_per_hour=float(n)) for n in range(3)]
    assert match_batch([request()], drivers, PARAMS).assignment == {"r1": "d0"}


def test_a_better_class_of_vehicle_counts_half():
    drivers = [driver("exact", vehicle_type="SUV", tier="BRONZE")]
    better = [driver("better", vehicle_type="LUXURY_SUV", tier="BRONZE")]
    asked = [request(service_class="LUXURY")]
    assert only(match_batch(asked, drivers, PARAMS))["parts"]["vehicle"] == 1.0
    assert only(match_batch(asked, better, PARAMS))["parts"]["vehicle"] == 0.5


@pytest.mark.parametrize(
    ("asked", "offered", "why"),
    [
        ({}, {"available": False}, "not_available"),
        ({"vertical": "MOTO"}, {}, "vehicle"),
        ({"service_class": "VIP"}, {"vehicle_type": "LUXURY_SUV", "tier": "SILVER"}, "tier"),
        ({"service_class": "LUXURY"}, {"tier": "PLATINUM"}, "vehicle"),
        ({"child_seat": True}, {}, "child_seat"),
        ({"pet_friendly": True}, {}, "pet_friendly"),
        ({"wheelchair_accessible": True}, {}, "wheelchair_accessible"),
        ({"women_only": True}, {}, "women_only"),
        ({"corporate": True}, {}, "corporate"),
        ({"do_not_pair": ["d1"]}, {}, "do_not_pair"),
        ({}, {"online_hours_24h": 12.5}, "fatigue"),
        ({}, {"km": 9.9}, "eta"),
    ],
)
def test_a_hard_constraint_is_never_traded(asked, offered, why):
    batch = match_batch([request(**asked)], [driver(**offered)], PARAMS)
    assert batch.assignment == {"r1": None}
    assert only(batch)["removed"] == {why: 1}
    assert only(batch)["why"] == "every driver within the radius was removed by a hard constraint"


def test_preferring_a_woman_is_a_bonus_and_no_filter():
    asked = [request(prefer_female=True)]
    alone = match_batch(asked, [driver()], PARAMS)
    both = match_batch(asked, [driver("d1"), driver("d2", female=True)], PARAMS)
    assert alone.assignment == {"r1": "d1"}
    assert both.assignment == {"r1": "d2"}


def test_the_radius_grows_only_for_who_found_nobody():
    asked = [request("near"), request("far", lat=40.2)]
    drivers = [driver("d1", km=1.0), {"driver_id": "d2", "lat": 40.2 + 6.5 * KM, "lon": -74.0}]
    params = PARAMS.model_copy(update={"max_eta_minutes": 30.0})
    assert match_batch(asked, drivers, params).assignment == {"far": "d2", "near": "d1"}
    narrow = params.model_copy(update={"radius_km": (5.0,)})
    assert match_batch(asked, drivers, narrow).assignment == {"far": None, "near": "d1"}


def test_a_young_request_waits_for_a_better_score():
    strict = PARAMS.model_copy(update={"min_score": 0.99})
    young = match_batch([request(age_s=10.0)], [driver()], strict)
    old = match_batch([request(age_s=31.0)], [driver()], strict)
    assert young.assignment == {"r1": None}
    assert only(young)["removed"] == {"waits_for_a_better_score": 1}
    assert old.assignment == {"r1": "d1"}


def test_a_match_says_why_it_is_not_the_nearest():
    drivers = [
        driver("broken", km=0.2, available=False),
        driver("near", km=0.5, rating=4.7),
        driver("good", km=1.0, rating=5.0, completion=1.0, acceptance=1.0, eta_accuracy=1.0),
    ]
    told = only(match_batch([request()], drivers, PARAMS))
    assert told["driver_id"] == "good"
    assert told["nearest"]["why"] == "removed by not_available"
    told = only(match_batch([request()], drivers[1:], PARAMS))
    assert told["nearest"]["driver_id"] == "near"
    assert told["nearest"]["why"] == "scores lower in all"


@pytest.mark.parametrize(
    ("requests", "drivers", "why"),
    [
        ([], [driver()], None),
        ([request()], [], "no driver within the radius"),
        ([], [], None),
    ],
)
def test_empty_sides_give_an_empty_explained_result(requests, drivers, why):
    batch = match_batch(requests, drivers, PARAMS)
    assert batch.total == 0
    assert [told["why"] for told in batch.explanations] == ([why] if why else [])


def test_one_driver_serves_one_of_many_requests():
    batch = match_batch([request(f"r{n}") for n in range(5)], [driver()], PARAMS)
    assert sum(found is not None for found in batch.assignment.values()) == 1


@pytest.mark.parametrize(
    ("requests", "drivers", "message"),
    [
        ([request(lat=float("nan"))], [driver()], "lat -90..90"),
        ([request(lon="x")], [driver()], "lon -180..180"),
        ([request(), request()], [driver()], "once, got again"),
        ([{"request_id": "r", "lat": 1.0}], [driver()], "missing"),
        ([request(favourite="d1")], [driver()], "favourite"),
        ([request(service_class="GOLD")], [driver()], "service_class"),
        ([request()], [driver(), driver()], "driver_id once, got again"),
        ([request()], [driver(rating="good")], "rating"),
        ([request(age_s=float("inf"))], [driver()], "age_s"),
        ([request(do_not_pair="d1")], [driver()], "list of ids"),
    ],
)
def test_what_cannot_be_matched_is_named(requests, drivers, message):
    with pytest.raises(BadInput, match=message):
        match_batch(requests, drivers, PARAMS)


def test_a_driver_passed_over_is_told_why():
    requests = [request("r1"), request("r2", corporate=True, lat=40.01)]
    drivers = [
        driver("best", km=0.1, rating=5.0),
        driver("late", km=0.4),
        driver("off", km=0.2, available=False),
        driver("away", km=90.0),
    ]
    batch = match_batch(requests, drivers, PARAMS)
    told = {one["driver_id"]: one for one in batch.passed_over}
    assert [*told] == ["away", "late", "off"]
    assert told["away"]["why"] == "no request within the radius"
    assert told["off"]["why"] == "a hard constraint removed every request within the radius"
    assert told["off"]["removed"] == {"not_available": 2, "corporate": 1}
    assert told["late"]["best"]["request_id"] == "r1"
    assert told["late"]["why"].startswith("request r1 was served by best")


def test_who_could_have_been_served_hears_so_after_the_second_radius_too():
    batch = match_batch([request("r1"), request("r2")], [driver()], PARAMS)
    assert batch.assignment == {"r1": "d1", "r2": None}
    assert batch.explanations[1]["why"] == (
        "the drivers who could were needed to match other requests"
    )


def test_places_outside_the_city_and_of_nobody_are_explained():
    far = match_batch([request(lat=-33.0, lon=151.0)], [driver()], PARAMS)
    assert only(far)["why"] == "no driver within the radius"


def test_a_hundred_thousand_drivers_are_no_trouble():
    rng = np.random.default_rng(1)
    drivers = [
        driver(f"d{n}", km=float(km)) for n, km in enumerate(rng.uniform(0, 20, 100_000).tolist())
    ]
    batch = match_batch([request(f"r{n}") for n in range(5)], drivers, PARAMS)
    assert None not in batch.assignment.values()
    assert len(batch.passed_over) == 99_995


@st.composite
def cities(draw):
    def one(name, key, **more):
        place = {axis: draw(st.integers(-30, 30)) / 10 * KM for axis in ("lat", "lon")}
        return {key: name, "lat": 40 + place["lat"], "lon": -74 + place["lon"], **more}

    requests = [
        one(f"r{n}", "request_id", corporate=draw(st.booleans()))
        for n in range(draw(st.integers(1, 5)))
    ]
    drivers = [
        one(f"d{n}", "driver_id", rating=draw(st.integers(40, 50)) / 10,
            corporate_eligible=draw(st.booleans()), available=draw(st.booleans()))
        for n in range(draw(st.integers(1, 5)))
    ]  # fmt: skip
    return requests, drivers


@settings(max_examples=60)
@given(cities())
def test_no_driver_holds_two_and_no_constraint_breaks(city):
    requests, drivers = city
    narrow = PARAMS.model_copy(update={"radius_km": (10.0,)})
    batch = match_batch(requests, drivers, narrow)
    used = [d for d in batch.assignment.values() if d is not None]
    assert len(used) == len(set(used))
    by_id = {d["driver_id"]: d for d in drivers}
    for r in requests:
        found = batch.assignment[r["request_id"]]
        if found is not None:
            assert by_id[found]["available"]
            assert by_id[found]["corporate_eligible"] or not r["corporate"]
    assert batch.total == pytest.approx(
        sum(e["score"] for e in batch.explanations if e["driver_id"] is not None)
    )


def test_the_order_of_the_input_decides_nothing():
    rng = np.random.default_rng(4)
    requests = [request(f"r{n}", lat=40 + rng.normal(0, 0.01)) for n in range(20)]
    drivers = [driver(f"d{n}", km=float(rng.normal(0, 2))) for n in range(25)]
    one = match_batch(requests, drivers, PARAMS)
    other = match_batch(requests[::-1], drivers[::-1], PARAMS)
    assert one.assignment == other.assignment
