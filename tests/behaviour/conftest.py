"""The heads as `make run` learns them, on the bundled encoder."""

from types import SimpleNamespace

import pytest

from core.params import load_params
from core.settings import Settings
from models.catalog import spec_of
from pipelines import training
from pipelines.bundled_encoder import bundled_artefact
from pipelines.context import Context
from tests.pipelines.test_training import ROOT

KEY = "2026-11-21"


@pytest.fixture(scope="package")
def support(tmp_path_factory):
    """encoder, intent and sentiment, loaded."""
    from models.support import encoder

    home = Settings(home=tmp_path_factory.mktemp("behaviour"))
    ctx = Context(home, load_params(ROOT / "params.yaml", "full", {"evaluate.bootstrap": 100}))
    network = bundled_artefact(ctx)
    intent, sentiment = (
        training.learn(spec_of(name), KEY, ctx, {"encoder": network})[-1]
        for name in ("intent", "sentiment")
    )
    return SimpleNamespace(
        encoder=encoder.load(network), intent=intent, sentiment=sentiment, params=ctx.params
    )


@pytest.fixture(scope="package")
def intents_of(support):
    """Texts in, the label of each out."""

    def guess(texts):
        found = support.intent.guess(support.encoder.embed(texts), texts)
        return [found.label(row) for row in range(len(texts))]

    return guess
