"""Make the bundled encoder: fine-tune, export, write data/encoder with what it was made from."""

import hashlib
import json
import platform
from importlib.metadata import version
from typing import Any

from core.errors import BadParams
from models.contract import Artefact
from models.support import encoder, known_vectors, network
from models.support.tuning import Progress
from pipelines.context import Context
from pipelines.datasets.encoder import bundled_texts, text_digests, tuning_rows
from pipelines.step import write_json

PACKAGES = ("torch", "transformers", "onnxruntime", network.PACKAGE.replace("_", "-"))


def bundle(ctx: Context, progress: Progress) -> dict[str, Any]:
    """Replace ``data/encoder``; the recipe that is written beside the network."""
    params = ctx.params.encoder
    if params.tuning is None:
        raise BadParams(f"expected encoder.recipe quick or full to tune by, got {params.recipe}")
    rows = tuning_rows(ctx)
    content = network.make(rows, params, progress)
    _write(encoder.MODEL, content)
    recipe = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "made_by": "tripo bundle-encoder",
        "from": network.PACKAGE,
        "text": text_digests(),
        "rows": {str(task): int(n) for task, n in rows["task"].value_counts().items()},
        "recipe": params.recipe,
        "tuning": params.tuning.model_dump(),
        "versions": {name: version(name) for name in PACKAGES},
        "machine": f"{platform.machine()}, {params.threads} threads",
    }
    write_json(encoder.BUNDLED / encoder.RECIPE, recipe)
    return {**recipe, **bundle_vectors(ctx)}


def bundle_vectors(ctx: Context) -> dict[str, Any]:
    """Replace the vectors of the bundled text, as the bundled encoder makes them."""
    texts = bundled_texts()
    _write(known_vectors.VECTORS, known_vectors.packed(texts, bundled_artefact(ctx)))
    return {"vectors": len(texts)}


def bundled_artefact(ctx: Context) -> Artefact:
    """The network in ``data/encoder`` as an encoder that embeds; nothing is trained for it."""
    return {
        encoder.MODEL: encoder.bundled(),
        encoder.TOKENIZER: (network.source() / encoder.TOKENIZER).read_bytes(),
        encoder.META: json.dumps(ctx.params.encoder.model_dump()).encode(),
    }


def _write(name: str, content: bytes) -> None:
    encoder.BUNDLED.mkdir(parents=True, exist_ok=True)
    partial = encoder.BUNDLED / f".{name}.partial"
    partial.write_bytes(content)
    partial.replace(encoder.BUNDLED / name)
