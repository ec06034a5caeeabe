"""What a conversation's earlier turns tell the policy about the next message."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from core.enums import Action
from core.intents import UNKNOWN


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of the user and what the assistant did with it.

    ``new_entity``: it named an order, an amount or the like that no earlier one had; ``helpful``:
    the user marked the answer as such.
    """

    intent: str
    action: str
    sentiment_score: float
    new_entity: bool = False
    helpful: bool = False


def so_far(turns: Sequence[Turn]) -> dict[str, Any]:
    """The fields of `policy.Message` that speak of the conversation so far, oldest turn first.

    Without progress are the last turns on one intent that brought neither a new entity nor a
    helpful mark.
    """
    if not turns:
        return {}
    last = turns[-1]
    unsure = [t for t in turns if t.intent != UNKNOWN and t.action != Action.ANSWER]
    same = list(takewhile(lambda turn: turn.intent == last.intent, reversed(turns)))
    stuck = list(takewhile(lambda turn: not (turn.new_entity or turn.helpful), same))
    return {
        "previous_sentiment_score": last.sentiment_score,
        "previous_intent": last.intent,
        "after_ai_answer": last.action == Action.ANSWER,
        "low_confidence_turns": len(unsure),
        "turns_without_progress": len(stuck),
    }
