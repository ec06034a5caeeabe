"""Demand, acceptance, contribution, fare and duration: learned, saved, loaded, judged."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput
from core.params import load_params
from features import acceptance as quoted
from features.demand import features
from models import booster, judging, selftest
from models.contract import ALLOWED_SUFFIXES, Dataset
from models.profit import acceptance, contribution, demand, duration, fare
from tests.features.test_quote_features import hours, quotes, trips

PARAMS = load_params(Path("params.yaml"), "tiny")
RULES = judging.JudgingRules(bootstrap=100, confidence=0.95, seed=7, slice_min_rows=30)


def demand_rows():
    history = hours()
    rows = features(history, history, (168, 336)).assign(requests=history["requests"])
    return rows[rows["lag_mean"].notna()].sort_values("hour", ignore_index=True)


def acceptance_rows():
    rows = quotes(4000)
    p = booster.sigmoid(6 - 5 * rows["price_cents"].to_numpy() / rows["base_cents"].to_numpy())
    rng = np.random.default_rng(3)
    return rows.assign(accepted=rng.random(len(rows)) < p)


def contribution_rows():
    rng = np.random.default_rng(4)
    rows = quotes(2000).rename(columns={"price_cents": "quoted_fare", "multiplier": "surge"})
    start = 0.171 * rows["quoted_fare"] - 35 - 6 * rows["distance_km"]
    misses = np.where(rng.random(len(rows)) < 0.5, 40, 0) + 0.05 * rows["quoted_fare"]
    return rows.assign(
        eta_quoted_minutes=rows["eta_minutes"],
        ride_type="SOLO",
        arithmetic_cents=start,
        contribution_cents=start + misses,
    )


CASES = {
    "demand": (demand, demand_rows, PARAMS.demand),
    "acceptance": (acceptance, acceptance_rows, PARAMS.acceptance),
    "contribution": (contribution, contribution_rows, PARAMS.contribution),
    "duration": (duration, lambda: trips(3000), PARAMS.real_trips),
    "fare": (fare, lambda: trips(3000), PARAMS.real_trips),
}


def parts_of(rows):
    a, b = int(0.6 * len(rows)), int(0.8 * len(rows))
    return {"train": rows[:a], "validate": rows[a:b], "test": rows[b:]}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    module, rows, params = CASES[request.param]
    parts = parts_of(rows())
    artefact = module.fit(parts["train"], parts["validate"], params)
    return module, parts, params, artefact


def test_the_named_baseline_is_beaten(case):
    module, parts, params, artefact = case
    judged = judging.judge(
        module, module.load(artefact), Dataset(**parts, digest=""), params, RULES
    )
    if module is demand:  # these counts are pure chance around the hour's mean
        assert judged.metrics["wape"] < judged.baseline_metrics["wape"]
    else:
        assert judged.beats_baseline
    better = judged.metrics[module.PRIMARY] - judged.baseline_metrics[module.PRIMARY]
    assert (better > 0) == module.HIGHER_IS_BETTER
    assert judged.slices


def test_the_artefact_replays_and_holds_only_allowed_files(case):
    module, parts, _, artefact = case
    assert {Path(name).suffix for name in artefact} <= ALLOWED_SUFFIXES
    rows = parts["test"][list(module.INPUTS)].head(8)
    content = selftest.make(module.load(artefact), rows)
    assert selftest.replay(module.NAME, module.load(artefact), content) == 8


def test_fitting_twice_gives_the_same_bytes(case):
    module, parts, params, artefact = case
    assert module.fit(parts["train"], parts["validate"], params) == artefact


def test_predicting_leaves_the_rows_alone_and_keeps_their_index(case):
    module, parts, _, artefact = case
    rows = parts["test"].sample(20, random_state=1)
    before = rows.copy()
    assert module.load(artefact).predict(rows).index.equals(rows.index)
    pd.testing.assert_frame_equal(rows, before)


def test_unseen_words_are_predicted_as_unknown(case):
    module, parts, _, artefact = case
    rows = parts["test"].head(3)
    words = [c for c in module.INPUTS if not pd.api.types.is_numeric_dtype(rows[c])]
    odd = rows.assign(**dict.fromkeys(words, "never seen"))
    assert module.load(artefact).predict(odd).notna().all(axis=None)


def test_pictures_are_drawn(case):
    module, parts, _, artefact = case
    drawn = module.plots(module.load(artefact).predict(parts["test"]), parts["test"])
    assert "importance" in drawn
    assert {"importance", "residuals"} <= set(drawn) or "reliability" in drawn


def test_a_dearer_quote_is_never_more_welcome():
    rows = acceptance_rows()
    parts = parts_of(rows)
    model = acceptance.load(acceptance.fit(parts["train"], parts["validate"], PARAMS.acceptance))
    steps = [model.probability(quoted.reprice(parts["test"], m)) for m in np.arange(0.7, 2.01, 0.1)]
    assert (np.diff(steps, axis=0) <= 1e-9).all()
    assert (steps[0] - steps[-1]).mean() > 0.3


def test_ninety_percent_intervals_cover_about_ninety_percent():
    rng = np.random.default_rng(6)
    mean = rng.uniform(1, 60, 20_000)
    shape = 1 / 0.1
    counts = rng.negative_binomial(shape, shape / (shape + mean))
    spread = demand.overdispersion(mean, counts)
    low, high = demand.interval(mean, spread)
    assert spread == pytest.approx(0.1, abs=0.02)
    assert 0.88 <= ((counts >= low) & (counts <= high)).mean() <= 0.96


def test_the_realised_distance_helps_and_is_never_needed():
    rows = trips(3000)
    parts = parts_of(rows)
    artefact = duration.fit(parts["train"], parts["validate"], PARAMS.real_trips)
    model = duration.load(artefact)
    assert "distance_km" not in duration.INPUTS
    served = model.predict(parts["test"][list(duration.INPUTS)])
    assert list(served.columns) == ["minutes"]
    metrics = duration.score(model.predict(parts["test"]), parts["test"])
    assert metrics["rmse_with_realised_distance"] < metrics["rmse"] * 1.1


def test_a_missing_file_of_the_artefact_is_named():
    with pytest.raises(BadInput, match=r"model\.ubj"):
        booster.load({"meta.json": b"{}"})
