"""From the assistant to a person and back: assign or queue, resolve, reopen, take back.

Works on a connection that holds the conversation's lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection, Row

from core.enums import (
    Action,
    ConversationStatus,
    Priority,
    ReasonCode,
    ResolutionKind,
    Role,
    Specialization,
)
from core.errors import Conflict
from engines.support.answering import Reply
from store import agents, outbox
from store import conversations as kept

URGENCY = tuple(Priority)
FALLBACK = "en"
"""What an agent may have to speak where nobody speaks the user's language."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person takes over, how urgent it is, and which team is meant."""

    code: str
    words: str
    priority: str
    team: str

    @classmethod
    def of(cls, told: Reply) -> "Reason":
        """The engine's."""
        code = told.reason_code or ReasonCode.AI_ERROR.value
        team = told.specialization or Specialization.GENERAL.value
        return cls(code, f"{code}: {told.intent}", told.priority, team)

    @classmethod
    def asked(cls, words: str, priority: Priority) -> "Reason":
        """The user's own wish."""
        code = ReasonCode.USER_REQUEST.value
        return cls(code, words, priority.value, Specialization.GENERAL.value)

    @classmethod
    def danger(cls) -> "Reason":
        """SOS words, said while a person has the conversation or is waited for."""
        words = f"{ReasonCode.SAFETY}: said while a person was in charge or waited for"
        team = Specialization.SAFETY.value
        return cls(ReasonCode.SAFETY.value, words, Priority.URGENT.value, team)


def hand_over(connection: Connection, row: Row[Any], reason: Reason, now: datetime) -> None:
    """Give the conversation to the agent who fits best, else put it in the queue."""
    priority = max(row.priority, Priority(reason.priority), key=URGENCY.index)
    changed = kept.change(connection, row, {
        "status": ConversationStatus.ESCALATED, "ai_handled": False, "priority": priority,
        "escalated_at": row.escalated_at or now, "escalation_reason": reason.words[:500],
        "reason_code": reason.code, "queued_at": now, "updated_at": now,
    })  # fmt: skip
    told = {"conversation_id": str(row.id), "reason_code": reason.code, "priority": priority}
    outbox.add(connection, "SUPPORT_CONVERSATION_ESCALATED", told, now)
    place(connection, changed, reason.team, now)


def make_urgent(connection: Connection, row: Row[Any], reason: Reason, now: datetime) -> bool:
    """A conversation that was handed over turns out to be more urgent; False if it is not.

    Whoever has it keeps it; one that waits is offered to the team that is meant now.
    """
    priority = max(row.priority, Priority(reason.priority), key=URGENCY.index)
    if (priority, reason.code) == (row.priority, row.reason_code):
        return False
    changed = kept.change(connection, row, {
        "priority": priority, "reason_code": reason.code,
        "escalation_reason": reason.words[:500], "updated_at": now,
    })  # fmt: skip
    told = {"conversation_id": str(row.id), "reason_code": reason.code, "priority": priority}
    outbox.add(connection, "SUPPORT_CONVERSATION_ESCALATED", told, now)
    if agents.waits(changed):
        place(connection, changed, reason.team, now)
    return True


@contextmanager
def unless_changed(connection: Connection) -> Iterator[None]:
    """One conversation of many: if somebody changed it meanwhile, what was done for it is undone,
    and the others go on."""
    with suppress(Conflict), connection.begin_nested():
        yield


def place(
    connection: Connection, row: Row[Any], team: str, now: datetime, but: UUID | None = None
) -> None:
    """Assign a waiting conversation, if an agent (``but`` this one) has a place for it."""
    for agent in agents.candidates(connection, team, row.language_code):
        if agent.id != but and agents.assign(connection, row, agent.id, now):
            return


def resolve(connection: Connection, row: Row[Any], by: Role, now: datetime) -> None:
    """Ended by its user, or by an agent; the agent's place is free again."""
    kind = ResolutionKind.CONFIRMED if by == Role.USER else ResolutionKind.AGENT
    if row.assigned_agent_id is not None:
        agents.leave_place(connection, row.assigned_agent_id, now)
    kept.change(connection, row, {
        "status": ConversationStatus.RESOLVED, "resolution_kind": kind, "resolved_at": now,
        "first_resolved_at": row.first_resolved_at or now, "queued_at": None, "updated_at": now,
    })  # fmt: skip
    told = {"conversation_id": str(row.id), "resolution_kind": kind}
    outbox.add(connection, "SUPPORT_CONVERSATION_RESOLVED", told, now)
    if row.assigned_agent_id is not None:
        next_for(connection, agents.find(connection, row.assigned_agent_id), now)


def reopen(connection: Connection, row: Row[Any], now: datetime) -> None:
    """It goes on: with the assistant, or in the queue where a person had it."""
    human = row.escalated_at is not None
    changed = kept.change(connection, row, {
        "status": ConversationStatus.ESCALATED if human else ConversationStatus.IN_PROGRESS,
        "resolved_at": None, "resolution_kind": None, "reopened_at": now, "updated_at": now,
        "assigned_agent_id": None, "assigned_at": None, "queued_at": now if human else None,
    })  # fmt: skip
    if human:
        place(connection, changed, team_of(row), now)


def next_for(connection: Connection, agent: Row[Any], now: datetime) -> None:
    """Fill an agent's free places from the queue: their own team's work and languages."""
    for row in agents.waiting(connection):
        if agent.specialization not in (team_of(row), Specialization.GENERAL):
            continue
        if not {row.language_code, FALLBACK} & set(agent.language_skills):
            continue
        full = False
        with unless_changed(connection):
            full = not agents.assign(connection, row, agent.id, now)
        if full:
            return


def team_of(row: Row[Any]) -> str:
    """The team that a conversation's reason points to."""
    teams = {
        ReasonCode.SAFETY: Specialization.SAFETY,
        ReasonCode.FRAUD_REPORT: Specialization.FRAUD,
    }
    if row.reason_code == ReasonCode.HIGH_PRIORITY_INTENT and row.intent == "payment_problem":
        return Specialization.BILLING.value
    return teams.get(row.reason_code, Specialization.GENERAL).value


def fill(connection: Connection, now: datetime) -> None:
    """Who has a place gets what waits: a hand-over and an agent's last word at one moment can miss
    each other."""
    if agents.waiting(connection, limit=1):
        for agent in agents.free(connection):
            next_for(connection, agent, now)


def take_back(connection: Connection, now: datetime, timeout_s: float, silence_s: float) -> int:
    """Conversations whose agent has not written in time go back in the queue; how many did."""
    late = agents.unanswered(
        connection, now - timedelta(seconds=timeout_s), now - timedelta(seconds=silence_s)
    )
    for row in late:
        with unless_changed(connection):
            back_to_queue(connection, row, now)
    return len(late)


def settle(connection: Connection, now: datetime, hours: float) -> int:
    """Conversations that the user has left: after an answer they count as resolved by it, else they
    are closed; how many there were."""
    left = kept.idle(connection, now - timedelta(hours=hours))
    for row in left:
        ended: dict[str, Any] = {"status": ConversationStatus.CLOSED, "closed_at": now}
        if row.action == Action.ANSWER:
            ended = {
                "status": ConversationStatus.RESOLVED,
                "resolution_kind": ResolutionKind.ASSUMED,
                "resolved_at": row.replied_at,
                "first_resolved_at": row.first_resolved_at or row.replied_at,
            }
        with unless_changed(connection):
            kept.change(connection, row, {**ended, "updated_at": now})
            if row.action == Action.ANSWER:
                told = {"conversation_id": str(row.id), "resolution_kind": ResolutionKind.ASSUMED}
                outbox.add(connection, "SUPPORT_CONVERSATION_RESOLVED", told, now)
    return len(left)


def back_to_queue(connection: Connection, row: Row[Any], now: datetime) -> None:
    """Take a conversation from its agent; another who has a place gets it at once."""
    agents.enqueue(connection, row, now)
    place(connection, kept.find(connection, row.id), team_of(row), now, row.assigned_agent_id)
