"""Conversations of a day as the rows of conversations, messages and feedback, and their truth."""

import json
from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from core.intents import UNKNOWN, complexity
from simulator.clock import at
from simulator.desk import NAN, Ending
from simulator.talks import Talk, new_id

RATES = 0.35
STARS_IF_SATISFIED = (0.0, 0.0, 0.10, 0.30, 0.60)
STARS_IF_NOT = (0.45, 0.30, 0.25, 0.0, 0.0)
TIMES = (
    "created_at", "first_response_at", "updated_at", "escalated_at", "queued_at", "assigned_at",
    "first_agent_reply_at", "resolved_at", "first_resolved_at", "reopened_at", "closed_at",
)  # fmt: skip
TRUTH_COLUMNS = ("conversation_id", "intent", "kb_code", "right", "satisfied")
Row = dict[str, object]


def _table(rows: Sequence[Row], names: Sequence[str], day: date, times: Sequence[str]) -> pa.Table:
    """Rows as columns; the named times become timestamps of the day."""
    columns = {}
    for name in names:
        values = [row[name] for row in rows]
        columns[name] = (
            at(day, np.array(values, dtype=np.float64)) if name in times else pa.array(values)
        )
    return pa.table(columns)


def conversation_row(talk: Talk, ending: Ending) -> Row:
    """State of a conversation at the end of the city; ``intent`` is its first in-scope intent."""
    replies = talk.replies
    intent = next((r.intent for r in replies if r.intent != UNKNOWN), None)
    handed = next((line for line in talk.lines if line.reply and line.sender == "AI"
                   and line.reply.action == "escalate"), None)  # fmt: skip
    reason = handed.reply.reason_code if handed and handed.reply else None
    seen = [talk.lines[-1].at, ending.resolved, ending.reopened, ending.closed]
    return {
        "id": talk.id,
        "user_id": talk.user_id,
        "channel": talk.channel,
        "status": ending.status,
        "ai_handled": handed is None,
        "sentiment_score": replies[-1].sentiment_score,
        "priority": replies[-1].priority,
        "assigned_agent_id": ending.agent,
        "escalation_reason": reason.lower().replace("_", " ") if reason else None,
        "order_id": talk.order_id,
        "vertical": talk.vertical,
        "intent": intent,
        "complexity": str(complexity(intent)) if intent else None,
        "language_code": replies[0].language_code,
        "created_at": talk.start,
        "first_response_at": talk.lines[1].at,
        "updated_at": float(np.nanmax(seen)),
        "escalated_at": handed.at if handed else NAN,
        "queued_at": ending.queued,
        "assigned_at": ending.assigned,
        "first_agent_reply_at": ending.agent_reply,
        "resolved_at": ending.resolved,
        "first_resolved_at": ending.first_resolved,
        "resolution_kind": ending.kind,
        "reopened_at": ending.reopened,
        "closed_at": ending.closed,
        "reason_code": reason,
        "version": len(talk.lines),
    }


def message_rows(talk: Talk, rng: np.random.Generator) -> list[Row]:
    """One row a message. What the engine read out of a message stands on the user's row too."""
    spoken = "VOICE_TRANSCRIPT" if talk.channel == "VOICE" else "TEXT"
    rows: list[Row] = []
    for seq, line in enumerate(talk.lines, start=1):
        reply, user = line.reply, line.sender == "USER"
        ai = reply if reply and not user else None
        sources = ai.sources if ai and ai.sources else _sources(ai.kb_code) if ai else None
        rows.append(
            {
                "id": new_id(rng),
                "conversation_id": talk.id,
                "seq": seq,
                "client_message_id": f"{talk.id[:8]}-{seq}" if user else None,
                "sender": line.sender,
                "message_type": spoken if user else "TEXT",
                "content": line.content,
                "audio_url": None,
                "confidence_score": ai.confidence if ai else None,
                "action": ai.action if ai else None,
                "sources": sources,
                "language_code": reply.language_code if reply else None,
                "intent": reply.intent if reply else None,
                "sentiment_score": reply.sentiment_score if reply and user else None,
                "processing_time_ms": ai.processing_time_ms if ai else None,
                "release": ai.release if ai else None,
                "created_at": line.at,
            }
        )
    return rows


def _sources(kb_code: str | None) -> str | None:
    return json.dumps([{"kb_code": kb_code}]) if kb_code else None


def feedback_row(
    talk: Talk, ending: Ending, messages: Sequence[Row], rng: np.random.Generator
) -> Row | None:
    """Every third user rates the last message that was not their own."""
    if rng.random() >= RATES:
        return None
    stars = STARS_IF_SATISFIED if ending.satisfied else STARS_IF_NOT
    rating = 1 + int(rng.choice(5, p=stars))
    return {
        "id": new_id(rng),
        "message_id": messages[-1]["id"],
        "conversation_id": talk.id,
        "user_rating": rating,
        "was_helpful": None if rng.random() < 0.2 else rating >= 4,
        "follow_up_required": bool(not ending.satisfied and rng.random() < 0.3),
        "user_comment": None,
        "created_at": talk.lines[-1].at + float(rng.uniform(20, 900)),
    }


def truth_row(talk: Talk, ending: Ending) -> Row:
    """What the user really wanted, and whether the last reply was right."""
    return {
        "conversation_id": talk.id,
        "intent": talk.about.intent,
        "kb_code": talk.about.kb_code,
        "right": talk.right,
        "satisfied": ending.satisfied,
    }


def as_table(asset_names: Sequence[str], rows: Sequence[Row], day: date) -> pa.Table:
    """Rows of one asset in the order of its columns."""
    return _table(rows, asset_names, day, TIMES)
