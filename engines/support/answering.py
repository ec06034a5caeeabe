"""What to say to a message: one encoder pass, then intent, sentiment, retrieval, policy, wording.

Pure: a release, the rules and the messages come in, replies go out. Nothing is read or stored here.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.enums import Action, ReasonCode
from core.errors import ReleaseRefused
from core.intents import LABELS, UNKNOWN
from core.params.decisions import SupportParams
from engines.support import language, wording
from engines.support.entities import find
from engines.support.policy import Decision, Message, Reading, decide, decide_after_failure
from engines.support.redaction import redact
from engines.support.rules import Rule
from features.text import normalise
from models.catalog import CATALOG, members
from models.contract import Artefact

if TYPE_CHECKING:
    from models.support.encoder import TextEncoder
    from models.support.intent import IntentModel
    from models.support.locations import LocationTagger
    from models.support.retrieval import Retriever
    from models.support.sentiment import SentimentModel

__all__ = [
    "Message",
    "Reply",
    "SupportRelease",
    "answer_batch",
    "answer_one",
    "load_release",
    "reply_without_release",
]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the engine did; ``confidence`` is the probability that the answer is right."""

    action: str
    content: str
    intent: str
    intent_confidence: float
    confidence: float | None
    sentiment_score: float
    kb_code: str | None
    sources: list[dict[str, Any]]
    entities: list[dict[str, Any]]
    reason_code: str | None
    priority: str
    release: str
    item_version: int | None = None
    specialization: str | None = None
    language_code: str = language.ENGLISH
    order_id: str | None = None
    """Which order an answer is about: one that the message names, else the conversation's."""


@dataclass(frozen=True)
class SupportRelease:
    """Everything that answers together."""

    release_id: str
    encoder: "TextEncoder"
    intent: "IntentModel"
    sentiment: "SentimentModel"
    places: "LocationTagger"
    retriever: "Retriever"
    items: Mapping[str, Mapping[str, Any]]
    params: SupportParams
    rules: tuple[Rule, ...] = field(default=())

    @cached_property
    def languages(self) -> frozenset[str]:
        """Those that items are written in."""
        return frozenset(str(item["language_code"]) for item in self.items.values())


def load_release(
    release_id: str,
    parts: Mapping[str, Artefact],
    params: SupportParams,
    rules: Sequence[Rule],
) -> SupportRelease:
    """Rebuild every model of a support release.

    Raises
    ------
    ReleaseRefused
        If a part is missing or was made for another encoder.
    """
    missing = [name for name in members("support") if name not in parts]
    if missing:
        raise ReleaseRefused(f"a support release needs {', '.join(missing)}; train and evaluate")
    loaded = {name: import_module(CATALOG[name].module).load(parts[name]) for name in parts}
    encoder = loaded["encoder"]
    strangers = [
        name
        for name, model in loaded.items()
        if "encoder" in CATALOG[name].needs and model.encoder_sha256 != encoder.sha256
    ]
    if strangers:
        raise ReleaseRefused(
            f"{', '.join(strangers)}: expected models of encoder {encoder.sha256[:12]}, "
            "got models of another; train them again"
        )
    retriever = loaded["knowledge_base"]
    return SupportRelease(
        release_id,
        encoder,
        loaded["intent"],
        loaded["sentiment"],
        loaded["locations"],
        retriever,
        {item["kb_code"]: item for item in retriever.items},
        params,
        tuple(rules),
    )


def texts_of(messages: Sequence[Message]) -> list[str]:
    """The messages as the models read them: in normal form, personal values redacted."""
    return [redact(normalise(message.text)) for message in messages]


def languages_of(messages: Sequence[Message], texts: Sequence[str]) -> list[str]:
    """Two letters a message: what it came with, else what its text looks like."""
    pairs = zip(messages, texts, strict=True)
    return [message.language_code or language.detect(text) for message, text in pairs]


def rows_of(release: SupportRelease, messages: Sequence[Message]) -> pd.DataFrame:
    """The messages as rows for a predictor: text, embedding, intent_probabilities, audience,
    language_code."""
    texts = texts_of(messages)
    vectors = release.encoder.embed(texts)
    return pd.DataFrame(
        {
            "text": texts,
            "embedding": list(vectors),
            "intent_probabilities": list(release.intent.guess(vectors, texts).probabilities),
            "audience": [message.audience for message in messages],
            "language_code": languages_of(messages, texts),
        }
    )


def answer_batch(release: SupportRelease, messages: Sequence[Message]) -> list[Reply]:
    """One reply for each message, in order; the encoder runs once for all of them.

    Where that fails, each message is answered alone, so that one takes no other with it; a message
    that fails alone goes to a person.
    """
    if not messages:
        return []
    try:
        readings = read(release, messages)
        return [_reply(release, m, r) for m, r in zip(messages, readings, strict=True)]
    except Exception as error:
        if len(messages) == 1:
            return [_failed(release, messages[0], error)]
        told = "support release %s failed on %d messages together, each is answered alone: %s"
        log.warning(told, release.release_id, len(messages), _where(error))
    return [answer_one(release, message) for message in messages]


def answer_one(release: SupportRelease, message: Message) -> Reply:
    """A batch of one."""
    return answer_batch(release, [message])[0]


def read(release: SupportRelease, messages: Sequence[Message]) -> list[Reading]:
    """What the models make of each message."""
    texts = texts_of(messages)
    vectors = release.encoder.embed(texts)
    guess = release.intent.guess(vectors, texts)
    feelings = release.sentiment.probabilities(vectors, texts)
    languages = languages_of(messages, texts)
    audiences = [message.audience for message in messages]
    found = release.retriever.search(texts, vectors, guess.probabilities, audiences, languages)
    scores = np.clip(feelings[:, 2] - feelings[:, 0], -1.0, 1.0)
    items = release.retriever.items
    readings = []
    for row in range(len(messages)):
        place, label = int(found.places[row, 0]), guess.label(row)
        readings.append(
            Reading(
                intent=label if languages[row] in release.languages else UNKNOWN,
                second_intent=LABELS[guess.second[row]],
                intent_confidence=float(guess.confidence[row]),
                margin=float(guess.margin[row]),
                in_scope=label != UNKNOWN,
                sentiment_score=float(scores[row]),
                item=items[place] if place >= 0 else None,
                item_score=float(found.scores[row, 0]),
                answer_confidence=float(found.confidence[row]),
                danger_probability=float(guess.danger[row]),
                language=languages[row],
                spoken=languages[row] in release.languages,
            )
        )
    return readings


def _reply(release: SupportRelease, message: Message, reading: Reading) -> Reply:
    entities = find(message.text, message.asked_at, release.places)
    decision = decide(message, reading, release.rules, release.params)
    item = reading.item if decision.action == Action.ANSWER else None
    named = next((e.normalised for e in entities if e.type == "order_id"), message.order_id)
    return Reply(
        action=decision.action.value,
        content=_content(release, message, reading, decision, named),
        intent=reading.intent,
        intent_confidence=reading.intent_confidence,
        confidence=reading.answer_confidence if item else None,
        sentiment_score=reading.sentiment_score,
        kb_code=str(item["kb_code"]) if item else None,
        sources=[_source(item, reading.item_score)] if item else [],
        entities=[entity.as_dict() for entity in entities],
        reason_code=decision.reason_code,
        priority=decision.priority,
        release=release.release_id,
        item_version=int(item["item_version"]) if item else None,
        specialization=decision.specialization,
        language_code=reading.language,
        order_id=named if item else None,
    )


def reply_without_release(message: Message, rules: Sequence[Rule] = ()) -> Reply:
    """The hand-over of a message that no release is there to read."""
    return _handed_over(message, rules, "none")


def _failed(release: SupportRelease, message: Message, error: Exception) -> Reply:
    """The hand-over of a message that was not read."""
    told = "support release %s failed on a message of %d characters: %s"
    log.error(told, release.release_id, len(message.text), _where(error))
    return _handed_over(message, release.rules, release.release_id)


def _handed_over(message: Message, rules: Sequence[Rule], release_id: str) -> Reply:
    decision = decide_after_failure(message, rules)
    failed = decision.reason_code == ReasonCode.AI_ERROR
    return Reply(
        action=decision.action.value,
        content=wording.handover(decision.priority, failed),
        intent=UNKNOWN,
        intent_confidence=0.0,
        confidence=None,
        sentiment_score=0.0,
        kb_code=None,
        sources=[],
        entities=[],
        reason_code=decision.reason_code,
        priority=decision.priority,
        release=release_id,
        specialization=decision.specialization,
    )


def _where(error: Exception) -> str:
    """An error for the log, without its own words: they may quote the message."""
    frames = extract_tb(error.__traceback__)
    places = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} at {places}"


def _content(
    release: SupportRelease,
    message: Message,
    reading: Reading,
    decision: Decision,
    order_id: str | None,
) -> str:
    if not reading.spoken:
        return language.notice(reading.language, release.languages)
    if decision.action == Action.ESCALATE:
        return wording.handover(decision.priority)
    if decision.action == Action.CLARIFY:
        return wording.which(reading.intent, reading.second_intent)
    if decision.action == Action.ABSTAIN or reading.item is None:
        return wording.ABSTAIN
    sure = reading.answer_confidence >= release.params.high_confidence
    return wording.answer(str(reading.item["answer"]), order_id, sure)


def _source(item: Mapping[str, Any], score: float) -> dict[str, Any]:
    return {
        "kb_code": str(item["kb_code"]),
        "item_version": int(item["item_version"]),
        "score": round(score, 4),
    }
