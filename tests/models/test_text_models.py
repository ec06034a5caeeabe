"""Intent, sentiment and retrieval learned from a small share of the bundled text, and judged."""

import json

import numpy as np
import pandas as pd
import pytest

from core.errors import ReleaseRefused
from core.intents import LABELS, UNKNOWN
from core.params import load_params
from core.settings import Settings
from models import judging, learning_curve, selftest
from models.catalog import spec_of
from models.support import heads, intent, retrieval, sentiment
from pipelines import knowledge_base, training
from pipelines.bundled_encoder import bundled_artefact
from pipelines.context import Context
from store.db import migrate
from tests.pipelines.test_training import ROOT

KEY = "2026-11-21"


@pytest.fixture(scope="module")
def ctx(tmp_path_factory):
    home = tmp_path_factory.mktemp("text")
    found = Context(Settings(home=home), load_params(ROOT / "params.yaml", "tiny"))
    migrate(found.engine)
    return found


@pytest.fixture(scope="module")
def encoder(ctx):
    return bundled_artefact(ctx)


@pytest.fixture(scope="module")
def intents(ctx, encoder):
    return training.learn(spec_of("intent"), KEY, ctx, {"encoder": encoder})


@pytest.fixture(scope="module")
def moods(ctx, encoder):
    return training.learn(spec_of("sentiment"), KEY, ctx, {"encoder": encoder})


@pytest.fixture(scope="module")
def base(ctx, encoder, intents):
    knowledge_base.load(KEY, ctx)
    knowledge_base.snapshot(KEY, ctx)
    needed = {"encoder": encoder, "intent": intents[2]}
    return training.learn(spec_of("knowledge_base"), KEY, ctx, needed)


@pytest.mark.parametrize(("name", "least"), [("intents", 0.85), ("moods", 0.85), ("base", 0.6)])
def test_each_beats_its_baseline_on_held_out_text(name, least, request):
    module, dataset, _, judged, _ = request.getfixturevalue(name)
    assert judged.metrics[judged.primary] > least
    assert judged.beats_baseline
    assert judged.low < judged.metrics[judged.primary] < judged.high
    assert set(dataset.test["text"]).isdisjoint(dataset.train["text"])
    assert judged.primary == module.PRIMARY


@pytest.mark.parametrize("name", ["intents", "moods", "base"])
def test_each_shows_itself_in_pictures_and_replays_its_self_test(name, request):
    module, dataset, artefact, _, predictor = request.getfixturevalue(name)
    shown = module.plots(predictor.predict(dataset.test), dataset.test)
    assert "reliability" in shown
    again = module.load(artefact)
    assert selftest.replay(name, again, artefact[selftest.FILE]) == training.SELFTEST_ROWS


def test_heads_show_how_they_grow(intents, moods):
    assert learning_curve.pictures(intents[2])
    assert learning_curve.pictures(moods[2])


def test_few_messages_in_scope_are_rejected_and_most_of_the_others(intents, ctx):
    _, dataset, _, judged, predictor = intents
    rows = dataset.validate
    out = predictor.predict(rows)["out_of_scope"].to_numpy(bool)
    inside = (rows["label"] != UNKNOWN).to_numpy()
    assert out[inside].mean() <= ctx.params.intent.false_reject_rate + 0.01
    assert out[~inside].mean() > 0.8
    assert judged.metrics["out_of_scope_recall"] > 0.8


def test_probabilities_are_probabilities(intents):
    _, dataset, _, _, predictor = intents
    rows = dataset.test.head(50)
    guess = predictor.guess(heads.stack(rows["embedding"].tolist()), rows["text"].tolist())
    assert guess.probabilities.shape == (50, len(LABELS))
    assert np.allclose(guess.probabilities.sum(axis=1), 1)
    assert ((guess.danger >= 0) & (guess.danger <= 1)).all()


def test_a_label_without_text_is_refused(intents, ctx):
    _, dataset, *_ = intents
    rows = dataset.train[dataset.train["label"] != "smalltalk"]
    with pytest.raises(ReleaseRefused, match="smalltalk"):
        intent.fit(rows, dataset.validate, ctx.params.intent)


def test_sentiment_scores_run_from_minus_one_to_one(moods):
    _, dataset, _, _, predictor = moods
    found = predictor.predict(dataset.test)
    assert found["score"].between(-1, 1).all()
    right = dataset.test["label"].to_numpy()
    means = [found["score"][right == label].mean() for label in ("negative", "neutral", "positive")]
    assert means == sorted(means)
    assert judging.primary(sentiment, found, dataset.test) > 0.85


def test_the_strength_of_the_sentiment_head_is_the_one_that_other_text_prefers(ctx, moods):
    _, dataset, _, _, _ = moods
    asked = dataset.validate

    def learned(*cs):
        params = ctx.params.sentiment.model_copy(update={"cs": cs})
        return sentiment.fit(dataset.train, asked, params)

    def log_loss(c):
        found = sentiment.load(learned(c)).predict(asked)
        return -np.mean([np.log(row[row["label_asked"]]) for _, row in
                         found.assign(label_asked=asked["label"]).iterrows()])  # fmt: skip

    weak, strong = 0.001, 3.0
    assert log_loss(strong) < 0.9 * log_loss(weak)
    for cs in ((weak, strong), (strong, weak)):
        assert json.loads(learned(*cs)[heads.META])["c"] == strong


def test_what_nothing_answers_is_trusted_less(base):
    _, dataset, _, _, predictor = base
    asked = dataset.validate
    sure = predictor.predict(asked)["confidence"].to_numpy()
    outside = (asked["kb_code"] == "").to_numpy()
    assert np.median(sure[~outside]) > 0.7
    assert np.median(sure[outside]) < 0.2


def test_an_item_for_drivers_is_never_shown_to_riders(base):
    _, dataset, _, _, predictor = base
    drivers = dataset.test[dataset.test["audience"] == "DRIVER"]
    assert len(drivers) > 5
    found = predictor.predict(drivers.assign(audience="RIDER"))
    meant = pd.DataFrame(predictor.items).set_index("kb_code")["audience"]
    codes = found.filter(regex=r"^kb_\d+$").to_numpy().ravel()
    assert set(meant[[code for code in codes if code]]) <= {"RIDER", "ALL"}


def test_retrieval_counts_ranks(base):
    _, dataset, _, judged, _ = base
    codes = dataset.test["kb_code"]
    perfect = pd.DataFrame({"kb_1": codes, "kb_2": "", "confidence": 1.0})
    second = pd.DataFrame({"kb_1": "", "kb_2": codes, "confidence": 0.0})
    assert retrieval.score(perfect, dataset.test)["recall_at_1"] == 1.0
    found = retrieval.score(second, dataset.test)
    assert (found["recall_at_1"], found["recall_at_5"], found["mrr"]) == (0.0, 1.0, 0.5)
    assert found["calibration_error"] == 0.0
    assert judged.metrics["recall_at_5"] >= judged.metrics["recall_at_1"]
