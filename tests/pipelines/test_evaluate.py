"""From rows to what serves: train, judge, promote or refuse, roll back; on a real MLflow server."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.errors import ArtefactTampered, BadInput, ModelMissing
from core.params import load_params
from core.settings import Settings
from models import registry
from pipelines import artefacts, evaluate, promotion
from pipelines.context import Context
from pipelines.step import write_json
from pipelines.training import train
from store import releases
from store.db import migrate

KEY = "2026-11-21"
AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
PARAMS = Path(__file__).parents[2] / "params.yaml"


def fill(ctx: Context, days: int = 24) -> None:
    """Requests that follow the hour of the day, with noise the 4-week mean cannot know."""
    rng = np.random.default_rng(3)
    for back in range(days):
        day = date(2026, 11, 21) - timedelta(days=back)
        hours = [datetime(day.year, day.month, day.day, h, tzinfo=UTC) for h in range(24)] * 4
        event = rng.random(96).round(2)
        level = 6 + 4 * np.sin(np.arange(96) % 24 / 24 * 2 * np.pi)
        table = pa.table(
            {
                "zone_id": np.repeat(["Z01", "Z02", "Z03", "Z04"], 24),
                "hour": pa.array(hours, pa.timestamp("us", "UTC")),
                "requests": rng.poisson(level * (1 + 2 * event)),
                "unmet": np.zeros(96, "int64"),
                "available_drivers": np.full(96, 5.0),
                "weather": np.zeros(96),
                "holiday": np.zeros(96, bool),
                "event": event,
                "competitor_index": np.ones(96),
            }
        )
        ctx.lake.write("market_hours", day, table)


@pytest.fixture
def place(tmp_path, mlflow_url):
    def make(**overrides):
        settings = Settings(
            home=tmp_path / "home",
            reports=tmp_path / "reports",
            params=PARAMS,
            profile="tiny",
            mlflow_url=mlflow_url,
        )
        return Context(settings, load_params(PARAMS, "tiny", {"demand.lags_h": [24], **overrides}))

    ctx = make()
    ctx.home.mkdir()
    migrate(ctx.engine)
    fill(ctx)
    return make


def conclude(ctx, verdict, decision="refuse"):
    return evaluate.conclude(verdict, decision, KEY, ctx, AT, "a test")


def test_the_first_model_that_beats_its_baseline_serves(place):
    ctx = place()
    trained = train("demand", KEY, ctx)
    assert trained["trained"]
    assert trained["beats_baseline"]
    assert artefacts.champion("demand", ctx) is None
    verdict = evaluate.judge("profit", KEY, ctx)
    assert verdict["verdict"] == "promote"
    result = conclude(ctx, verdict)
    pointer = releases.pointer(ctx.engine, "profit")
    assert pointer.release_id == result["release"]
    assert artefacts.champion("demand", ctx) == artefacts.newest("demand", ctx)
    client = registry.connect(ctx.settings.tracking_uri)
    assert registry.by_alias(client, "demand").version == trained["version"]
    assert "promote" in Path(result["page"]).read_text()


def test_an_unchanged_model_is_not_trained_nor_judged_again(place):
    ctx = place()
    first = train("demand", KEY, ctx)
    told = Path(conclude(ctx, evaluate.judge("profit", KEY, ctx))["page"]).read_text()
    again = train("demand", KEY, ctx)
    assert (again["trained"], again["version"]) == (False, first["version"])
    verdict = evaluate.judge("profit", KEY, ctx)
    assert verdict["verdict"] == "nothing_new"
    # the page of the run that judged stays
    assert Path(conclude(ctx, verdict)["page"]).read_text() == told


def test_a_worse_challenger_is_refused_and_the_champion_stays(place):
    ctx = place()
    train("demand", KEY, ctx)
    before = conclude(ctx, evaluate.judge("profit", KEY, ctx))["release"]
    weak = place(**{"demand.trees": 2, "demand.learning_rate": 0.02})
    train("demand", KEY, weak)
    verdict = evaluate.judge("profit", KEY, weak)
    assert verdict["models"][0]["verdict"] == "refuse"
    assert conclude(weak, verdict)["release"] == before
    assert releases.pointer(weak.engine, "profit").release_id == before


def test_a_close_verdict_is_what_the_person_says_and_can_be_rolled_back(place):
    ctx = place()
    train("demand", KEY, ctx)
    first = conclude(ctx, evaluate.judge("profit", KEY, ctx))["release"]
    other = place(**{"demand.seed": 8})
    train("demand", KEY, other)
    verdict = evaluate.judge("profit", KEY, other)
    verdict = {**verdict, "models": [{**verdict["models"][0], "verdict": "close"}]}
    refused = conclude(other, verdict, "refuse")
    assert refused["release"] == first
    promoted = conclude(other, verdict, "promote")
    assert promoted["release"] != first
    back = promotion.roll_back("profit", other, "a test", "slow", AT)
    assert back["release"] == first


def test_a_release_with_changed_bytes_is_not_opened(place):
    ctx = place()
    train("demand", KEY, ctx)
    conclude(ctx, evaluate.judge("profit", KEY, ctx))
    blob = next((ctx.releases / "blobs").iterdir())
    blob.chmod(0o600)
    blob.write_bytes(b"something else")
    with pytest.raises(ArtefactTampered):
        artefacts.champion("demand", ctx)


def test_a_new_encoder_waits_until_every_model_on_it_is_trained(place):
    ctx = place()

    def record(name, **files):
        kept = artefacts.keep(ctx, {n.replace("_", "."): b for n, b in files.items()})
        baseline = {"beats_baseline": True, "baseline": {"name": "b"}}
        write_json(ctx.training_record(name), {"version": "1", "files": kept, **baseline})
        return kept

    encoder = record("encoder", model_onnx=b"new")["model.onnx"]
    on_it = json.dumps({"encoder_sha256": encoder}).encode()
    for name in ("intent", "sentiment"):
        record(name, meta_json=on_it)
    record("knowledge_base", meta_json=b'{"encoder_sha256": "another"}')
    verdict = evaluate.judge("support", KEY, ctx)
    assert (verdict["verdict"], verdict["waiting"]) == ("nothing_new", ["knowledge_base"])
    record("knowledge_base", meta_json=on_it)
    assert evaluate.judge("support", KEY, ctx)["verdict"] == "promote"


def test_a_model_without_rows_or_of_another_name_is_a_clear_error(place):
    with pytest.raises(BadInput, match="expected a model out of"):
        train("weather", KEY, place())
    with pytest.raises(ModelMissing, match="expected a trained encoder"):
        train("intent", KEY, place())
    with pytest.raises(BadInput, match="expected a product out of"):
        evaluate.judge("rockets", KEY, place())


def test_real_data_models_say_that_there_is_no_real_data(place):
    assert "TRIPO_DATA is not set" in train("fare", KEY, place())["skipped"]


def test_a_product_that_serves_whole_or_not_at_all_waits_for_the_model_it_lacks(place):
    ctx = place()
    migrate(ctx.engine)
    files = artefacts.keep(ctx, {"model.onnx": b"network"})
    proposed = {"model": "encoder", "version": "1", "verdict": "promote", "champion": None}
    proposed |= {"why": "beats its baseline", "gain_low": None, "challenger_metrics": None}
    proposed |= {"files": files}
    verdict = {"product": "support", "key": KEY, "verdict": "promote", "models": [proposed]}
    verdict |= {"serving": None, "waiting": []}
    result = evaluate.conclude(verdict, "refuse", KEY, ctx, AT, "gates")
    assert result["outcome"] == {"encoder": "wait"}
    assert result["missing"] == ["intent", "sentiment", "locations", "knowledge_base"]
    assert releases.pointer(ctx.engine, "support") is None
    assert not (ctx.home / "evaluate" / "encoder.json").exists()
    assert "the others wait" in Path(result["page"]).read_text()


def test_a_model_whose_bytes_were_deleted_is_trained_again(place):
    ctx = place()
    first = train("demand", KEY, ctx)
    files = json.loads(ctx.training_record("demand").read_text())["files"]
    lost = ctx.releases / "blobs" / files["model.ubj"]
    lost.unlink()
    assert train("demand", KEY, ctx)["trained"]
    assert artefacts.newest("demand", ctx) and lost.exists()
    assert train("demand", KEY, ctx)["trained"] is False and first["trained"]
