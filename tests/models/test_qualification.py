"""The qualification model beats the rule, keeps known directions, and explains itself exactly."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput
from core.params import load_params
from features.driver_measures import MEASURES, WORSE_WHEN_HIGHER
from models import judging, selftest
from models.booster import fit_platt, sigmoid
from models.contract import Dataset
from models.premium import qualification
from pipelines.datasets.driver_qualification import _rows, cut_offs
from tests.driver_frames import LAST, driver_days, drivers

PARAMS = load_params(Path("params.yaml"), "tiny").driver_qualification
RULES = judging.JudgingRules(bootstrap=200, confidence=0.95, seed=7, slice_min_rows=30)


@pytest.fixture(scope="module")
def parts():
    days, people = driver_days(200, 150), drivers(200)
    cuts = cut_offs(days["day"].min(), LAST, PARAMS)
    return {name: _rows(days, people, cut, PARAMS) for name, cut in cuts.items()}


@pytest.fixture(scope="module")
def model(parts):
    return qualification.load(qualification.fit(parts["train"], parts["validate"], PARAMS))


def test_a_label_matures_before_the_next_split_begins(parts):
    last = {name: rows["as_of"].max() for name, rows in parts.items()}
    horizon = pd.Timedelta(days=30)
    assert last["train"] + horizon <= parts["validate"]["as_of"].min()
    assert last["validate"] + horizon <= parts["test"]["as_of"].min()
    assert last["test"] + horizon <= pd.Timestamp(LAST)


def test_the_model_beats_meeting_the_standards_now(parts, model):
    judged = judging.judge(qualification, model, Dataset(**parts, digest=""), PARAMS, RULES)
    assert judged.beats_baseline
    assert judged.metrics["average_precision"] > judged.baseline_metrics["average_precision"]


@pytest.mark.parametrize("measure", MEASURES)
def test_a_better_measure_never_lowers_the_probability(parts, model, measure):
    rows = parts["test"]
    step = -0.01 if measure in WORSE_WHEN_HIGHER else 0.01
    better = rows.assign(**{measure: rows[measure] + step})
    assert (model.probability(better) >= model.probability(rows) - 1e-9).all()


def test_contributions_add_up_to_the_probability(parts, model):
    rows = parts["test"].head(20)
    total = model.explain(rows).sum(axis=1).to_numpy()
    assert sigmoid(total) == pytest.approx(model.probability(rows), abs=1e-5)


def test_the_artefact_replays_after_loading(parts):
    artefact = qualification.fit(parts["train"], parts["validate"], PARAMS)
    rows = parts["test"][list(qualification.INPUTS)].head(8)
    content = selftest.make(qualification.load(artefact), rows)
    assert selftest.replay("driver_qualification", qualification.load(artefact), content) == 8
    assert set(artefact) == {"model.ubj", "meta.json"}


def test_fitting_twice_gives_the_same_bytes(parts):
    first, second = (qualification.fit(parts["train"], parts["validate"], PARAMS) for _ in "ab")
    assert first == second


def test_the_lowest_threshold_that_keeps_the_precision_is_chosen():
    p = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    happened = np.array([1, 1, 1, 1, 0, 0], dtype=bool)
    chosen = qualification.choose_threshold(p, happened, 0.79, 2)
    assert (chosen.value, chosen.precision, chosen.selected) == (0.5, 0.8, 5)
    assert chosen.low < 0.8 < chosen.high


def test_without_a_threshold_nobody_qualifies_and_it_says_so():
    chosen = qualification.choose_threshold(np.linspace(0, 0.9, 50), np.zeros(50, bool), 0.9, 5)
    assert not chosen.reached
    assert chosen.value == 1.0


def test_equal_probabilities_are_not_split_by_the_threshold():
    p = np.array([0.9, 0.5, 0.5, 0.5])
    happened = np.array([1, 1, 0, 0], dtype=bool)
    assert qualification.choose_threshold(p, happened, 0.9, 1).value == 0.9


def test_average_precision_of_a_perfect_a_reversed_and_a_constant_ranking():
    happened = np.array([1, 1, 0, 0], dtype=bool)
    rank = qualification.average_precision
    assert rank(np.array([4.0, 3, 2, 1]), happened) == 1.0
    assert rank(np.array([1.0, 2, 3, 4]), happened) == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert rank(np.ones(4), happened) == 0.5


def test_platt_calibration_finds_the_slope_that_made_the_data():
    rng = np.random.default_rng(1)
    margin = rng.normal(0, 2, 20_000)
    happened = rng.random(20_000) < sigmoid(0.5 * margin - 1)
    slope, intercept = fit_platt(margin, happened)
    assert slope == pytest.approx(0.5, abs=0.03)
    assert intercept == pytest.approx(-1, abs=0.05)


def test_a_missing_feature_is_named(parts, model):
    with pytest.raises(BadInput, match="log_chance"):
        model.predict(parts["test"].drop(columns="log_chance"))


def test_pictures_are_drawn(parts, model):
    drawn = qualification.plots(model.predict(parts["test"]), parts["test"])
    assert set(drawn) == {"importance", "reliability", "precision_recall"}


def test_too_short_a_history_is_refused():
    with pytest.raises(BadInput, match="do not fit"):
        cut_offs(LAST - pd.Timedelta(days=100), LAST, PARAMS)
