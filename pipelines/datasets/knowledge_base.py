"""Rows for retrieval: the texts of a snapshot's items, questions to learn from, held-out ones."""

import hashlib
import json
from pathlib import Path

import pandas as pd

from core.enums import Audience
from core.errors import PartitionMissing
from core.intents import UNKNOWN
from core.partition import last_day
from features.text import normalise
from models.contract import Artefact, Dataset
from models.support.heads import WEIGHTS
from models.support.retrieval import ITEM_FIELDS
from pipelines.context import Context
from pipelines.datasets import texts

SNAPSHOT = "knowledge_base"


def _files(key: str, ctx: Context) -> list[Path]:
    day = last_day(key)
    path = ctx.lake.path(SNAPSHOT, day)
    if not path.exists():
        raise PartitionMissing(
            f"expected the knowledge base's snapshot of {day}; run `tripo kb load` first"
        )
    said = [texts.VALIDATION, texts.ASKED_ITEMS, texts.WORDINGS, texts.INDEXED]
    return [path, *texts.intent_files(), *said, *texts.HELD_OUT_ITEMS]


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the snapshot's content, the questions, the encoder and the intent head."""
    snapshot, *files = _files(key, ctx)
    encoder = {"encoder": artefacts["encoder"]}
    head = artefacts["intent"][WEIGHTS]
    return {
        **texts.inputs(files, encoder),
        "intent": hashlib.sha256(head).hexdigest(),
        "items": content_hash(pd.read_parquet(snapshot)),
    }


def content_hash(items: pd.DataFrame) -> str:
    """One hash over all items, whatever the day they were read."""
    ordered = items.sort_values("kb_code").to_json(orient="records")
    return hashlib.sha256(ordered.encode()).hexdigest()


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Train: one row a text of an item. Validate: questions and unanswerable messages of another
    hand, that nothing else learned from: ranking and trust are learned on them. Test: held out.
    """
    snapshot, *files = _files(key, ctx)
    items = pd.read_parquet(snapshot)
    encoder = artefacts["encoder"]
    known = parts(items)
    held_out = texts.asked(texts.HELD_OUT_ITEMS)
    fields = items[["kb_code", "category", "audience", "language_code"]]
    asked = held_out.merge(fields, on="kb_code").pipe(_asked_by)
    head = artefacts["intent"]
    return Dataset(
        texts.with_vectors(known, encoder, ctx),
        texts.with_intents(texts.with_vectors(to_learn(fields), encoder, ctx), head),
        texts.with_intents(texts.with_vectors(asked, encoder, ctx), head),
        content_hash(items),
        texts.about(files[1:]),
    )


def parts(items: pd.DataFrame) -> pd.DataFrame:
    """One row a text: question, variants, further wordings, answer; with the item's fields."""
    found = []
    further = texts.asked([texts.WORDINGS, texts.INDEXED]).groupby("kb_code")["text"].agg(list)
    for item in items.to_dict("records"):
        fields = {name: item[name] for name in ITEM_FIELDS}
        said = [
            ("question", item["question"]),
            *(("variant", text) for text in json.loads(item["variants"])),
            *(("wording", text) for text in further.get(item["kb_code"], [])),
            ("answer", item["answer"]),
        ]
        found += [{**fields, "part": part, "text": normalise(text)} for part, text in said]
    return pd.DataFrame(found)


def to_learn(fields: pd.DataFrame) -> pd.DataFrame:
    """text, kb_code (empty: no item answers it), audience, language_code: to learn from."""
    written, others = texts.asked([texts.ASKED_ITEMS]), texts.validation()
    asked = written.drop(columns="language_code").merge(fields, on="kb_code")
    outside = others.loc[others["label"] == UNKNOWN, ["text"]].assign(
        kb_code="", language_code="en"
    )
    outside = pd.concat([written[written["kb_code"] == ""], outside])
    both = pd.concat([asked, outside.assign(audience=Audience.RIDER.value)], ignore_index=True)
    return _asked_by(both[["text", "kb_code", "audience", "language_code"]])


def _asked_by(rows: pd.DataFrame) -> pd.DataFrame:
    """What is meant for all is asked by riders here."""
    everyone = rows["audience"] == Audience.ALL.value
    return rows.assign(audience=rows["audience"].mask(everyone, Audience.RIDER.value))
