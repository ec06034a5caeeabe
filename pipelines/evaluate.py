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

from core.errors import BadInput, ReleaseRefused
from models.catalog import CATALOG, PRODUCTS, ModelSpec, members
from models.contract import Artefact
from pipelines import artefacts, evaluation_page
from pipelines.context import Context
from pipelines.training import judging_rules
from store import releases

PROMOTE, REFUSE, CLOSE, KEEP = "promote", "refuse", "close", "keep"
ENCODER = "encoder"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison says about one model, with the figures that decided."""

    model: str
    version: str
    champion: str | None
    verdict: str
    why: str
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
        record = ctx.training_record(name)
        if not record.exists():
            continue
        trained = json.loads(record.read_text())
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
    encoder, record = ctx.training_record(ENCODER), ctx.training_record(name)
    if ENCODER not in CATALOG[name].needs or not encoder.exists():
        return False
    if not record.exists():
        return True
    newest = json.loads(encoder.read_text())["files"]["model.onnx"]
    meta = releases.read_blob(ctx.releases, json.loads(record.read_text())["files"]["meta.json"])
    return bool(json.loads(meta)["encoder_sha256"] != newest)


def _concluded(ctx: Context, name: str) -> str | None:
    """The version of the last training that got a verdict."""
    path = ctx.home / "evaluate" / f"{name}.json"
    return json.loads(path.read_text())["version"] if path.exists() else None


def _compare(
    spec: ModelSpec, trained: dict[str, Any], serving: dict[str, Any], key: str, ctx: Context
) -> Verdict:
    """The gates, in order: baseline, same bytes, first of its kind, paired test, slices."""
    name, version = spec.name, trained["version"]
    current = serving.get(name)
    champion = current["version"] if current else None
    if not trained["beats_baseline"]:
        return Verdict(
            name, version, champion, REFUSE, f"does not beat {trained['baseline']['name']}"
        )
    if current is None:
        return Verdict(name, version, None, PROMOTE, "beats its baseline; nothing serves yet")
    if current["files"] == trained["files"]:
        return Verdict(name, version, champion, KEEP, "the same bytes as the champion")
    if _encoder_moves(spec, trained, current, serving, ctx):
        return Verdict(
            name, version, champion, PROMOTE, "goes with the new encoder; beats baseline"
        )
    return _paired(spec, trained, current, key, ctx)


def _encoder_moves(
    spec: ModelSpec, trained: dict[str, Any], current: dict[str, Any], serving: dict[str, Any],
    ctx: Context,
) -> bool:  # fmt: skip
    """Whether the candidate stands on another encoder than the champion it would replace."""
    if ENCODER not in spec.needs:
        return False
    newest = json.loads(ctx.training_record(ENCODER).read_text())["files"]
    return bool(newest != serving[ENCODER]["files"])


def _paired(
    spec: ModelSpec, trained: dict[str, Any], current: dict[str, Any], key: str, ctx: Context
) -> Verdict:
    """Champion and challenger on the same rows: a bootstrap interval of the difference in loss."""
    from models.judging import bootstrap_mean, slice_metrics

    module = import_module(spec.module)
    rules = judging_rules(ctx)
    needed = {model: artefacts.newest(model, ctx) for model in spec.needs}
    rows = import_module(spec.dataset).build(key, ctx, needed).test
    new, old = (
        module.load(artefacts.open_files(ctx, f["files"])).predict(rows) for f in (trained, current)
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
    margin = ctx.params.evaluate.close_margin * scale
    if high < -margin:
        verdict, why = REFUSE, "worse than the champion on the same rows"
    elif dropped:
        verdict, why = REFUSE, f"loses too much on {', '.join(dropped)}"
    elif low > 0:
        verdict, why = PROMOTE, "better than the champion on the same rows"
    else:
        verdict, why = CLOSE, "no clear difference to the champion"
    return Verdict(
        spec.name,
        trained["version"],
        current["version"],
        verdict,
        why,
        low,
        high,
        module.score(new, rows),
        module.score(old, rows),
    )


def _drop(before: float, after: float, higher_is_better: bool) -> float:
    lost = before - after if higher_is_better else after - before
    return lost / abs(before) if before else 0.0


def conclude(
    verdict: dict[str, Any], decision: str, key: str, ctx: Context, at: datetime, who: str
) -> dict[str, Any]:
    """Act on a verdict: build and test the release, move the pointer, set aliases, write the page.

    ``decision`` is what a person answered to a close verdict (``promote`` or ``refuse``); nobody
    answering counts as ``refuse``. The pointer row is the truth; aliases follow it, so a run that
    was killed between the two mends them when it runs again.
    """
    product = verdict["product"]
    final = {
        v["model"]: decision if v["verdict"] == CLOSE else v["verdict"] for v in verdict["models"]
    }
    entering = [name for name, outcome in final.items() if outcome == PROMOTE]
    pointer = releases.pointer(ctx.engine, product)
    chosen = dict(pointer.manifest["members"]) if pointer else {}
    for name in entering:
        trained = json.loads(ctx.training_record(name).read_text())
        chosen[name] = {"version": trained["version"], "files": trained["files"]}
    release_id = pointer.release_id if pointer else None
    if entering:
        manifest = {"product": product, "members": chosen}
        check_release(
            product, {n: artefacts.open_files(ctx, m["files"]) for n, m in chosen.items()}
        )
        release_id = releases.write_manifest(ctx.releases, manifest)
        why = "; ".join(f"{v['model']}: {v['why']}" for v in verdict["models"])
        if pointer is None or pointer.release_id != release_id:
            releases.move_pointer(ctx.engine, product, release_id, manifest, who, why, at)
    _tell_registry(verdict, final, ctx)
    result = {**verdict, "outcome": final, "release": release_id, "decided_by": who}
    page = evaluation_page.write(ctx.settings.reports, result, chosen)
    return {**result, "page": str(page)}


def check_release(product: str, parts: dict[str, Artefact]) -> int:
    """Load every part, refuse heads of another encoder, replay all self-test rows.

    Raises
    ------
    ReleaseRefused
        If a part was made for another encoder or does not predict what it did when judged.
    """
    from models import selftest

    encoder = _encoder_digest(parts)
    replayed = 0
    for name, artefact in parts.items():
        trained_on = json.loads(artefact.get("meta.json", b"{}")).get("encoder_sha256")
        if trained_on and trained_on != encoder:
            raise ReleaseRefused(
                f"{product}: {name} was trained on encoder {trained_on[:12]}, the release has "
                f"{(encoder or 'none')[:12]}; train {name} again"
            )
        module = import_module(CATALOG[name].module)
        replayed += selftest.replay(name, module.load(artefact), artefact[selftest.FILE])
    return replayed


def _encoder_digest(parts: dict[str, Artefact]) -> str | None:
    import hashlib

    encoder = parts.get(ENCODER)
    return hashlib.sha256(encoder["model.onnx"]).hexdigest() if encoder else None


def _tell_registry(verdict: dict[str, Any], final: dict[str, str], ctx: Context) -> None:
    """Aliases and verdict tags in MLflow, and the note that this version has its verdict."""
    if not final:
        return
    from models import registry
    from pipelines.step import write_json

    client = registry.connect(ctx.settings.tracking_uri)
    for model in verdict["models"]:
        outcome = "promoted" if final[model["model"]] in {PROMOTE, KEEP} else "refused"
        registry.conclude(client, model["model"], model["version"], outcome, model["why"])
        write_json(
            ctx.home / "evaluate" / f"{model['model']}.json",
            {"version": model["version"], "outcome": outcome, "why": model["why"]},
        )
