"""What to do with a message: answer, ask which of two, say that nothing fits, or hand over.

Escalation rules come first; without one, an item is only answered with when its confidence is
good enough and its intent is among the two the message may have.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.enums import Action, Audience, LoyaltyTier, Priority, ReasonCode
from core.params.decisions import SupportParams
from engines.support.rules import Rule, first_match

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
class Reading:
    """What the models make of a message; ``item`` is the best of the knowledge base, if any."""

    intent: str
    second_intent: str
    intent_confidence: float
    margin: float
    in_scope: bool
    sentiment_score: float
    item: Mapping[str, Any] | None
    item_score: float
    answer_confidence: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The action, and for a hand-over why and how urgent."""

    action: Action
    reason_code: str | None = None
    priority: str = Priority.LOW.value
    specialization: str | None = None


def decide(
    message: Message, reading: Reading, rules: Sequence[Rule], params: SupportParams
) -> Decision:
    """The first escalation rule that matches, else the policy."""
    rule = first_match(rules, facts(message, reading, params.low_confidence))
    if rule is not None:
        return Decision(Action.ESCALATE, _reason(rule, reading), rule.priority, rule.specialization)
    return Decision(_action(message, reading, params))


def facts(message: Message, reading: Reading, low_confidence: float) -> dict[str, Any]:
    """What escalation rules may look at (docs/domain.md, section 2.4).

    Out of scope there is no answer, so no answer confidence: a rule about it rests.
    """
    confidence = reading.answer_confidence if reading.in_scope else None
    unsure = confidence is not None and confidence < low_confidence
    return {
        "intent": reading.intent,
        "sos_words": len(SOS.findall(message.text)),
        "fraud_flagged": message.fraud_flagged,
        "sentiment_score": reading.sentiment_score,
        "previous_sentiment_score": message.previous_sentiment_score,
        "after_ai_answer": message.after_ai_answer,
        "answer_confidence": confidence,
        "loyalty_tier": message.loyalty_tier,
        "in_scope": reading.in_scope,
        "low_confidence_turns": message.low_confidence_turns + unsure,
        "turns_without_progress": message.turns_without_progress,
        "engine_error": False,
    }


def _action(message: Message, reading: Reading, params: SupportParams) -> Action:
    if not reading.in_scope or reading.item is None:
        return Action.ABSTAIN
    fits = reading.item["intent"] in {reading.intent, reading.second_intent}
    sure = reading.answer_confidence >= params.high_confidence
    if sure or (fits and reading.answer_confidence >= params.low_confidence):
        return Action.ANSWER
    close = reading.margin < params.clarify_margin and message.low_confidence_turns == 0
    return Action.CLARIFY if close else Action.ABSTAIN


def _reason(rule: Rule, reading: Reading) -> str:
    """A rule with two reasons: nothing found, or found with too little confidence."""
    nothing = ReasonCode.NO_KNOWLEDGE_FOUND.value
    found = reading.in_scope and reading.item is not None
    return nothing if nothing in rule.reason_codes and not found else rule.reason_codes[0]
