"""Rows for the sentiment head: bundled messages of three sentiments, embedded."""

from core.enums import Sentiment
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import texts

FILES = [texts.SENTIMENT, texts.HELD_OUT_SENTIMENT]


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the text files and of the encoder."""
    return texts.inputs(FILES, artefacts)


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Train and validate on bundled messages, test on the held-out ones."""
    held_out = texts.labelled(texts.HELD_OUT_SENTIMENT, list(Sentiment))
    rows = texts.for_training(texts.labelled(texts.SENTIMENT, list(Sentiment)), held_out["text"])
    train, validate = texts.split(rows, ctx.params.sentiment.validate_share)
    encoder = artefacts["encoder"]
    return Dataset(
        texts.with_vectors(train, encoder, ctx),
        texts.with_vectors(validate, encoder, ctx),
        texts.with_vectors(held_out, encoder, ctx),
        texts.inputs(FILES, {})["files"],
        texts.about(FILES),
    )
