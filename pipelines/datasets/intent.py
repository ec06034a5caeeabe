"""Rows for the intent head: bundled messages and the knowledge base's questions, embedded."""

import pandas as pd

from core.intents import LABELS
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import text


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """What the rows depend on, the encoder among it."""
    from models.support.encoder import encoder_sha256

    return {
        "utterances": text.digest([text.UTTERANCES / "intents.csv", *text.knowledge_files()]),
        "heldout": text.digest([text.HELDOUT / "intents.jsonl"]),
        "encoder": encoder_sha256(artefacts["encoder"]),
    }


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Training text split by its own characters; the held-out messages are the test."""
    heldout = text.heldout_intents()
    written = text.labelled(text.UTTERANCES / "intents.csv", LABELS)
    rows = text.for_training(
        pd.concat([written, text.knowledge_questions()], ignore_index=True), heldout["text"]
    )
    train, validate = text.split(rows, ctx.params.intent.validate_share)
    encoder = artefacts["encoder"]
    return Dataset(
        train=text.embedded(train, encoder, ctx),
        validate=text.embedded(validate, encoder, ctx),
        test=text.embedded(heldout, encoder, ctx),
        digest="-".join(part[:16] for part in inputs(key, ctx, artefacts).values()),
        about={
            "text": "bundled messages and questions of the knowledge base",
            "heldout": "data/heldout/intents.jsonl, 43 intents and out-of-scope, nine kinds",
        },
    )
