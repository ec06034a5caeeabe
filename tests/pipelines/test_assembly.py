"""An encoder and the models that stand on it enter a release together or not at all."""

import json
from pathlib import Path

import pytest

from core.params import load_params
from core.settings import Settings
from pipelines import assembly
from pipelines.context import Context
from store import releases

PARAMS = load_params(Path(__file__).parents[2] / "params.yaml")


@pytest.fixture
def ctx(tmp_path):
    return Context(Settings(home=tmp_path), PARAMS)


def encoder(sha: str) -> dict:
    return {"version": sha, "files": {"model.onnx": sha}}


def head(ctx, stands_on: str) -> dict:
    meta = json.dumps({"encoder_sha256": stands_on}).encode()
    return {"version": "1", "files": {"meta.json": releases.write_blob(ctx.releases, meta)}}


def test_heads_of_the_encoder_that_serves_enter(ctx):
    chosen = {"encoder": encoder("old"), "intent": head(ctx, "old")}
    entering = {"sentiment": head(ctx, "old")}
    assert assembly.fitting(chosen, entering, ctx) == entering


def test_an_encoder_enters_with_all_of_its_heads(ctx):
    chosen = {"encoder": encoder("old"), "intent": head(ctx, "old"), "sentiment": head(ctx, "old")}
    entering = {
        "encoder": encoder("new"), "intent": head(ctx, "new"), "sentiment": head(ctx, "new"),
    }  # fmt: skip
    assert assembly.fitting(chosen, entering, ctx) == entering


def test_where_one_head_was_refused_the_encoder_and_its_other_heads_stay_out(ctx):
    chosen = {"encoder": encoder("old"), "intent": head(ctx, "old"), "sentiment": head(ctx, "old")}
    entering = {"encoder": encoder("new"), "intent": head(ctx, "new")}
    assert assembly.fitting(chosen, entering, ctx) == {}


def test_heads_of_a_refused_encoder_stay_out(ctx):
    chosen = {"encoder": encoder("old"), "intent": head(ctx, "old")}
    entering = {"intent": head(ctx, "new"), "sentiment": head(ctx, "old")}
    assert set(assembly.fitting(chosen, entering, ctx)) == {"sentiment"}


def test_only_support_cannot_serve_without_one_of_its_models(ctx):
    assert assembly.missing("support", {"encoder", "intent", "sentiment"}) == [
        "locations",
        "knowledge_base",
    ]
    assert assembly.missing("profit", {"demand"}) == []
