"""AI Support behind the endpoints: from requests to the engine's arguments and back."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from core.params import Params
from engines.support import rules as conditions
from engines.support.answering import Message, SupportRelease, answer_batch, load_release, rows_of
from engines.support.dates import value_of
from engines.support.language import detect
from models.contract import Artefact
from serving.releases import Build, Loaded
from serving.schemas import Answer, Hit, IntentOut, Question, SearchIn, SentimentOut
from store.rules import active_rules


def builder(params: Params, engine: Engine) -> Build:
    """How a support release is put together, with the rules as they stand in the store."""

    def build(release_id: str, parts: dict[str, Artefact]) -> SupportRelease:
        loaded = load_release(release_id, parts, params.support, rules_now(engine))
        # their models load for a second: now, and not while somebody waits
        detect("gracias")
        value_of("tomorrow", datetime.now(UTC))
        return loaded

    return build


def rules_now(engine: Engine) -> list[conditions.Rule]:
    """The escalation rules as they stand in the store."""
    return [
        conditions.parse(row["rule_name"], row["condition"], row["action"])
        for row in active_rules(engine)
    ]


def answer(loaded: Loaded, questions: Sequence[Question]) -> list[Answer]:
    """One reply a question; the time is that of the whole batch, which each of them waited for."""
    began, now = time.perf_counter(), datetime.now(UTC)
    replies = answer_batch(
        loaded.engine,
        [
            Message(
                text=q.text,
                audience=q.audience.value,
                language_code=q.language_code,
                loyalty_tier=q.loyalty_tier.value,
                order_id=q.order_id,
                asked_at=now,
            )
            for q in questions
        ],
    )
    spent = round((time.perf_counter() - began) * 1000)
    return [
        Answer(
            action=r.action,
            content=r.content,
            intent=r.intent,
            confidence=r.confidence,
            sentiment_score=r.sentiment_score,
            sources=r.sources,
            entities=r.entities,
            reason_code=r.reason_code,
            language_code=r.language_code,
            release=r.release,
            processing_time_ms=spent,
        )
        for r in replies
    ]


def _rows(loaded: Loaded, texts: Sequence[str]) -> Any:
    return rows_of(loaded.engine, [Message(text=text) for text in texts])


def intents(loaded: Loaded, texts: Sequence[str]) -> list[IntentOut]:
    """The intent of each text."""
    found = loaded.predictors["intent"].predict(_rows(loaded, texts))
    return [
        IntentOut(intent=i, confidence=float(c), release=loaded.release_id)
        for i, c in zip(found["intent"], found["confidence"], strict=True)
    ]


def sentiments(loaded: Loaded, texts: Sequence[str]) -> list[SentimentOut]:
    """The sentiment of each text."""
    found = loaded.predictors["sentiment"].predict(_rows(loaded, texts))
    return [
        SentimentOut(score=float(s), label=label, release=loaded.release_id)
        for s, label in zip(found["score"], found["label"], strict=True)
    ]


def search(loaded: Loaded, queries: Sequence[SearchIn]) -> list[list[Hit]]:
    """The best items of each query, best first."""
    return hits(
        loaded.engine,
        [
            Message(text=q.text, audience=q.audience.value, language_code=q.language_code)
            for q in queries
        ],
    )


def hits(release: SupportRelease, questions: Sequence[Message]) -> list[list[Hit]]:
    """The best items of each question, best first."""
    found = release.retriever.predict(rows_of(release, questions))
    codes, scores = found.filter(regex=r"^kb_\d+$").to_numpy(), found["score"].to_numpy()
    return [
        [
            Hit(
                kb_code=code,
                item_version=int(release.items[code]["item_version"]),
                rank=place + 1,
                best_score=float(score),
                question=str(release.items[code]["question"]),
                answer=str(release.items[code]["answer"]),
            )
            for place, code in enumerate(row)
            if code in release.items
        ]
        for row, score in zip(codes, scores, strict=True)
    ]
