"""Rows for the sentiment head."""

import pandas as pd

from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import texts
from pipelines.step import files_digest

FILES = [texts.SENTIMENT, texts.HELD_OUT_SENTIMENT]


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the text files and of the encoder."""
    return texts.inputs(FILES, artefacts)


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Train and validate on bundled messages, test on the held-out ones, all with vectors."""
    train, validate = texts.split_by_text(
        pd.read_csv(texts.SENTIMENT), ctx.params.sentiment.validate_share
    )
    encoder = artefacts["encoder"]
    return Dataset(
        texts.with_vectors(train, encoder),
        texts.with_vectors(validate, encoder),
        texts.with_vectors(pd.read_csv(texts.HELD_OUT_SENTIMENT), encoder),
        files_digest(FILES),
        texts.about(ctx, FILES),
    )
