"""Rows for the encoder: bundled in-scope messages, and held-out ones to find a neighbour for."""

from core.intents import LABELS, UNKNOWN
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import texts

FILES = [texts.INTENTS, texts.HELD_OUT_INTENTS]


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the text files."""
    return texts.inputs(FILES, artefacts)


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Known texts with their intent (train), some kept aside (validate), held-out ones in scope."""
    held_out = texts.held_out_intents()
    rows = texts.for_training(texts.labelled(texts.INTENTS, LABELS), held_out["text"])
    known = rows[rows["label"] != UNKNOWN]
    train, validate = texts.split(known, ctx.params.intent.validate_share)
    return Dataset(
        train,
        validate,
        held_out[held_out["label"] != UNKNOWN].reset_index(drop=True),
        texts.inputs(FILES, artefacts)["files"],
        texts.about(FILES),
    )
