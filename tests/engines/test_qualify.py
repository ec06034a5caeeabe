"""Gates, tiers, reasons and standing of premium drivers follow docs/domain.md 4.1."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.params import load_params
from engines.premium.qualify import (
    Papers,
    counts,
    gates,
    premium_vehicles,
    quality_score,
    reasons,
    tiers,
)
from engines.premium.standing import in_force, standing

ALL = load_params(Path("params.yaml"))
PARAMS = ALL.driver_qualification
DAY = date(2026, 11, 21)
GOOD = {
    "rating": 4.9, "acceptance": 0.98, "cancellation": 0.01, "completion": 0.99,
    "eta_accuracy": 0.95, "on_time": 0.97, "rides": 120.0, "rides_known": 900.0,
    "tenure_days": 400.0,
}  # fmt: skip
PAPERS = {
    "licence_valid_until": DAY, "insurance_valid_until": DAY, "background_check": "VALID",
    "vehicle_year": 2010, "vehicle_type": "SUV", "suspension": "NONE",
}  # fmt: skip


def gate(rows=(), papers=()):
    given = pd.DataFrame([{**PAPERS, **dict(papers)}])
    columns = {name: given[name] for name in PAPERS}
    known = pd.DataFrame([{**GOOD, **dict(rows)}])
    return gates(known, Papers(**columns), DAY, PARAMS.standards, premium_vehicles(ALL.matching))


def test_a_driver_with_everything_passes_every_gate():
    assert gate().passed.all(axis=None)


@pytest.mark.parametrize(
    ("name", "rows", "papers"),
    [
        ("licence", {}, {"licence_valid_until": DAY - timedelta(days=1)}),
        ("insurance", {}, {"insurance_valid_until": None}),
        ("background_check", {}, {"background_check": "PENDING"}),
        ("suspension", {}, {"suspension": "IN_FORCE"}),
        ("vehicle_year", {}, {"vehicle_year": 2009}),
        *(("vehicle_class", {}, {"vehicle_type": kind}) for kind in
          ("SEDAN", "MOTO", "SCOOTER", "VAN", "TRUCK", None)),
        ("rides", {"rides_known": 499.0}, {}),
        ("tenure", {"tenure_days": 181.0}, {}),
        ("recent_rides", {"rides": 19.0}, {}),
    ],
)  # fmt: skip
def test_each_gate_closes_alone(name, rows, papers):
    found = gate(rows, papers).passed.iloc[0]
    assert not found[name]
    assert found.drop(name).all()


@pytest.mark.parametrize("kind", ["SUV", "LUXURY_SEDAN", "LUXURY_SUV"])
def test_a_vehicle_that_a_premium_class_rides_in_opens_its_gate(kind):
    assert gate(papers={"vehicle_type": kind}).passed.all(axis=None)


def test_premium_vehicles_follow_the_matcher_s_classes_and_come_lowest_first():
    assert premium_vehicles(ALL.matching) == ("SUV", "LUXURY_SEDAN", "LUXURY_SUV")


@pytest.mark.parametrize(
    ("name", "rows", "papers", "value", "needed", "change"),
    [
        ("vehicle_class", {}, {"vehicle_type": "MOTO"}, "MOTO",
         "SUV or LUXURY_SEDAN or LUXURY_SUV", "SUV"),
        ("vehicle_class", {}, {"vehicle_type": None}, None,
         "SUV or LUXURY_SEDAN or LUXURY_SUV", "SUV"),
        ("vehicle_year", {}, {"vehicle_year": 2008}, 2008, ">= 2010", 2.0),
        ("licence", {}, {"licence_valid_until": date(2026, 11, 19)}, "2026-11-19",
         ">= 2026-11-21", 2),
        ("insurance", {}, {"insurance_valid_until": None}, None, ">= 2026-11-21", None),
        ("background_check", {}, {"background_check": "PENDING"}, "PENDING", "VALID", "VALID"),
        ("recent_rides", {"rides": 19.0}, {}, 19.0, ">= 20", 1.0),
    ],
)  # fmt: skip
def test_a_closed_gate_says_what_it_saw_and_the_smallest_change_that_opens_it(
    name, rows, papers, value, needed, change
):
    told = reasons(gate(rows, papers), pd.DataFrame([GOOD]), None, PARAMS.standards)[0]
    seen = {"value": value, "needed": needed, "change": change}
    assert told == [{"kind": "gate", "name": name, "passed": False, **seen}]


@pytest.mark.parametrize(
    ("probability", "rating", "tier"),
    [
        (0.79, 5.0, "NONE"),
        (0.80, 4.79, "NONE"),
        (0.80, 4.80, "BRONZE"),
        (0.82, 4.84, "BRONZE"),
        (0.82, 4.85, "SILVER"),
        (0.84, 4.95, "GOLD"),
        (0.86, 4.95, "PLATINUM"),
    ],
)
def test_a_tier_needs_its_probability_and_its_rating(probability, rating, tier):
    found = tiers(
        pd.Series([probability >= 0.8]), pd.Series([probability]), pd.Series([rating]), 0.8, PARAMS
    )
    assert found.tolist() == [tier]


def test_platinum_never_needs_more_than_ninety_nine_percent():
    found = tiers(pd.Series([True]), pd.Series([0.99]), pd.Series([4.96]), 0.97, PARAMS)
    assert found.tolist() == ["PLATINUM"]


def test_the_quality_score_runs_from_the_standards_to_perfection():
    floor = {**GOOD, **PARAMS.standards.limits(), "rides_known": 0.0}
    best = {
        "rating": 5.0, "acceptance": 1.0, "cancellation": 0.0, "completion": 1.0,
        "eta_accuracy": 1.0, "on_time": 1.0, "rides_known": 3000.0,
    }  # fmt: skip
    assert quality_score(pd.DataFrame([floor, {**GOOD, **best}]), PARAMS).tolist() == [0.0, 100.0]


def test_reasons_name_the_gate_the_measure_and_the_smallest_change():
    rows = pd.DataFrame([{**GOOD, "acceptance": 0.94, "rides_known": 10.0}])
    told = reasons(gate({"rides_known": 10.0}), rows, None, PARAMS.standards)[0]
    missed = {"name": "acceptance", "value": 0.94, "needed": ">= 0.95", "change": 0.01}
    assert told == [
        {"kind": "gate", "name": "rides", "passed": False, "value": 10.0, "needed": ">= 500",
         "change": 490.0},
        {"kind": "standard", **missed},
    ]  # fmt: skip


def test_the_strongest_contributions_come_signed():
    parts = pd.DataFrame([{"a": 0.1, "b": -2.0, "c": 1.0, "d": 0.5, "bias": 9.0}])
    told = reasons(gate(), pd.DataFrame([GOOD]), parts, PARAMS.standards)[0]
    assert [(r["name"], r["log_odds"]) for r in told] == [("b", -2.0), ("c", 1.0), ("d", 0.5)]


def test_every_tier_is_counted():
    assert counts(pd.Series(["GOLD", "NONE", "NONE"])) == {
        "NONE": 2, "BRONZE": 0, "SILVER": 0, "GOLD": 1, "PLATINUM": 0,
    }  # fmt: skip


def nights(pattern, ends=DAY):
    """Q a qualified night, x a bad one; the last letter is the night of ``ends``."""
    first = ends - timedelta(days=len(pattern) - 1)
    return pd.DataFrame(
        {
            "driver_id": "D1",
            "evaluated_on": [first + timedelta(days=n) for n in range(len(pattern))],
            "qualified": [letter == "Q" for letter in pattern],
            "tier": ["SILVER" if letter == "Q" else "NONE" for letter in pattern],
            "quality_score": 50.0,
        }
    )


@pytest.mark.parametrize(
    ("pattern", "status", "tier", "below"),
    [
        ("Q", "QUALIFIED", "SILVER", 0),
        ("xxx", "NOT_QUALIFIED", "NONE", 0),
        ("QQx", "QUALIFIED", "SILVER", 1),
        ("QQxx", "WARNING", "SILVER", 2),
        ("Qxxxx", "WARNING", "SILVER", 4),
        ("Qxxxxx", "SUSPENSION_PROPOSED", "SILVER", 5),
        ("QxxxxQ", "QUALIFIED", "SILVER", 0),
    ],
)
def test_nights_below_the_standard_warn_and_then_propose(pattern, status, tier, below):
    found = standing(nights(pattern), DAY, PARAMS).iloc[0]
    assert (found["status"], found["tier"], found["nights_below_standard"]) == (status, tier, below)


def decided(suspended, days_after):
    return [{"driver_id": "D1", "on": DAY + timedelta(days=days_after), "suspended": suspended}]


@pytest.mark.parametrize(
    ("pattern", "decisions", "status", "tier", "below"),
    [
        ("Qxxxxx", decided(True, 1), "SUSPENDED", "NONE", 5),
        ("QQQ", decided(True, -1), "SUSPENDED", "NONE", 0),
        ("Qxxxxx", decided(False, 1), "QUALIFIED", "SILVER", 0),
        ("Qxxxxx", decided(False, -1), "WARNING", "SILVER", 2),
        ("Qxxxxx", decided(True, -2) + decided(False, 0), "QUALIFIED", "SILVER", 1),
        ("xxxxxx", decided(False, -1), "NOT_QUALIFIED", "NONE", 0),
    ],
)
def test_people_suspend_and_clear_and_nights_count_from_the_day_they_cleared(
    pattern, decisions, status, tier, below
):
    found = standing(nights(pattern), DAY, PARAMS, decisions).iloc[0]
    assert (found["status"], found["tier"], found["nights_below_standard"]) == (status, tier, below)


def test_a_suspension_is_in_force_from_its_day_until_the_driver_is_cleared():
    decisions = decided(True, -5) + decided(False, -2)
    found = [bool(in_force(decisions, DAY + timedelta(days=n))) for n in (-6, -5, -3, -2, 0)]
    assert found == [False, True, True, False, False]


def test_a_qualification_nobody_renews_lapses_after_thirty_days():
    kept = standing(nights("QQ", DAY - timedelta(days=29)), DAY, PARAMS).iloc[0]
    gone = standing(nights("QQ", DAY - timedelta(days=30)), DAY, PARAMS).iloc[0]
    assert (kept["status"], gone["status"], gone["tier"]) == ("QUALIFIED", "LAPSED", "NONE")


def test_qualified_since_is_the_first_night_of_the_last_good_run():
    found = standing(nights("QQxQQQ"), DAY, PARAMS).iloc[0]
    assert found["qualified_since"] == DAY - timedelta(days=2)


def test_later_nights_change_nothing_on_an_earlier_day():
    early = DAY - timedelta(days=2)
    before = standing(nights("QQQx", early), early, PARAMS)
    after = standing(nights("QQQxxQ"), early, PARAMS)
    pd.testing.assert_frame_equal(before, after)
