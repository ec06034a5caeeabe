"""Train a model on the frozen snapshot and write its metrics: what DVC runs, without MLflow.

The same datasets, ``fit`` and ``judge`` as `pipelines.training`; only the registry is left out.
"""

import json
from pathlib import Path
from typing import Any

from models.catalog import spec_of
from pipelines import artefacts
from pipelines.context import Context
from pipelines.step import write_json
from pipelines.training import learn

SNAPSHOT = "snapshot"


def reproduce(name: str, key: str, ctx: Context, metrics: Path) -> dict[str, Any]:
    """Learn ``name`` from the snapshot in ``ctx.home`` and write ``metrics/<name>.json``.

    The file holds figures only, so that two runs on the same snapshot are equal byte by byte.
    """
    spec = spec_of(name)
    needed = {model: artefacts.base(model, ctx) for model in spec.needs}
    _, dataset, artefact, judged, _ = learn(spec, key, ctx, needed)
    write_json(
        ctx.training_record(name),
        {"model": name, "version": SNAPSHOT, "files": artefacts.keep(ctx, artefact)},
    )
    summary = {"data": dataset.digest, **judged.summary()}
    write_json(metrics / f"{name}.json", json.loads(json.dumps(summary)))
    return summary
