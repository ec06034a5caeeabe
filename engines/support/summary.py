"""What an agent should know before writing the first line: a conversation in a few sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.enums import Action, Sender

LONGEST = 160


def summary(messages: Sequence[Mapping[str, Any]], reason: str | None) -> str:
    """What was asked, what the assistant tried, how the user feels, and why a person is needed.

    ``messages``: sender, content, intent, action, sentiment_score, in order.
    """
    said = [m for m in messages if m["sender"] == Sender.USER]
    if not said:
        return "The user has not written anything yet."
    first, last = said[0], said[-1]
    parts = [f"Asked: “{_short(first['content'])}”"]
    if last is not first:
        parts.append(f"Last said: “{_short(last['content'])}”")
    replies = [m for m in messages if m["sender"] == Sender.AI]
    answers = sum(reply["action"] == Action.ANSWER for reply in replies)
    if replies:
        parts.append(f"The assistant replied {len(replies)} times, {answers} of these an answer.")
    feeling = last.get("sentiment_score")
    if feeling is not None and abs(feeling) >= 0.5:
        parts.append("The user is upset." if feeling < 0 else "The user is friendly.")
    if reason:
        parts.append(f"Handed over: {reason}.")
    return " ".join(parts)


def entities(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every entity of the conversation once, the latest first."""
    found = {
        (entity["type"], str(entity["normalised"])): entity
        for message in messages
        for entity in message.get("entities") or []
    }
    return [dict(entity) for entity in reversed(found.values())]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rpartition(' ')[0]} …"
