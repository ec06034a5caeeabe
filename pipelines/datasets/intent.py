"""Rows for the intent head: bundled messages and the knowledge base's questions, embedded."""

from pathlib import Path

import pandas as pd

from core.intents import LABELS
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import texts


def _files() -> list[Path]:
    return [texts.INTENTS, texts.HELD_OUT_INTENTS, *texts.item_files()]


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the text files and of the encoder."""
    return texts.inputs(_files(), artefacts)


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Training text split by its own characters; the held-out messages are the test."""
    held_out = texts.held_out_intents()
    written = texts.labelled(texts.INTENTS, LABELS)
    known = pd.concat([written, texts.item_texts()], ignore_index=True)
    rows = texts.for_training(known, held_out["text"])
    train, validate = texts.split(rows, ctx.params.intent.validate_share)
    encoder = artefacts["encoder"]
    return Dataset(
        texts.with_vectors(train, encoder, ctx),
        texts.with_vectors(validate, encoder, ctx),
        texts.with_vectors(held_out, encoder, ctx),
        texts.inputs(_files(), {})["files"],
        texts.about(_files()),
    )
