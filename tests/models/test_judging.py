"""Intervals, the paired test against the baseline, slices."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.contract import Dataset
from models.judging import (
    JudgingRules,
    bootstrap_mean,
    expected_calibration_error,
    judge,
)

RULES = JudgingRules(bootstrap=300, confidence=0.95, seed=1, slice_min_rows=30)


class Guess:
    """Predicts the truth plus a fixed error."""

    def __init__(self, error):
        self.error = error

    def predict(self, rows):
        return pd.DataFrame({"y": rows["y"] + self.error}, index=rows.index)


def module(baseline_error):
    return SimpleNamespace(
        PRIMARY="mae",
        BASELINE="worse guess",
        HIGHER_IS_BETTER=False,
        baseline=lambda train, test, params: Guess(baseline_error).predict(test),
        primary=lambda p, rows: float((p["y"] - rows["y"]).abs().mean()),
        score=lambda p, rows: {"mae": float((p["y"] - rows["y"]).abs().mean())},
        losses=lambda p, rows: (p["y"] - rows["y"]).abs().to_numpy(),
        slices=lambda rows: {"part": rows["part"]},
    )


@pytest.fixture
def dataset():
    rows = pd.DataFrame({"y": np.arange(100.0), "part": ["big"] * 90 + ["small"] * 10})
    return Dataset(rows, rows, rows, "digest")


def test_a_better_model_beats_its_baseline(dataset):
    judged = judge(module(2.0), Guess(1.0), dataset, None, RULES)
    assert judged.beats_baseline
    assert (judged.metrics["mae"], judged.baseline_metrics["mae"]) == (1.0, 2.0)
    assert judged.gain_low == pytest.approx(1.0)


def test_the_interval_from_the_mean_loss_is_that_of_the_metric_itself(dataset):
    noisy = Guess(np.random.default_rng(4).exponential(2.0, 100) * np.tile([1, -1], 50))
    slow, fast = module(2.0), module(2.0)
    fast.from_mean_loss = float
    del fast.primary
    judged = [judge(m, noisy, dataset, None, RULES) for m in (slow, fast)]
    assert judged[0].slices[0].metric == judged[1].slices[0].metric
    assert judged[0].low < judged[0].metrics["mae"] < judged[0].high
    assert judged[1].low == pytest.approx(judged[0].low, abs=0.15)
    assert judged[1].high == pytest.approx(judged[0].high, abs=0.15)


def test_an_equal_model_does_not_beat_its_baseline(dataset):
    assert not judge(module(1.0), Guess(1.0), dataset, None, RULES).beats_baseline


def test_a_slice_that_is_too_small_is_not_judged(dataset):
    judged = judge(module(2.0), Guess(1.0), dataset, None, RULES)
    assert [(s.value, s.rows) for s in judged.slices] == [("big", 90)]


@pytest.mark.parametrize("n", [400, 10_000])
def test_the_interval_covers_the_mean_about_as_often_as_it_says(n):
    rng = np.random.default_rng(5)
    hits = 0
    for seed in range(60):
        low, high = bootstrap_mean(rng.exponential(size=n), JudgingRules(300, 0.95, seed, 30))
        hits += low <= 1.0 <= high
    assert 51 <= hits <= 60


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    confidence = np.array([0.9] * 10)
    right = np.array([True] * 6 + [False] * 4)
    assert expected_calibration_error(confidence, right) == pytest.approx(0.3)
