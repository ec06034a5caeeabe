"""Rows for the encoder: all that it is tuned on, and held-out messages to find a neighbour for."""

import json
from pathlib import Path

import pandas as pd

from core.enums import Sentiment
from core.intents import UNKNOWN
from features.text import normalise
from models.contract import Artefact, Dataset
from models.support.encoder import BUNDLED, INTENT, MODEL, RECIPE
from models.support.known_vectors import VECTORS
from models.support.tuning import RETRIEVAL
from pipelines.context import Context
from pipelines.datasets import texts


def _learned_from() -> dict[str, list[Path]]:
    return {
        "messages": [*texts.intent_files(), texts.SENTIMENT, texts.WORDINGS],
        "items": texts.item_files(),
    }


def _files() -> list[Path]:
    return [*(path for files in _learned_from().values() for path in files), texts.HELD_OUT_INTENTS]


def text_digests() -> dict[str, str]:
    """One hash over the messages that the encoder is tuned on, one over the items.

    Items come and go without a new encoder: people write them. Messages do not.
    """
    return {name: texts.inputs(files, {})["files"] for name, files in _learned_from().items()}


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the text files, of the bundled network and of the vectors it gave."""
    return texts.inputs([*_files(), BUNDLED / MODEL, BUNDLED / VECTORS], artefacts)


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Messages, sentiments and items (train, with their task), held-out messages in scope."""
    held_out = texts.held_out_intents()
    judged = held_out[held_out["label"] != UNKNOWN].groupby("label")
    rows = tuning_rows(ctx)
    recipe = json.loads((BUNDLED / RECIPE).read_text())
    earlier = [name for name, sha in text_digests().items() if recipe["text"][name] != sha]
    tuned_on = f"earlier {' and '.join(earlier)}" if earlier else "the same text as today"
    return Dataset(
        rows,
        rows.iloc[:0],
        judged.head(ctx.params.encoder.judged_per_label).reset_index(drop=True),
        texts.inputs(_files(), artefacts)["files"],
        {
            **texts.about(_files()),
            "network": f"{ctx.params.encoder.recipe}; the bundled one was tuned on {tuned_on}",
        },
    )


def tuning_rows(ctx: Context) -> pd.DataFrame:
    """text, label, task. What a head validates on later is not among them."""
    held_out = texts.held_out_intents()["text"]
    intents = texts.for_training(texts.written(), held_out).assign(task=INTENT)
    moods = texts.labelled(texts.SENTIMENT, list(Sentiment))
    moods, _ = texts.split(moods, ctx.params.sentiment.validate_share)
    items = texts.item_texts()
    items, _ = split_variants(items, ctx.params.knowledge_base.validate_share)
    parts = [
        intents[intents["label"] != UNKNOWN],
        intents[intents["label"] == UNKNOWN],
        moods.assign(task="sentiment"),
        items.assign(label=items["kb_code"], task=RETRIEVAL),
    ]
    return pd.concat(parts, ignore_index=True)[["text", "label", "task"]]


def bundled_texts() -> list[str]:
    """Every bundled text in any language: learned from, chosen on, held out."""
    parts = [texts.written(), texts.validation(), texts.labelled(texts.SENTIMENT, list(Sentiment))]
    messages = pd.concat([part["text"] for part in parts])
    wordings = (
        normalise(text)
        for item in texts.items()
        for text in (item["question"], *item["variants"], item["answer"])
    )
    asked = texts.asked([texts.ASKED_ITEMS, texts.WORDINGS, texts.INDEXED])["text"]
    return sorted({*messages, *wordings, *asked, *texts.held_out()})


def split_variants(items: pd.DataFrame, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Texts of items to learn from, and variants kept aside to learn confidence on."""
    variants = items["part"] == "variant"
    learned, aside = texts.split(items[variants], share)
    return pd.concat([items[~variants], learned], ignore_index=True), aside
