"""Ranking and trust over a small knowledge base whose right answers are known."""

import numpy as np
import pandas as pd
import pytest

from core.intents import LABELS
from models.support import fusion
from models.support.fusion import FORBIDDEN, Index

CHANCE = np.random.default_rng(5)
ITEMS = pd.DataFrame(
    {
        "kb_code": ["KB0001", "KB0002", "KB0003"],
        "intent": ["promo_code", "driver_eta", "promo_code"],
        "audience": ["RIDER", "RIDER", "DRIVER"],
        "language_code": ["en", "en", "en"],
    }
)
TEXTS = ["code refused", "a code expires", "where is he", "he is near", "bonus code", "tap bonus"]
OWNER = np.array([0, 0, 1, 1, 2, 2])
ANSWERS = np.array([False, True] * 3)
EVEN = np.ones(len(fusion.SIGNALS))


@pytest.fixture(scope="module")
def index():
    vectors = np.repeat(np.eye(3, 8, dtype="float32"), 2, axis=0)
    return Index(ITEMS, TEXTS, vectors, OWNER, ANSWERS, (1.2, 0.75))


def asked(n, noise):
    """Vectors near the items in turn, and which item that is."""
    right = np.arange(n) % 3
    vectors = np.eye(3, 8)[right] + noise * CHANCE.normal(size=(n, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype("float32"), right


def sure_of(intents, share=0.9):
    found = np.full((len(intents), len(LABELS)), (1 - share) / (len(LABELS) - 1))
    found[np.arange(len(intents)), intents] = share
    return found


def test_an_item_for_another_audience_is_never_found(index):
    vectors, _ = asked(3, 0.0)
    may = index.allowed(["RIDER"] * 3, ["en"] * 3)
    found = fusion.rank(
        index.signals(["x"] * 3, vectors), may, index.intents, sure_of(index.intents),
        EVEN, np.ones(13), 3,
    )  # fmt: skip
    assert found.places[:, 0].tolist()[:2] == [0, 1]
    assert not (found.places == 2).any()
    assert (found.scores[:, 2] == 0).all()


def test_no_item_in_a_language_is_no_confidence(index):
    vectors, _ = asked(1, 0.0)
    may = index.allowed(["RIDER"], ["fr"])
    found = fusion.rank(
        index.signals(["x"], vectors), may, index.intents, sure_of([0]), EVEN, np.ones(13), 2
    )
    assert (found.places.tolist(), found.confidence.tolist()) == ([[-1, -1]], [0.0])


def test_several_near_wordings_count_for_more_than_one():
    vectors = np.eye(2, 8, dtype="float32")[[0, 0, 1, 0, 1]]
    owner, answers = np.array([0, 0, 0, 1, 1]), np.array([False, False, True, False, True])
    two = Index(ITEMS[:2], ["a", "b", "c", "d", "e"], vectors, owner, answers, (1.2, 0.75))
    found = two.signals(["x"], vectors[:1])[0]
    near = fusion.SIGNALS.index("near wordings")
    assert found[0, fusion.NEAREST] == found[1, fusion.NEAREST] == 1
    assert found[0, near] == pytest.approx(1 + np.log(2) / fusion.SHARPNESS)
    assert found[1, near] == pytest.approx(1)


def test_weights_find_the_signal_that_tells():
    n = 300
    right = CHANCE.integers(0, 3, n)
    signals = CHANCE.normal(size=(n, 3, len(EVEN))) * 0.3
    signals[np.arange(n), right, 1] += 1.0
    weights = fusion.learn_weights(signals, np.ones((n, 3), bool), right, 0.001)
    assert weights.argmax() == 1
    assert (weights >= 0).all()


def test_confidence_follows_the_intent_model_where_retrieval_cannot_tell():
    """Signals are noise; the first item is right exactly where the intent model says so."""
    n = 600
    intents = np.array([LABELS.index(i) for i in ITEMS["intent"]])
    signals = CHANCE.normal(size=(n, 3, len(EVEN))) * 0.01
    may = np.tile([True, True, False], (n, 1))
    first = np.where(may, signals @ EVEN, FORBIDDEN).argmax(axis=1)
    agree = CHANCE.random(n) < 0.5
    right = np.where(agree, first, -1)
    said = np.where(agree, intents[first], LABELS.index("unknown"))
    learned = fusion.learn_confidence(signals, may, intents, sure_of(said), right, EVEN)
    found = fusion.rank(signals, may, intents, sure_of(said), EVEN, learned, 2)
    assert found.confidence[agree].min() > 0.9
    assert found.confidence[~agree].max() < 0.1
