"""What to do with a message: answer, ask which of two, say that nothing fits, or hand over.

Escalation rules come first; without one, an item answers when its confidence is high, or medium
with an intent that is among the two the message may have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.enums import Action, Audience, LoyaltyTier, Priority, ReasonCode, Specialization
from core.params.decisions import SupportParams
from engines.support import sos
from engines.support.language import ENGLISH
from engines.support.rules import Rule, first_match


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a user, with what is known of the conversation so far."""

    text: str
    audience: str = Audience.RIDER.value
    language_code: str = ""
    """Two letters; empty: detected."""
    loyalty_tier: str = LoyaltyTier.BASIC.value
    order_id: str | None = None
    fraud_flagged: bool = False
    previous_sentiment_score: float | None = None
    after_ai_answer: bool = False
    low_confidence_turns: int = 0
    turns_without_progress: int = 0
    previous_intent: str | None = None
    """Of the turn before; a message on another matter is progress."""
    asked_at: datetime | None = None
    """When it was written, on the writer's clock if that is known; gives "yesterday" its date."""


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
    danger_probability: float = 0.0
    language: str = ENGLISH
    """Of the message; ``spoken`` says whether the knowledge base has items in it."""
    spoken: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """The action, and for a hand-over why and how urgent."""

    action: Action
    reason_code: str | None = None
    priority: str = Priority.LOW.value
    specialization: str | None = None


FAILED = Decision(
    Action.ESCALATE,
    ReasonCode.AI_ERROR.value,
    Priority.HIGH.value,
    Specialization.GENERAL.value,
)
"""What happens after a failure when no rule of the store can say it."""
FOREIGN = Decision(
    Action.ESCALATE,
    ReasonCode.NO_KNOWLEDGE_FOUND.value,
    Priority.MEDIUM.value,
    Specialization.GENERAL.value,
)
"""What happens to a message in a language that nothing is written in."""


def decide(
    message: Message, reading: Reading, rules: Sequence[Rule], params: SupportParams
) -> Decision:
    """The first escalation rule that matches, else the policy.

    In a language that nothing is written in, what the models read out of a message is noise.
    """
    if not reading.spoken:
        return _without_models(message, rules) or FOREIGN
    rule = first_match(rules, facts(message, reading, params.low_confidence))
    if rule is not None:
        team = rule.team(reading.intent)
        return Decision(Action.ESCALATE, _reason(rule, reading), rule.priority, team)
    return Decision(_action(message, reading, params))


def decide_after_failure(message: Message, rules: Sequence[Rule]) -> Decision:
    """Who takes over a message that the models or the rules failed on.

    The rules see what is known without a model, so that SOS words still go to the safety team.
    """
    try:
        return _without_models(message, rules, engine_error=True) or FAILED
    except Exception:  # a rule is what failed: the message must reach a person all the same
        return FAILED


def _without_models(
    message: Message, rules: Sequence[Rule], engine_error: bool = False
) -> Decision | None:
    """The first rule that matches on what is known of a message before it is read."""
    known = {
        "sos_words": sos.count(message.text),
        "fraud_flagged": message.fraud_flagged,
        "loyalty_tier": message.loyalty_tier,
        "engine_error": engine_error,
    }
    rule = first_match(rules, known)
    if rule is None:
        return None
    return Decision(Action.ESCALATE, rule.reason_codes[0], rule.priority, rule.specialization)


def facts(message: Message, reading: Reading, low_confidence: float) -> dict[str, Any]:
    """What escalation rules may look at (docs/domain.md, section 2.4).

    Out of scope there is no answer, so no answer confidence: a rule about it rests.
    """
    confidence = reading.answer_confidence if reading.in_scope else None
    unsure = confidence is not None and confidence < low_confidence
    stuck = message.previous_intent in (None, reading.intent)
    return {
        "intent": reading.intent,
        "sos_words": sos.count(message.text),
        "danger_probability": reading.danger_probability,
        "fraud_flagged": message.fraud_flagged,
        "sentiment_score": reading.sentiment_score,
        "previous_sentiment_score": message.previous_sentiment_score,
        "after_ai_answer": message.after_ai_answer,
        "answer_confidence": confidence,
        "loyalty_tier": message.loyalty_tier,
        "in_scope": reading.in_scope,
        "low_confidence_turns": message.low_confidence_turns + unsure,
        "turns_without_progress": message.turns_without_progress if stuck else 0,
        "engine_error": False,
    }


def _action(message: Message, reading: Reading, params: SupportParams) -> Action:
    """The bands of confidence: high answers; medium answers and asks whether it helped; low does
    not answer.

    The confidence of an item knows nothing of the intent: in the medium band both must agree.
    """
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
