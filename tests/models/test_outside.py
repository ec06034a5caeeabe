"""Scores of a message that belongs to nothing known."""

import numpy as np
import pytest

from core.intents import UNKNOWN
from models.support import outside
from models.support.outside import Known

RNG = np.random.default_rng(4)
CENTRES = np.eye(3, 16)


@pytest.fixture(scope="module")
def inside():
    codes = RNG.integers(0, 3, 600)
    return (CENTRES[codes] + 0.1 * RNG.normal(size=(600, 16))).astype("f4"), codes


@pytest.fixture(scope="module")
def known(inside):
    vectors, codes = inside
    labels = [*np.array(["a", "b", "c"])[codes], *[UNKNOWN] * 5]
    return Known.of(np.vstack([vectors, np.full((5, 16), 9.0)]).astype("f4"), labels)


def test_distance_has_unit_spread_inside_and_ignores_rows_that_are_outside(known, inside):
    found = known.distance(inside[0])
    assert known.means.shape == (3, 16)
    # 16 directions of unit variance, the shrinkage makes them a little shorter
    assert found.mean() == pytest.approx(np.sqrt(16), rel=0.12)
    assert known.distance(np.full((1, 16), 0.5, "f4"))[0] > np.quantile(found, 0.999)


@pytest.mark.parametrize("classes", [("a", "b", "c"), ("a", "b", "c", UNKNOWN)])
def test_every_score_is_larger_outside(known, inside, classes):
    vectors = np.vstack([inside[0], 0.3 + 0.1 * RNG.normal(size=(50, 16))]).astype("f4")
    logits = 8.0 * (vectors @ np.eye(16, len(classes)))
    logits[600:] -= 2.0
    if UNKNOWN in classes:
        logits[600:, 3] += 8.0
    found = outside.scores(logits.astype("float64"), vectors, known, classes)
    assert len(found) == (6 if UNKNOWN in classes else 4)
    for name, values in found.items():
        assert values[600:].mean() > values[:600].mean(), name


def test_the_score_that_tells_best_is_chosen_and_rejects_the_stated_share():
    far = np.r_[np.zeros(100, bool), np.ones(20, bool)]
    found = {"distance": RNG.normal(size=120), "energy": RNG.normal(size=120) + 6.0 * far}
    name, threshold = outside.choose(found, far, 0.03)
    assert name == "energy"
    assert (found[name][~far] > threshold).mean() == pytest.approx(0.02, abs=0.011)
    assert not (found[name][:20] > outside.choose(
        {n: v[:20] for n, v in found.items()}, far[:20], 0.03)[1]).any()  # fmt: skip
    assert outside.choose(found, np.zeros(120, bool), 0.03)[0] == outside.FALLBACK
