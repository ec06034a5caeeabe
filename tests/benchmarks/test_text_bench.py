"""`tripo bench text` on small files in the form of the public ones."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks.scifact import _ndcg_at_10, _scaled
from cli.main import app
from tests.pipelines.test_text_files import THINGS, rows


@pytest.fixture
def public(tmp_path, monkeypatch):
    folder = tmp_path / "public" / "intents"
    folder.mkdir(parents=True)
    for name, things in {"train": THINGS[:8], "test": THINGS[7:]}.items():
        frame = rows(things).rename(columns={"label": "intent"})
        frame.to_parquet(folder / f"banking77_{name}.parquet")
    odd = {"val": ["who won the match", "boil an egg"], "test": ["name a planet", "sing a song"]}
    parts = {"train": THINGS[:6], "val": THINGS[6:8], "test": THINGS[8:]}
    clinc = pd.concat(
        [rows(things).assign(split=name) for name, things in parts.items()]
        + [pd.DataFrame({"text": odd[name], "label": "oos", "split": name}) for name in odd]
    )
    clinc = clinc.rename(columns={"label": "intent"})
    clinc.assign(oos=clinc["intent"] == "oos").to_parquet(folder / "clinc150_full.parquet")
    monkeypatch.setenv("TRIPO_DATA", str(folder.parent))
    monkeypatch.setenv("TRIPO_PROFILE", "tiny")
    monkeypatch.setenv("TRIPO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRIPO_REPORTS", str(tmp_path / "reports"))
    return folder.parent


def bench(*arguments: str):
    return CliRunner().invoke(app, ["bench", "text", "--json", *arguments])


def test_each_set_is_measured_beside_its_peers_and_kept(public, tmp_path):
    result = bench("--only", "banking77", "--only", "clinc150", "--seed", "3", "--seed", "4")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found == json.loads((tmp_path / "reports" / "bench.json").read_text())["text"]
    by_name = {row["name"]: row for row in found["rows"]}
    banking = by_name["BANKING77, quick"]
    assert banking["repeats"] == 2 and 0.5 < banking["value"] <= 1
    assert set(banking["peers"]) == {"TF-IDF + LinearSVC", "frozen MiniLM + logistic regression"}
    assert by_name["CLINC150 in scope, quick"]["value"] > 0.5
    assert 0 <= by_name["CLINC150 out of scope, quick"]["value"] <= 1


def test_an_unknown_set_and_missing_data_are_refused(public, monkeypatch):
    assert "expected a set out of own, scifact" in str(bench("--only", "atis").exception)
    monkeypatch.delenv("TRIPO_DATA")
    assert "expected TRIPO_DATA" in str(bench("--only", "banking77").exception)


def test_ndcg_and_scaled_scores_are_as_defined():
    scores = np.array([[0.9, 0.5, 0.7, 0.1, *np.zeros(8)]])
    first, second = np.zeros((1, 12)), np.zeros((1, 12))
    first[0, 0] = second[0, 2] = 1
    assert _ndcg_at_10(scores, first) == 1
    assert _ndcg_at_10(scores, second) == pytest.approx(1 / np.log2(3))
    assert _scaled(scores * 10)[0, :4] == pytest.approx([1, 5 / 9, 7 / 9, 1 / 9])
