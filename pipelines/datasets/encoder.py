"""Rows for the encoder: bundled in-scope messages, and held-out ones to find a neighbour for."""

from core.intents import LABELS, UNKNOWN
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import text


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """What the rows depend on."""
    return {
        "utterances": text.digest([text.UTTERANCES / "intents.csv", *text.knowledge_files()]),
        "heldout": text.digest([text.HELDOUT / "intents.jsonl"]),
    }


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Known texts with their intent (train), the same kept aside (validate), held-out in scope."""
    heldout = text.heldout_intents()
    rows = text.for_training(
        text.labelled(text.UTTERANCES / "intents.csv", LABELS), heldout["text"]
    )
    train, validate = text.split(
        rows[rows["label"] != UNKNOWN], ctx.params.intent.validate_share
    )
    return Dataset(
        train=train,
        validate=validate,
        test=heldout[heldout["label"] != UNKNOWN].reset_index(drop=True),
        digest="-".join(part[:16] for part in inputs(key, ctx, artefacts).values()),
        about={"text": "bundled, invented; held-out messages by another hand"},
    )
