"""Make the bundled encoder: fine-tune, export, write data/encoder with what it was made from."""

import hashlib
import platform
from importlib.metadata import version
from typing import Any

from models.support import encoder, network
from models.support.tuning import Progress
from pipelines.context import Context
from pipelines.datasets.encoder import text_digest, tuning_rows
from pipelines.step import write_json

PACKAGES = ("torch", "transformers", "onnxruntime", network.PACKAGE.replace("_", "-"))


def bundle(ctx: Context, progress: Progress) -> dict[str, Any]:
    """Replace ``data/encoder``; the recipe that is written beside the network."""
    rows = tuning_rows(ctx)
    content = network.make(rows, ctx.params.encoder, progress)
    encoder.BUNDLED.mkdir(parents=True, exist_ok=True)
    partial = encoder.BUNDLED / f".{encoder.MODEL}.partial"
    partial.write_bytes(content)
    partial.replace(encoder.BUNDLED / encoder.MODEL)
    recipe = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "made_by": "tripo bundle-encoder",
        "from": network.PACKAGE,
        "text": text_digest(),
        "rows": {str(task): int(n) for task, n in rows["task"].value_counts().items()},
        "tuning": ctx.params.encoder.tuning.model_dump(),
        "versions": {name: version(name) for name in PACKAGES},
        "machine": f"{platform.machine()}, {ctx.params.encoder.threads} threads",
    }
    write_json(encoder.BUNDLED / encoder.RECIPE, recipe)
    return recipe
