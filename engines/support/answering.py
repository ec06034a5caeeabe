"""What to say to a message: one encoder pass, then intent, sentiment, entities, retrieval, policy.

Pure: a release, the rules and the messages come in, replies go out. Nothing is read or stored here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from core.enums import Action, Audience, LoyaltyTier, Priority, ReasonCode
from core.errors import ReleaseRefused
from core.intents import UNKNOWN
from core.params.decisions import SupportParams
from engines.support import wording
from engines.support.entities import Entity, find
from engines.support.redaction import redact
from engines.support.rules import Rule, first_match
from models.catalog import CATALOG, members
from models.contract import Artefact

SOS = re.compile(
    r"\b(sos|help me now|being followed|has a (?:gun|knife)|attack(?:ed|ing)|kidnap\w*|bleeding|"
    r"not breathing|call (?:the )?police|emergency)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a user, with what is known of the conversation so far."""

    text: str
    audience: str = Audience.RIDER.value
    language_code: str = "en"
    loyalty_tier: str = LoyaltyTier.BASIC.value
    order_id: str | None = None
    fraud_flagged: bool = False
    previous_sentiment_score: float | None = None
    after_ai_answer: bool = False
    low_confidence_turns: int = 0
    turns_without_progress: int = 0


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


@dataclass(frozen=True)
class SupportRelease:
    """Everything that answers together."""

    release_id: str
    encoder: Any
    intent: Any
    sentiment: Any
    retriever: Any
    items: Mapping[str, Mapping[str, Any]]
    params: SupportParams
    rules: tuple[Rule, ...] = field(default=())


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
        If a part is missing.
    """
    missing = [name for name in members("support") if name not in parts]
    if missing:
        raise ReleaseRefused(f"a support release needs {', '.join(missing)}; train and evaluate")
    loaded = {name: import_module(CATALOG[name].module).load(parts[name]) for name in parts}
    items = {item["kb_code"]: item for item in json.loads(parts["knowledge_base"]["items.json"])}
    return SupportRelease(
        release_id,
        loaded["encoder"],
        loaded["intent"],
        loaded["sentiment"],
        loaded["knowledge_base"],
        items,
        params,
        tuple(rules),
    )


def rows_of(release: SupportRelease, messages: Sequence[Message]) -> pd.DataFrame:
    """The messages as the models read them: redacted text, one vector each, audience, language."""
    texts = [redact(message.text) for message in messages]
    vectors = release.encoder.embed(texts)
    return pd.DataFrame(
        {
            "text": texts,
            "embedding": list(np.asarray(vectors, "float64").tolist()),
            "audience": [message.audience for message in messages],
            "language_code": [message.language_code for message in messages],
        }
    )


def answer_batch(release: SupportRelease, messages: Sequence[Message]) -> list[Reply]:
    """One reply for each message, in order; the encoder runs once for all of them."""
    if not messages:
        return []
    rows = rows_of(release, messages)
    intents = release.intent.predict(rows).to_dict("records")
    feelings = release.sentiment.predict(rows).to_dict("records")
    found = release.retriever.predict(rows).to_dict("records")
    return [
        _reply(release, *parts) for parts in zip(messages, intents, feelings, found, strict=True)
    ]


def _reply(
    release: SupportRelease,
    message: Message,
    intent: Mapping[str, Any],
    feeling: Mapping[str, Any],
    found: Mapping[str, Any],
) -> Reply:
    entities = find(message.text)
    known = intent["intent"] != UNKNOWN and found["kb_1"] in release.items
    confidence = float(found["confidence"]) if known else None
    facts = _facts(message, intent["intent"], float(feeling["score"]), confidence, known)
    rule = first_match(release.rules, facts)
    action = (
        Action.ESCALATE if rule else _action(release.params, intent, confidence, message, known)
    )
    item = release.items[found["kb_1"]] if action == Action.ANSWER else None
    return Reply(
        action=action.value,
        content=_content(action, item, rule, intent, entities),
        intent=str(intent["intent"]),
        intent_confidence=float(intent["confidence"]),
        confidence=confidence if action == Action.ANSWER else None,
        sentiment_score=float(feeling["score"]),
        kb_code=str(item["kb_code"]) if item else None,
        sources=[_source(item, float(found["score"]))] if item else [],
        entities=[entity.as_dict() for entity in entities],
        reason_code=_reason(rule, known, confidence) if rule else None,
        priority=rule.priority if rule else Priority.LOW.value,
        release=release.release_id,
    )


def _facts(
    message: Message, intent: str, score: float, confidence: float | None, known: bool
) -> dict[str, Any]:
    """What escalation rules may look at (docs/domain.md, section 2.4)."""
    return {
        "intent": intent,
        "sos_words": len(SOS.findall(message.text)),
        "fraud_flagged": message.fraud_flagged,
        "sentiment_score": score,
        "previous_sentiment_score": message.previous_sentiment_score,
        "after_ai_answer": message.after_ai_answer,
        "answer_confidence": confidence,
        "loyalty_tier": message.loyalty_tier,
        "in_scope": known,
        "low_confidence_turns": message.low_confidence_turns
        + (confidence is not None and confidence < 0.5),
        "turns_without_progress": message.turns_without_progress,
        "engine_error": False,
    }


def _action(
    params: SupportParams,
    intent: Mapping[str, Any],
    confidence: float | None,
    message: Message,
    known: bool,
) -> Action:
    """Answer, ask which of two, or say that nothing fits; never answer what is out of scope."""
    if not known or confidence is None:
        return Action.ABSTAIN
    if confidence >= params.low_confidence:
        return Action.ANSWER
    close = float(intent["margin"]) < params.clarify_margin and message.low_confidence_turns == 0
    return Action.CLARIFY if close else Action.ABSTAIN


def _content(
    action: Action,
    item: Mapping[str, Any] | None,
    rule: Rule | None,
    intent: Mapping[str, Any],
    entities: Sequence[Entity],
) -> str:
    if action == Action.ESCALATE and rule:
        return wording.handover(rule.priority)
    if action == Action.CLARIFY:
        return wording.which(str(intent["intent"]), str(intent["second_intent"]))
    if item is None:
        return wording.ABSTAIN
    order = next((e.normalised for e in entities if e.type == "order_id"), None)
    return wording.answer(str(item["answer"]), order)


def _source(item: Mapping[str, Any], score: float) -> dict[str, Any]:
    return {
        "kb_code": str(item["kb_code"]),
        "item_version": int(item["item_version"]),
        "score": round(score, 4),
    }


def _reason(rule: Rule, known: bool, confidence: float | None) -> str:
    """A rule with two reasons: nothing found, or found with too little confidence."""
    if ReasonCode.NO_KNOWLEDGE_FOUND.value in rule.reason_codes and (not known or not confidence):
        return ReasonCode.NO_KNOWLEDGE_FOUND.value
    return rule.reason_codes[0]
