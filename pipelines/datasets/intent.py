"""Rows for the intent head: bundled messages, the base's questions, accepted corrections."""

from pathlib import Path

import pandas as pd

from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import corrections, texts


def _files() -> list[Path]:
    return [
        *texts.intent_files(), *texts.item_files(), texts.WORDINGS,
        texts.VALIDATION, texts.HELD_OUT_INTENTS,
    ]  # fmt: skip


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the text files, of what reviewers accepted, and of the encoder."""
    learned = corrections.digest(corrections.accepted(key, ctx))
    return {**texts.inputs(_files(), artefacts), "corrections": learned}


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Bundled text to learn from, another hand's to validate on; held-out messages are the test."""
    held_out, validation = texts.held_out_intents(), texts.validation()
    items = texts.item_texts()
    asked = items.loc[items["part"] != "answer", ["text", "label"]]
    known = pd.concat([texts.written(), asked], ignore_index=True)
    corrected = corrections.to_learn(key, ctx, known["label"])
    known = pd.concat([known, corrected], ignore_index=True)
    rows = texts.for_training(known, [*held_out["text"], *validation["text"]])
    rows = rows.groupby("label").head(ctx.params.intent.most_per_label).reset_index(drop=True)
    encoder = artefacts["encoder"]
    return Dataset(
        texts.with_vectors(rows, encoder, ctx),
        texts.with_vectors(validation, encoder, ctx),
        texts.with_vectors(held_out, encoder, ctx),
        texts.inputs(_files(), {})["files"],
        texts.about(_files()),
    )
