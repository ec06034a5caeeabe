"""Driver features look at the past only, and chance does not make a premium driver."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.params import load_params
from features.driver_measures import (
    COUNTS,
    Basis,
    Windows,
    evidence,
    log_chance,
    measures,
    meets,
    priors,
)
from features.driver_qualification import KNOWN_AT, NUMERIC, features, labels
from features.shrinkage import beta_prior, normal_prior
from tests.driver_frames import LAST, driver_days, drivers

STANDARDS = load_params(Path("params.yaml")).driver_qualification.standards
WINDOWS = Windows(30, 60)
CUT = LAST - timedelta(days=30)
DAYS = driver_days(drivers=40, days=120)
DRIVERS = drivers(40)
FOUND = features(DAYS, DRIVERS, CUT, WINDOWS, STANDARDS).set_index("driver_id")


def totals(**changes):
    """Two hundred ordinary drivers, then the one of the test."""
    rng = np.random.default_rng(5)
    n = 200
    rates = rng.beta(60, 3, n)
    frame = pd.DataFrame(0.0, index=[f"D{i}" for i in range(n)], columns=list(COUNTS))
    frame["offers"], frame["accepts"] = 200.0, rng.binomial(200, rates)
    frame["completed"] = frame["accepts"] - rng.binomial(5, 0.3, n)
    frame["cancels"] = frame["accepts"] - frame["completed"]
    frame["on_time"] = frame["eta_hits"] = np.floor(frame["completed"] * 0.97)
    frame["rating_count"] = 150.0
    frame["rating_sum"] = 150 * rng.normal(4.8, 0.08, n)
    tested = pd.DataFrame({name: 0.0 for name in COUNTS} | changes, index=["tested"])
    return pd.concat([frame, tested])


@pytest.mark.parametrize("name", NUMERIC)
def test_the_future_cannot_move_the_past(name):
    later = DAYS["day"] > CUT
    changed = DAYS.assign(**{c: DAYS[c].mask(later, 0) for c in COUNTS})
    after = features(changed, DRIVERS, CUT, WINDOWS, STANDARDS).set_index("driver_id")
    pd.testing.assert_series_equal(FOUND[name], after[name])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    kept=st.floats(0, 1),
    factor=st.floats(0, 5),
    ahead=st.integers(1, 400),
)
def test_whatever_the_future_brings_the_features_are_the_same(seed, kept, factor, ahead):
    """Later days go missing, count otherwise, and come with drivers whom nobody knew."""
    rng = np.random.default_rng(seed)
    later = (DAYS["day"] > CUT).to_numpy()
    rows = DAYS[~later | (rng.random(len(DAYS)) < kept)]
    scale = np.where(rows["day"] > CUT, factor, 1.0)
    changed = rows.assign(**{c: rows[c] * scale for c in COUNTS})
    new = changed.tail(3).assign(driver_id="D9999", day=CUT + timedelta(days=ahead)).head(1)
    joined = drivers(1).assign(driver_id="D9999", joined_on=CUT + timedelta(days=ahead))
    after = features(
        pd.concat([changed, new]), pd.concat([DRIVERS, joined]), CUT, WINDOWS, STANDARDS
    )
    pd.testing.assert_frame_equal(FOUND, after.set_index("driver_id"), check_exact=True)


def test_every_feature_says_when_it_is_known():
    assert set(KNOWN_AT) == set(NUMERIC)
    assert set(FOUND.columns) == {"as_of", *NUMERIC}


def test_twenty_five_star_rides_do_not_beat_nine_hundred_at_four_point_nine():
    found = totals(rating_sum=100.0, rating_count=20.0)
    many = totals(rating_sum=4.9 * 900, rating_count=900.0)
    few_rating = measures(found, 0.2).loc["tested", "rating"]
    many_rating = measures(many, 0.2).loc["tested", "rating"]
    assert few_rating < many_rating
    assert many_rating == pytest.approx(4.9, abs=0.01)


def test_one_cancellation_in_twenty_rides_is_not_five_percent():
    found = measures(totals(offers=20.0, accepts=20.0, cancels=1.0, completed=19.0), 0.2)
    assert found.loc["tested", "cancellation"] < 0.02


def test_shrinkage_fades_with_evidence():
    tries = np.array([10.0, 1000.0, 1e6, 200.0, 200.0])
    hits = tries * np.array([1.0, 1.0, 1.0, 0.8, 0.9])
    shrunk = beta_prior(hits, tries).shrunk(hits, tries)
    assert shrunk[0] < shrunk[1] < shrunk[2] <= 1.0
    assert shrunk[2] == pytest.approx(1.0, abs=1e-3)


def test_identical_drivers_are_all_alike():
    nine, total, ten = np.full(5, 9.0), np.full(5, 45.0), np.full(5, 10.0)
    assert np.ptp(beta_prior(nine, ten).shrunk(nine, ten)) == 0
    assert np.ptp(normal_prior(total, ten, 0.2).shrunk(total, ten)) == 0


def test_nobody_tried_is_not_known():
    assert np.isnan(beta_prior(np.zeros(3), np.zeros(3)).shrunk(np.zeros(3), np.zeros(3))).all()


def test_a_better_driver_has_the_higher_chance():
    good = totals(
        offers=300.0, accepts=299.0, completed=298.0, cancels=1.0, on_time=297.0, eta_hits=296.0,
        rating_sum=4.98 * 200, rating_count=200.0,
    )  # fmt: skip
    same, prior = evidence(good), priors(good, 0.2)
    chance = log_chance(Basis(good, same, same, prior, prior, {}), STANDARDS)
    assert chance[-1] == max(chance)
    assert chance[-1] > np.log(0.8)


def test_too_few_rides_do_not_meet_the_standards():
    found = pd.DataFrame(
        {
            "rating": 4.95, "acceptance": 0.99, "cancellation": 0.0, "completion": 1.0,
            "eta_accuracy": 0.99, "on_time": 0.99,
        },
        index=["a", "b"],
    )  # fmt: skip
    rides = pd.Series([19.0, 20.0], index=["a", "b"])
    assert meets(found, rides, STANDARDS).tolist() == [False, True]


def test_a_label_uses_only_the_days_after_the_cut_off():
    before = DAYS["day"] <= CUT
    changed = DAYS.assign(**{c: DAYS[c].mask(before, 0) for c in COUNTS})
    pd.testing.assert_series_equal(
        labels(DAYS, CUT, 30, STANDARDS), labels(changed, CUT, 30, STANDARDS)
    )


def test_row_order_does_not_matter():
    shuffled = DAYS.sample(frac=1, random_state=1)
    after = features(shuffled, DRIVERS, CUT, WINDOWS, STANDARDS).set_index("driver_id")
    pd.testing.assert_frame_equal(FOUND, after)


def test_a_repeated_driver_day_is_refused():
    with pytest.raises(BadInput, match="1 repeat"):
        features(pd.concat([DAYS, DAYS.tail(1)]), DRIVERS, CUT, WINDOWS, STANDARDS)


def test_a_driver_without_rides_in_the_window_has_no_row():
    idle = DAYS[(DAYS["driver_id"] != "D0003") | (DAYS["day"] < date(2026, 9, 1))]
    found = features(idle, DRIVERS, CUT, WINDOWS, STANDARDS)
    assert "D0003" not in set(found["driver_id"])
