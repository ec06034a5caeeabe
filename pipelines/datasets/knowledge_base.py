"""Rows for retrieval: the active items of a snapshot, and held-out questions about them."""

import hashlib
import json

import pandas as pd

from core.enums import Audience
from core.errors import PartitionMissing
from core.partition import last_day
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import texts
from pipelines.step import file_digest

SNAPSHOT = "knowledge_base"


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the snapshot, the held-out questions and the encoder."""
    encoder = hashlib.sha256(artefacts["encoder"]["model.onnx"]).hexdigest()
    return {
        "items": hashlib.sha256(_items(key, ctx).to_json().encode()).hexdigest(),
        "held_out": file_digest(texts.HELD_OUT_ITEMS),
        "encoder": encoder,
    }


def _items(key: str, ctx: Context) -> pd.DataFrame:
    day = last_day(key)
    path = ctx.lake.path(SNAPSHOT, day)
    if not path.exists():
        raise PartitionMissing(
            f"expected the knowledge base's snapshot of {day}; run `tripo kb load` first"
        )
    return pd.read_parquet(path)


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Train: the items. Validate: their variants. Test: held-out questions; all with vectors.

    The item's texts stand in columns question, variants, answer, keywords (JSON lists where many).
    """
    encoder = artefacts["encoder"]
    kept = _items(key, ctx)
    train = texts.with_vectors(kept.assign(text=kept["question"]), encoder)
    asked = kept.assign(text=kept["variants"].map(json.loads)).explode("text", ignore_index=True)
    validate = texts.with_vectors(
        asked[["text", "kb_code", "intent"]].reset_index(drop=True), encoder
    )
    held_out = pd.read_csv(texts.HELD_OUT_ITEMS)
    known = held_out.merge(kept[["kb_code", "category", "audience", "language_code"]], on="kb_code")
    askers = known["audience"].replace(Audience.ALL.value, Audience.RIDER.value)
    test = texts.with_vectors(known.assign(audience=askers), encoder)
    return Dataset(
        train,
        validate,
        test,
        texts.files_digest([texts.HELD_OUT_ITEMS, *texts.item_files()]),
        texts.about(ctx, [texts.HELD_OUT_ITEMS]),
    )
