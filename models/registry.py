"""The only module that talks to MLflow: runs, versions, aliases, verified artefacts."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
from mlflow import MlflowClient
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.sources import LocalArtifactDatasetSource
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.models import Model, infer_signature

from core.errors import ArtefactTampered, BadInput, ModelMissing, RegistryUnavailable
from models import tracking_server
from models.contract import ALLOWED_SUFFIXES, Artefact, Judgement

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CHAMPION = "champion"
CHALLENGER = "challenger"
SHA256 = "sha256"
VERDICT = "verdict"
CANDIDATE = "candidate"
FLAVOR = "tripo"


@dataclass(frozen=True)
class Candidate:
    """One training run to record: what was learned, from what, and how it was judged."""

    name: str
    key: str
    module: str
    artefact: Artefact
    params: Mapping[str, Any]
    judgement: Judgement
    data_digest: str
    data_about: Mapping[str, str]
    provenance: Mapping[str, str]
    card: str
    example: "pd.DataFrame"
    predictions: "pd.DataFrame"
    plots: Mapping[str, "Figure"] = field(default_factory=dict)
    mistakes: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One registered version: its number, the SHA-256 of each file, its verdict so far."""

    name: str
    version: str
    run_id: str
    files: dict[str, str]
    verdict: str


def digests(artefact: Artefact) -> dict[str, str]:
    """SHA-256 of every file of an artefact, after a check that no other format is among them."""
    odd = sorted(name for name in artefact if Path(name).suffix not in ALLOWED_SUFFIXES)
    if odd:
        raise BadInput(f"expected files ending in {sorted(ALLOWED_SUFFIXES)}, got {odd}")
    return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(artefact.items())}


def connect(tracking_uri: str) -> MlflowClient:
    """A client of the tracking server; it becomes this process's server too.

    Raises
    ------
    BadInput
        If the address is none of HTTP.
    RegistryUnavailable
        If nothing answers there in time, or what answers is not MLflow.
    """
    tracking_server.require(tracking_uri)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    mlflow.set_tracking_uri(tracking_uri)
    return MlflowClient(tracking_uri)


@contextmanager
def _reachable(what: str) -> Iterator[None]:
    """Say plainly that the server is away, instead of a page of urllib3."""
    try:
        yield
    except MlflowException as error:
        if "Connection" in str(error) or "Max retries" in str(error):
            gone = tracking_server.away(mlflow.get_tracking_uri(), "no connection")
            raise RegistryUnavailable(f"{what}: {gone}") from None
        raise


class _Flavor:
    """Writes our artefact as an MLflow model with signature and input example; loads nothing."""

    __name__ = FLAVOR

    @staticmethod
    def save_model(path: str, mlflow_model: Model, candidate: Candidate) -> None:
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in candidate.artefact.items():
            (folder / name).write_bytes(data)
        mlflow_model.add_flavor(FLAVOR, module=candidate.module, sha256=digests(candidate.artefact))
        mlflow_model.signature = infer_signature(candidate.example, candidate.predictions)
        example = folder / "input_example.json"
        example.write_text(candidate.example.to_json(orient="split", index=False))
        mlflow_model.saved_input_example_info = {
            "artifact_path": example.name,
            "type": "dataframe",
            "pandas_orient": "split",
        }
        mlflow_model.save(str(folder / "MLmodel"))


def log_candidate(client: MlflowClient, candidate: Candidate) -> Version:
    """Record one run and register its model as a candidate; nothing is promoted.

    Raises
    ------
    RegistryUnavailable
        If MLflow does not answer.
    """
    files = digests(candidate.artefact)
    with _reachable(f"registering {candidate.name}"):
        experiment = mlflow.set_experiment(candidate.name)
        with mlflow.start_run(
            experiment_id=experiment.experiment_id, run_name=f"{candidate.name} {candidate.key}"
        ) as run:
            _log_run(client, run.info.run_id, candidate)
            info = Model.log(
                artifact_path=None,
                name=candidate.name,
                flavor=_Flavor,
                candidate=candidate,
                registered_model_name=candidate.name,
            )
        version = str(info.registered_model_version)
        for tag, value in {
            SHA256: json.dumps(files),
            VERDICT: CANDIDATE,
            "key": candidate.key,
            "beats_baseline": str(candidate.judgement.beats_baseline),
        }.items():
            client.set_model_version_tag(candidate.name, version, tag, value)
        client.set_registered_model_alias(candidate.name, CHALLENGER, version)
    return Version(candidate.name, version, info.run_id, files, CANDIDATE)


def _log_run(client: MlflowClient, run_id: str, candidate: Candidate) -> None:
    judged = candidate.judgement
    metrics = {
        **judged.metrics,
        f"{judged.primary}_low": judged.low,
        f"{judged.primary}_high": judged.high,
        "gain_over_baseline_low": judged.gain_low,
        "gain_over_baseline_high": judged.gain_high,
        **{f"baseline_{name}": value for name, value in judged.baseline_metrics.items()},
    }
    client.log_batch(
        run_id,
        metrics=[Metric(name, float(value), 0, 0) for name, value in metrics.items()],
        params=[Param(name, str(value)) for name, value in candidate.params.items()],
        tags=[
            RunTag(name, value)
            for name, value in {
                **candidate.provenance,
                **{f"data.{name}": value for name, value in candidate.data_about.items()},
                "baseline": judged.baseline,
                "mlflow.note.content": candidate.card,
            }.items()
        ],
    )
    source = LocalArtifactDatasetSource(f"lake/{candidate.name}/{candidate.key}")
    mlflow.log_input(
        MetaDataset(source, name=candidate.name, digest=candidate.data_digest[:36]), "training"
    )
    with tempfile.TemporaryDirectory() as folder:
        _write_pages(Path(folder), candidate)
        # in one go: logged one by one, each asks the server first where it is to go
        client.log_artifacts(run_id, folder)


def _write_pages(folder: Path, candidate: Candidate) -> None:
    slices = {"slices": [asdict(found) for found in candidate.judgement.slices]}
    (folder / "model_card.md").write_text(candidate.card, encoding="utf-8")
    (folder / "slices.json").write_text(json.dumps(slices, indent=2), encoding="utf-8")
    if candidate.mistakes:
        (folder / "mistakes.md").write_text(candidate.mistakes, encoding="utf-8")
    (folder / "plots").mkdir()
    for name, figure in candidate.plots.items():
        figure.savefig(folder / "plots" / f"{name}.png")


def log_report(
    client: MlflowClient,
    experiment: str,
    key: str,
    params: Mapping[str, Any],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> str:
    """Record figures that belong to no model, as one finished run; its id."""
    with _reachable(f"recording {experiment} of {key}"):
        found = mlflow.set_experiment(experiment).experiment_id
        run_id = str(client.create_run(found, run_name=f"{experiment} {key}").info.run_id)
        client.log_batch(
            run_id,
            metrics=[Metric(name, value, 0, 0) for name, value in metrics.items()],
            params=[Param(name, str(value)) for name, value in params.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        client.set_terminated(run_id)
    return run_id


def versions(client: MlflowClient, name: str) -> list[Version]:
    """Every version of a model, newest first; none if the model was never registered."""
    with _reachable(f"versions of {name}"):
        found = client.search_model_versions(f"name = '{name}'", max_results=200)
    return sorted((_version(v) for v in found), key=lambda v: int(v.version), reverse=True)


def by_alias(client: MlflowClient, name: str, alias: str = CHAMPION) -> Version | None:
    """The version under an alias, or None."""
    try:
        with _reachable(f"{name}@{alias}"):
            return _version(client.get_model_version_by_alias(name, alias))
    except MlflowException:
        return None


def _version(found: Any) -> Version:
    tags = found.tags
    return Version(
        found.name,
        str(found.version),
        found.run_id or "",
        json.loads(tags.get(SHA256, "{}")),
        tags.get(VERDICT, ""),
    )


def open_verified(client: MlflowClient, name: str, version: str) -> Artefact:
    """The files of a version, each checked against the SHA-256 recorded when it was registered.

    Raises
    ------
    ModelMissing
        If there is no such version.
    ArtefactTampered
        If a file is missing, of a format we do not open, or has other bytes.
    """
    try:
        with _reachable(f"{name} version {version}"):
            found = client.get_model_version(name, version)
    except MlflowException:
        raise ModelMissing(f"expected version {version} of {name}; there is none") from None
    wanted = _version(found).files
    with tempfile.TemporaryDirectory() as folder:
        with _reachable(f"downloading {name} version {version}"):
            local = Path(mlflow.artifacts.download_artifacts(found.source, dst_path=folder))
        given = {n: (local / n).read_bytes() for n in wanted if (local / n).exists()}
    if not wanted or digests(given) != wanted:
        raise ArtefactTampered(
            f"{name} version {version}: expected SHA-256 {wanted}, got {digests(given)}; "
            "it will not be opened. Train again, or roll back with `tripo promote`."
        )
    return given


def conclude(client: MlflowClient, name: str, version: str, verdict: str, why: str) -> None:
    """Write a verdict on a version; ``promoted`` makes it the champion."""
    with _reachable(f"concluding {name} version {version}"):
        client.set_model_version_tag(name, version, VERDICT, verdict)
        client.set_model_version_tag(name, version, "why", why[:4000])
        if verdict == "promoted":
            client.set_registered_model_alias(name, CHAMPION, version)
