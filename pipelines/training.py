"""Train one model of the catalog: rows, fit, judge beside the baseline, register a candidate.

The same road for every model; nothing is promoted here (that is `pipelines.evaluate`).
"""

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from sysconfig import get_path
from types import ModuleType
from typing import Any

from core.errors import BadInput
from core.partition import days_of
from models.catalog import ModelSpec, spec_of
from models.contract import Artefact, Dataset
from pipelines import artefacts
from pipelines.context import Context
from pipelines.step import run_step, write_json

SELFTEST_ROWS = 8
EXAMPLE_ROWS = 3


def train(name: str, key: str, ctx: Context) -> dict[str, Any]:
    """Train ``name`` on what is known at the end of ``key``; a summary for reports/run.json.

    Skipped when neither data, parameters nor code changed since the last training. A model that
    needs real data is skipped, and says so, when there is none.
    """
    days_of(key)
    spec = spec_of(name)
    if spec.real_data_only and (missing := _missing_trips(ctx)):
        return {"model": name, "skipped": f"needs real trips; {missing}"}
    needed = {model: artefacts.base(model, ctx) for model in spec.needs}
    datasets = import_module(spec.dataset)
    record = ctx.training_record(name)
    step = run_step(
        record,
        modules=(spec.module, spec.dataset, __name__),
        inputs=datasets.inputs(key, ctx, needed),
        params=sections(spec, ctx),
        work=lambda: _train(spec, key, ctx, needed, record),
        present=lambda: artefacts.kept(name, ctx),
    )
    return {**step.result, "trained": not step.skipped}


def _missing_trips(ctx: Context) -> str:
    """Why there are no real trips to learn from; empty if there are some."""
    from pipelines.datasets.real_months import ORDERS

    if ctx.settings.data is None:
        return "TRIPO_DATA is not set"
    return "" if ctx.lake.keys(ORDERS) else f"{ctx.settings.data} had no New York green taxis"


def sections(spec: ModelSpec, ctx: Context) -> dict[str, Any]:
    """Every section of params.yaml that a model depends on; overrides are in them."""
    names = (spec.params, *spec.reads, "evaluate")
    return {name: getattr(ctx.params, name).model_dump(mode="json") for name in names}


def _train(
    spec: ModelSpec, key: str, ctx: Context, needed: dict[str, Artefact], record: Path
) -> dict[str, Any]:
    from models import learning_curve, registry

    module, dataset, artefact, judged, predictor = learn(spec, key, ctx, needed)
    params = getattr(ctx.params, spec.params)
    predicted = predictor.predict(dataset.test)
    fair = _fairness(module, predicted, dataset, params, ctx)
    if fair is not None:
        judged = replace(judged, metrics={**judged.metrics, **fair.metrics})
    example = dataset.test[list(module.INPUTS)].head(EXAMPLE_ROWS).reset_index(drop=True)
    version = registry.log_candidate(
        registry.connect(ctx.settings.tracking_uri),
        registry.Candidate(
            name=spec.name,
            key=key,
            module=spec.module,
            artefact=artefact,
            params=_flat(sections(spec, ctx), spec.params),
            judgement=judged,
            data_digest=dataset.digest,
            data_about=dataset.about,
            provenance=provenance(),
            card=_card(spec, key, module, dataset, judged, params)
            + (fair.markdown if fair is not None else ""),
            example=example,
            predictions=predictor.predict(example),
            plots={
                **module.plots(predicted, dataset.test),
                **learning_curve.pictures(artefact),
                **(fair.plots if fair is not None else {}),
            },
            mistakes=module.mistakes(predicted, dataset.test)
            if hasattr(module, "mistakes")
            else "",
        ),
    )
    _note_opening(ctx, spec.name, version.version, dataset, judged)
    summary = {"model": spec.name, "version": version.version, "key": key, **judged.summary()}
    write_json(record, {**summary, "files": artefacts.keep(ctx, artefact)})
    return summary


def _fairness(
    module: ModuleType, predicted: Any, dataset: Dataset, params: Any, ctx: Context
) -> Any:
    """How groups of people fare, for the models that report it and where groups are known."""
    if not hasattr(module, "fairness_report"):
        return None
    least = ctx.params.evaluate.slice_min_rows
    return module.fairness_report(predicted, dataset.test, params, least)


def _flat(found: dict[str, Any], own: str) -> dict[str, Any]:
    """Parameters as a run shows them: the model's own by name, others with their section."""
    return {
        field if section == own else f"{section}.{field}": value
        for section, fields in found.items()
        for field, value in fields.items()
    }


def _note_opening(ctx: Context, name: str, version: str, dataset: Dataset, judged: Any) -> None:
    """One line in reports/test_openings.jsonl: which version was judged on which test rows."""
    line = {
        "model": name,
        "version": version,
        "data": dataset.digest,
        "test_rows": len(dataset.test),
        judged.primary: round(judged.metrics[judged.primary], 6),
    }
    ctx.settings.reports.mkdir(parents=True, exist_ok=True)
    with (ctx.settings.reports / "test_openings.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")


def learn(
    spec: ModelSpec, key: str, ctx: Context, needed: dict[str, Artefact]
) -> tuple[ModuleType, Dataset, Artefact, Any, Any]:
    """Rows, fit, load what was saved, judge that: module, dataset, artefact, judgement, predictor.

    What is judged is the model as loaded from its artefact, never the object that was fitted.
    """
    from models import judging, selftest

    module = import_module(spec.module)
    dataset: Dataset = import_module(spec.dataset).build(key, ctx, needed)
    for part, rows in {"train": dataset.train, "test": dataset.test}.items():
        if rows.empty:
            raise BadInput(f"{spec.name}: expected {part} rows for {key}, got none")
    params = getattr(ctx.params, spec.params)
    artefact = dict(module.fit(dataset.train, dataset.validate, params))
    predictor = module.load(artefact)
    rows = dataset.test[list(module.INPUTS)].head(SELFTEST_ROWS)
    artefact[selftest.FILE] = selftest.make(predictor, rows)
    judged = judging.judge(module, predictor, dataset, params, judging_rules(ctx))
    return module, dataset, artefact, judged, predictor


def judging_rules(ctx: Context) -> Any:
    """The section ``evaluate`` of params.yaml as the judging module wants it."""
    from models.judging import JudgingRules

    rules = ctx.params.evaluate
    return JudgingRules(rules.bootstrap, rules.confidence, rules.seed, rules.slice_min_rows)


def _card(
    spec: ModelSpec, key: str, module: ModuleType, dataset: Dataset, judged: Any, params: Any
) -> str:
    from models import card

    return card.render(spec.name, key, module.ABOUT, dataset, judged, params.model_dump())


def provenance() -> dict[str, str]:
    """Git revision of the code and a hash of every installed distribution."""
    # a distribution's folder is named for it and its version: 300 files less to parse
    installed = sorted(path.name for path in Path(get_path("purelib")).glob("*.dist-info"))
    return {
        "git_revision": _revision() or "not a git checkout",
        "environment_sha256": hashlib.sha256("\n".join(installed).encode()).hexdigest(),
    }


def _revision() -> str:
    """What git calls this code; empty without git or outside of a checkout."""
    git = shutil.which("git")
    if git is None:
        return ""
    root = str(Path(__file__).parents[1])
    said = subprocess.run(
        [git, "-C", root, "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip()
