"""Versions, aliases and verified bytes, against a real MLflow server."""

import json
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
from matplotlib.figure import Figure

from core.errors import ArtefactTampered, BadInput, ModelMissing, RegistryUnavailable
from models import registry
from models.contract import Judgement, Slice

ARTEFACT = {"model.ubj": b"\x00\x01", "meta.json": b"{}", "selftest.json": b"{}"}
JUDGED = Judgement(
    "mae", {"mae": 1.5}, 1.2, 1.8, "last week", {"mae": 2.5}, True, 0.5, 1.5,
    [Slice("vertical", "RIDE", 50, 1.4, 1.1, 1.7)],
)  # fmt: skip


def candidate(name, **changed):
    given = registry.Candidate(
        name=name,
        key="2026-11-21",
        module="models.profit.demand",
        artefact=ARTEFACT,
        params={"trees": 40},
        judgement=JUDGED,
        data_digest="a" * 64,
        data_about={"test": "the last 4 days"},
        provenance={"git_revision": "abc"},
        card="# demand\nFor planning.",
        example=pd.DataFrame({"zone_id": ["Z01"], "hour": [3]}),
        predictions=pd.DataFrame({"requests": [4.5]}),
        plots={"residuals": Figure()},
    )
    return replace(given, **changed)


@pytest.fixture(scope="module")
def client(mlflow_url):
    return registry.connect(mlflow_url)


@pytest.fixture
def httpserver_url(tmp_path):
    """A server that knows nothing of MLflow."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_candidate_keeps_all_a_reviewer_needs(client):
    version = registry.log_candidate(client, candidate("kept"))
    run = client.get_run(version.run_id)
    assert run.data.params == {"trees": "40"}
    assert run.data.metrics["mae"] == 1.5
    assert run.data.metrics["mae_low"] == 1.2
    assert run.data.metrics["baseline_mae"] == 2.5
    assert run.data.tags["git_revision"] == "abc"
    assert run.inputs.dataset_inputs[0].dataset.digest == "a" * 36
    assert {f.path for f in client.list_artifacts(version.run_id)} >= {
        "model_card.md", "plots", "slices.json",
    }  # fmt: skip


def test_training_registers_and_never_promotes(client):
    version = registry.log_candidate(client, candidate("waiting"))
    assert registry.by_alias(client, "waiting") is None
    assert registry.by_alias(client, "waiting", registry.CHALLENGER) == version
    registry.conclude(client, "waiting", version.version, "promoted", "beats its baseline")
    assert registry.by_alias(client, "waiting").version == version.version


def test_what_was_registered_is_opened_only_with_the_same_bytes(client):
    version = registry.log_candidate(client, candidate("sealed"))
    assert registry.open_verified(client, "sealed", version.version) == ARTEFACT
    false = {**version.files, "model.ubj": "0" * 64}
    client.set_model_version_tag("sealed", version.version, registry.SHA256, json.dumps(false))
    with pytest.raises(ArtefactTampered, match="will not be opened"):
        registry.open_verified(client, "sealed", version.version)


def test_versions_come_newest_first(client):
    registry.log_candidate(client, candidate("many"))
    registry.log_candidate(client, candidate("many", artefact={**ARTEFACT, "model.ubj": b"2"}))
    assert [v.version for v in registry.versions(client, "many")] == ["2", "1"]
    assert registry.versions(client, "never") == []


def test_a_pickle_is_never_registered(client):
    with pytest.raises(BadInput, match=r"got \['model.pkl'\]"):
        registry.log_candidate(client, candidate("pickled", artefact={"model.pkl": b"x"}))
    assert registry.versions(client, "pickled") == []


def test_a_missing_version_is_named(client):
    with pytest.raises(ModelMissing, match="version 7 of nobody"):
        registry.open_verified(client, "nobody", "7")


def test_another_server_is_not_taken_for_mlflow(httpserver_url):
    with pytest.raises(RegistryUnavailable, match="got 404 from another server"):
        registry.connect(httpserver_url)
    with pytest.raises(BadInput, match="expected TRIPO_MLFLOW_URL like http"):
        registry.connect("notaurl")


def test_an_unreachable_server_is_named(mlflow_url, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    try:
        with pytest.raises(RegistryUnavailable, match="it does not answer"):
            registry.versions(registry.connect("http://127.0.0.1:9"), "kept")
    finally:
        registry.connect(mlflow_url)
