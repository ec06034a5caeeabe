"""Judge a product's new candidates against what serves now, and conclude: promote, refuse or ask.

`judge` only looks; `conclude` acts on the verdict and on what a person said to a close one. Both
can be killed and run again. A refusal is a success of this pipeline.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

import numpy as np

from core.errors import BadInput
from models.catalog import CATALOG, PRODUCTS, ModelSpec, members
from pipelines import artefacts, assembly, evaluation_page
from pipelines.context import Context
from pipelines.step import read_json
from pipelines.training import judging_rules
from store import releases

PROMOTE, REFUSE, CLOSE, KEEP, WAIT = "promote", "refuse", "close", "keep", "wait"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison says about one model, with the figures that decided."""

    model: str
    version: str
    champion: str | None
    verdict: str
    why: str
    files: dict[str, str]
    gain_low: float | None = None
    gain_high: float | None = None
    challenger_metrics: dict[str, float] | None = None
    champion_metrics: dict[str, float] | None = None


def judge(product: str, key: str, ctx: Context) -> dict[str, Any]:
    """Compare every new candidate of a product with its champion on frozen hold-out rows.

    The product's verdict is ``close`` if any model's is, else ``promote`` if any model may enter
    the release, else ``refuse``; ``nothing_new`` if no model was trained since the last verdict, or
    while models of the product wait to be trained on the newest encoder (``waiting`` names them).
    """
    if product not in PRODUCTS:
        raise BadInput(f"expected a product out of {', '.join(PRODUCTS)}; got {product!r}")
    pointer = releases.pointer(ctx.engine, product)
    serving = pointer.manifest["members"] if pointer else {}
    waiting = [name for name in members(product) if _waits_for_training(name, ctx)]
    verdicts = []
    for name in [] if waiting else members(product):
        trained = read_json(ctx.training_record(name))
        if trained is None:
            continue
        concluded = _concluded(ctx, name)
        if trained["version"] != concluded:
            verdicts.append(_compare(CATALOG[name], trained, serving, key, ctx))
    found = {v.verdict for v in verdicts}
    overall = (
        "nothing_new"
        if not found - {KEEP}
        else CLOSE
        if CLOSE in found
        else PROMOTE
        if PROMOTE in found
        else REFUSE
    )
    return {
        "product": product,
        "key": key,
        "verdict": overall,
        "serving": pointer.release_id if pointer else None,
        "waiting": waiting,
        "models": [asdict(v) for v in verdicts],
    }


def _waits_for_training(name: str, ctx: Context) -> bool:
    """Whether a model stands on the encoder, and its newest version on another one, or none."""
    if artefacts.ENCODER not in CATALOG[name].needs:
        return False
    if not ctx.training_record(artefacts.ENCODER).exists():
        return False
    record = read_json(ctx.training_record(name))
    if record is None:
        return True
    newest = artefacts.base_files(artefacts.ENCODER, ctx)["model.onnx"]
    meta = releases.read_blob(ctx.releases, record["files"]["meta.json"])
    return bool(json.loads(meta)["encoder_sha256"] != newest)


def _concluded(ctx: Context, name: str) -> str | None:
    """The version of the last training that got a verdict."""
    concluded = read_json(ctx.home / "evaluate" / f"{name}.json")
    return concluded["version"] if concluded else None


def _compare(
    spec: ModelSpec, trained: dict[str, Any], serving: dict[str, Any], key: str, ctx: Context
) -> Verdict:
    """The gates, in order: baseline, same bytes, first of its kind, paired test, slices."""
    current = serving.get(spec.name)
    champion = current["version"] if current else None

    def say(verdict: str, why: str, **figures: Any) -> Verdict:
        return Verdict(
            spec.name, trained["version"], champion, verdict, why, trained["files"], **figures
        )

    if not trained["beats_baseline"]:
        return say(REFUSE, f"does not beat {trained['baseline']['name']}")
    if current is None:
        return say(PROMOTE, "beats its baseline; nothing serves yet")
    if current["files"] == trained["files"]:
        return say(KEEP, "the same bytes as the champion")
    return say(**_paired(spec, trained, serving, key, ctx))


def _paired(
    spec: ModelSpec, trained: dict[str, Any], serving: dict[str, Any], key: str, ctx: Context
) -> dict[str, Any]:
    """Champion and challenger on the same rows: a bootstrap interval of the difference in loss.

    Each stands on its own encoder, so a head is compared as it would answer.
    """
    from models.judging import bootstrap_mean, slice_metrics

    module = import_module(spec.module)
    rules = judging_rules(ctx)
    current = serving[spec.name]
    bases = (
        {name: artefacts.base(name, ctx) for name in spec.needs},
        {name: artefacts.open_files(ctx, serving[name]["files"]) for name in spec.needs},
    )
    build = import_module(spec.dataset).build
    tests = [build(key, ctx, base).test for base in (bases if spec.needs else bases[:1] * 2)]
    rows = tests[0]
    new, old = (
        module.load(artefacts.open_files(ctx, files)).predict(test)
        for files, test in zip((trained["files"], current["files"]), tests, strict=True)
    )
    gain = np.asarray(module.losses(old, rows) - module.losses(new, rows), "float64")
    low, high = bootstrap_mean(gain, rules)
    scale = float(np.mean(np.abs(module.losses(old, rows)))) or 1.0
    before = {(s.name, s.value): s.metric for s in slice_metrics(module, old, rows, rules)}
    dropped = [
        f"{s.name}={s.value}"
        for s in slice_metrics(module, new, rows, rules)
        if _drop(before[s.name, s.value], s.metric, module.HIGHER_IS_BETTER)
        > ctx.params.evaluate.slice_max_drop
    ]
    verdict, why = _decided(low, high, ctx.params.evaluate.close_margin * scale, dropped)
    return {
        "verdict": verdict,
        "why": why,
        "gain_low": low,
        "gain_high": high,
        "challenger_metrics": module.score(new, rows),
        "champion_metrics": module.score(old, rows),
    }


def _decided(low: float, high: float, margin: float, dropped: list[str]) -> tuple[str, str]:
    """Verdict and reason from the interval of the gain and the slices that lost too much."""
    if high < -margin:
        return REFUSE, "worse than the champion on the same rows"
    if dropped:
        return REFUSE, f"loses too much on {', '.join(dropped)}"
    if low > 0:
        return PROMOTE, "better than the champion on the same rows"
    return CLOSE, "no clear difference to the champion"


def _drop(before: float, after: float, higher_is_better: bool) -> float:
    lost = before - after if higher_is_better else after - before
    return lost / abs(before) if before else 0.0


def conclude(
    verdict: dict[str, Any], decision: str, key: str, ctx: Context, at: datetime, who: str
) -> dict[str, Any]:
    """Act on a verdict: build and test the release, move the pointer, set aliases, write the page.

    ``decision`` is what a person answered to a close verdict (``promote`` or ``refuse``); nobody
    answering counts as ``refuse``. Where a product serves whole or not at all and a model is
    ``missing``, the others wait and are judged again with it; an encoder and the models that stand
    on it enter together or are refused. What enters is what was judged. The pointer row is the
    truth; aliases follow it, so a run that was killed between the two mends them when it runs
    again.
    """
    if decision not in {PROMOTE, REFUSE}:
        raise BadInput(f"expected {PROMOTE} or {REFUSE} for a close verdict, got {decision!r}")
    product = verdict["product"]
    final = {
        v["model"]: decision if v["verdict"] == CLOSE else v["verdict"] for v in verdict["models"]
    }
    pointer = releases.pointer(ctx.engine, product)
    chosen = dict(pointer.manifest["members"]) if pointer else {}
    entering = {
        v["model"]: {"version": v["version"], "files": v["files"]}
        for v in verdict["models"]
        if final[v["model"]] == PROMOTE
    }
    missing = assembly.missing(product, {*chosen, *entering})
    if missing:
        final |= dict.fromkeys(entering, WAIT)
        entering = {}
    fitting = assembly.fitting(chosen, entering, ctx)
    for model in verdict["models"]:
        if model["model"] in set(entering) - set(fitting):
            final[model["model"]] = REFUSE
            model["why"] += "; does not fit the encoder that serves"
    chosen |= fitting
    release_id = pointer.release_id if pointer else None
    if fitting:
        why = "; ".join(f"{v['model']}: {v['why']}" for v in verdict["models"])
        release_id = assembly.serve(product, chosen, ctx, who, why, at, verdict["serving"])
    _tell_registry(verdict, final, ctx)
    result = {**verdict, "outcome": final, "missing": missing, "release": release_id}
    result["decided_by"] = who
    page = evaluation_page.write(ctx.settings.reports, result, chosen)
    return {**result, "page": str(page)}


def _tell_registry(verdict: dict[str, Any], final: dict[str, str], ctx: Context) -> None:
    """Aliases and verdict tags in MLflow, and the note that this version has its verdict."""
    if not set(final.values()) - {WAIT}:
        return
    from models import registry
    from pipelines.step import write_json

    client = registry.connect(ctx.settings.tracking_uri)
    for model in verdict["models"]:
        if final[model["model"]] == WAIT:
            continue
        outcome = "promoted" if final[model["model"]] in {PROMOTE, KEEP} else "refused"
        registry.conclude(client, model["model"], model["version"], outcome, model["why"])
        write_json(
            ctx.home / "evaluate" / f"{model['model']}.json",
            {"version": model["version"], "outcome": outcome, "why": model["why"]},
        )
