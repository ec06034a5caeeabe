"""Our own intents and answers on the held-out text, as `make run` learns them: bundled encoder."""

import tempfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.report import Row
from core.intents import INTENTS_BY_CATEGORY, LABELS, UNKNOWN
from core.settings import Settings
from engines.support.entities import find
from models.catalog import spec_of
from models.contract import Artefact, Predictor
from models.support import heads, intent
from models.support.known_vectors import embed
from pipelines import knowledge_base, training
from pipelines.bundled_encoder import bundled_artefact
from pipelines.context import Context
from pipelines.datasets import annotated, texts
from store.db import migrate

NEAREST = 0.10
"""Share of held-out messages, those most like training text, that is left out for comparison."""
AUDIENCES = {
    **dict.fromkeys(INTENTS_BY_CATEGORY["drivers"], "DRIVER"),
    **dict.fromkeys(INTENTS_BY_CATEGORY["corporate"], "CORPORATE"),
    "vehicle_requirements": "DRIVER",
}
"""Who writes a message of an intent, where it is not a rider."""


def rows(ctx: Context) -> list[Row]:
    """Intent head and retrieval, learned and judged in an empty home."""
    city = ctx.params.simulator
    with tempfile.TemporaryDirectory() as folder:
        own = Context(Settings(home=Path(folder)), ctx.params)
        migrate(own.engine)
        encoder = bundled_artefact(own)
        found, artefact = _intents(own, city.last_day.isoformat(), encoder)
        answers = _answers(own, city.last_day.isoformat(), encoder, artefact)
        return [
            *found,
            *_languages(encoder, artefact),
            *answers,
            *_entities(own, city.last_day.isoformat()),
        ]


def _intents(ctx: Context, key: str, encoder: Artefact) -> tuple[list[Row], Artefact]:
    needed = {"encoder": encoder}
    _, dataset, artefact, judged, model = training.learn(spec_of("intent"), key, ctx, needed)
    predictions = model.predict(dataset.test)
    right = 1 - intent.losses(predictions, dataset.test)
    inside = (dataset.test["label"] != UNKNOWN).to_numpy()
    far = _far_from(dataset.train, dataset.test)
    peers = {judged.baseline: judged.baseline_metrics["accuracy"]}
    metrics = judged.metrics
    return [
        Row("own intents", (metrics["accuracy"],), "accuracy", 0.95, peers=peers,
            note=f"{len(right)} messages; 95 % interval {judged.low:.3f} to {judged.high:.3f}"),
        Row("own intents, without the tenth nearest to training", (float(right[far].mean()),),
            "accuracy", 0.95),
        Row("own intents, second reader of the held-out labels", (_kappa(dataset.test),),
            "Cohen's kappa", None, note="200 messages, labelled again by definitions alone"),
        Row("own intents in scope", (float(right[inside].mean()),), "accuracy", None),
        Row("own intents out of scope", (metrics["out_of_scope_recall"],), "recall", 0.90,
            note=f"at {metrics['false_reject_rate']:.2%} false rejects"),
        Row("own intents calibration", (metrics["calibration_error"],), "ECE, 15 bins", 0.02,
            higher_is_better=False),
    ], artefact  # fmt: skip


def _languages(encoder: Artefact, head: Artefact) -> list[Row]:
    """Intents of messages in Spanish and French, whether or not their language was detected."""
    asked = texts.labelled(texts.HELD_OUT_LANGUAGES, LABELS, also=("language_code",))
    guess = intent.load(head).predict(asked.assign(embedding=list(embed(asked["text"], encoder))))
    asked = asked.assign(guess=guess["intent"], right=guess["intent"] == asked["label"])
    found = []
    for code, part in asked.groupby("language_code"):
        outside = part[part["label"] == UNKNOWN]
        found += [
            Row(f"own intents, {code}", (float(part["right"].mean()),), "accuracy", None,
                note=f"{len(part)} messages"),
            Row(f"own intents out of scope, {code}", (float(outside["right"].mean()),), "recall",
                None, note=f"{len(outside)} messages"),
        ]  # fmt: skip
    return found


def _entities(ctx: Context, key: str) -> list[Row]:
    """Exact spans on the annotated messages of another hand: all of them, then type by type."""
    _, _, _, judged, tagger = training.learn(spec_of("locations"), key, ctx, {})
    messages = annotated.read(annotated.HELD_OUT)
    right, found, there = Counter[str](), Counter[str](), Counter[str]()
    for message in messages:
        known = {(e.type, e.start, e.end) for e in message.entities}
        said = {(e.type, e.start, e.end) for e in find(message.text, places=tagger)}
        for spans, counts in ((known & said, right), (said, found), (known, there)):
            counts.update(kind for kind, *_ in spans)
    peers = {judged.baseline: judged.baseline_metrics["f1"]}

    def row(name: str, kinds: Collection[str]) -> Row:
        r, f, t = (sum(counts[kind] for kind in kinds) for counts in (right, found, there))
        beside = peers if name == "location" else {}
        return Row(f"entities, {name}", (2 * r / max(f + t, 1),), "exact-span F1", 0.95,
                   peers=beside, note=f"{t} in {len(messages)} messages, {f} found")  # fmt: skip

    every = {*there, *found}
    return [row("all types", every), *(row(kind, {kind}) for kind in sorted(every))]


def _kappa(test: pd.DataFrame) -> float:
    from sklearn.metrics import cohen_kappa_score

    again = texts.labelled(texts.RELABELLED, LABELS)
    both = again.merge(test[["text", "label"]], on="text", suffixes=("_again", ""))
    return float(cohen_kappa_score(both["label"], both["label_again"]))


def _far_from(train: pd.DataFrame, test: pd.DataFrame) -> NDArray[np.bool_]:
    """Messages that are not among the tenth most like a training text, by cosine."""
    known, asked = (heads.stack(part["embedding"].tolist()) for part in (train, test))
    nearest = np.array([float((known @ vector).max()) for vector in asked])
    return nearest < np.quantile(nearest, 1 - NEAREST)


def _answers(ctx: Context, key: str, encoder: Artefact, head: Artefact) -> list[Row]:
    knowledge_base.load(key, ctx)
    knowledge_base.snapshot(key, ctx)
    needed = {"encoder": encoder, "intent": head}
    learned = training.learn(spec_of("knowledge_base"), key, ctx, needed)
    _, dataset, _, judged, retriever = learned
    found, beside = judged.metrics, judged.baseline_metrics
    bars = {"recall_at_1": 0.85, "recall_at_5": 0.97, "mrr": 0.90}
    note = f"{dataset.test['kb_code'].nunique()} items, {len(dataset.test)} questions"
    ranked = [
        Row(f"own knowledge base, {name}", (found[name],), name, bar, note=note,
            peers={judged.baseline: beside[name]})
        for name, bar in bars.items()
    ]  # fmt: skip
    return [
        *ranked,
        _unanswerable(ctx, encoder, head, dataset.test, retriever),
        *_foreign_answers(ctx, encoder, head, retriever, _intents_of(dataset.train)),
    ]


def _intents_of(train: pd.DataFrame) -> pd.Series:
    """The intent of each item, by code."""
    return train.drop_duplicates("kb_code").set_index("kb_code")["intent"]


def _foreign_answers(
    ctx: Context, encoder: Artefact, head: Artefact, retriever: Predictor, intents: pd.Series
) -> list[Row]:
    """Of the answers given in Spanish and French, how many have the intent of the message."""
    asked = texts.labelled(texts.HELD_OUT_LANGUAGES, LABELS, also=("language_code",))
    asked = asked.assign(audience=[AUDIENCES.get(label, "RIDER") for label in asked["label"]])
    rows = texts.with_intents(texts.with_vectors(asked, encoder, ctx), head)
    found = retriever.predict(rows)
    guess = intent.load(head).predict(rows)["intent"]
    sure = (found["confidence"] >= ctx.params.support.high_confidence) & (guess != UNKNOWN)
    right = found["kb_1"].map(intents) == rows["label"]
    return [
        Row(f"answers in {code}", (float(right[sure & mine].mean()),), "share of the right intent",
            None, note=f"{int((sure & mine).sum())} of {int(mine.sum())} messages are answered")
        for code in sorted(set(rows["language_code"]))
        for mine in [rows["language_code"] == code]
    ]  # fmt: skip


def _unanswerable(
    ctx: Context, encoder: Artefact, head: Artefact, answerable: pd.DataFrame, retriever: Predictor
) -> Row:
    """How well confidence tells held-out questions that an item answers from those none does."""
    from sklearn.metrics import roc_auc_score

    outside = texts.held_out_intents().query("label == @UNKNOWN")[["text"]]
    outside = outside.assign(kb_code="", audience="RIDER", language_code="en", category="none")
    outside = texts.with_intents(texts.with_vectors(outside, encoder, ctx), head)
    both = pd.concat([answerable, outside], ignore_index=True)
    confidence = retriever.predict(both)["confidence"]
    area = float(roc_auc_score(both["kb_code"] != "", confidence))
    note = f"{len(outside)} questions that no item answers"
    return Row("questions the knowledge base cannot answer", (area,), "AUROC", 0.95, note=note)
