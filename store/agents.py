"""Agents and the queue: who takes a conversation, decided by compare and set.

A place at an agent is taken by an update that only succeeds while there is one, so that of many
who claim the same agent or conversation exactly one gets it. Functions work on a connection of
`store.db.write`.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from core.enums import AgentAvailability, ConversationStatus, Priority, Sender, Specialization
from core.errors import NotThere
from store.conversations import CONVERSATION, MESSAGE, WAITING, change
from store.tables import Base, SupportAgent

AGENT = Base.metadata.tables[SupportAgent.__tablename__]
RECENT = 50
"""Handled conversations that the expected handling time is taken from."""
USUAL_MINUTES = 10.0
"""Handling time as long as nothing has been handled."""
URGENCY = sa.case(
    {priority: place for place, priority in enumerate(reversed(Priority))},
    value=CONVERSATION.c.priority,
)


def find(connection: Connection, agent_id: uuid.UUID) -> Row[Any]:
    """The agent; NotThere without one."""
    return _one(connection, AGENT.c.id == agent_id, str(agent_id))


def by_user(connection: Connection, user_id: str) -> Row[Any]:
    """The agent that a token's subject names; NotThere without one."""
    return _one(connection, AGENT.c.user_id == user_id, user_id)


def _one(connection: Connection, where: Any, named: str) -> Row[Any]:
    row: Row[Any] | None = connection.execute(sa.select(AGENT).where(where)).one_or_none()
    if row is None:
        raise NotThere(f"there is no agent {named}")
    return row


def free(
    connection: Connection, specialization: str | None = None, language: str | None = None
) -> list[Row[Any]]:
    """Agents with a free place, those least loaded first."""
    wanted = (AGENT.c.availability_status == AgentAvailability.AVAILABLE) & (
        AGENT.c.current_load < AGENT.c.max_concurrent
    )
    if specialization:
        wanted &= AGENT.c.specialization == specialization
    share = sa.cast(AGENT.c.current_load, sa.Float) / AGENT.c.max_concurrent
    rows = connection.execute(sa.select(AGENT).where(wanted).order_by(share, AGENT.c.user_id)).all()
    return [row for row in rows if language is None or language in row.language_skills]


def candidates(connection: Connection, specialization: str, language: str) -> list[Row[Any]]:
    """Who could take a conversation, best first: of the team before GENERAL, of the language before
    English."""
    teams = dict.fromkeys([specialization, Specialization.GENERAL.value])
    tongues = dict.fromkeys([language, "en"])
    return [row for tongue in tongues for team in teams for row in free(connection, team, tongue)]


def take_place(connection: Connection, agent_id: uuid.UUID, now: datetime) -> bool:
    """One more conversation at this agent; False where there is no place."""
    free_place = (
        (AGENT.c.id == agent_id)
        & (AGENT.c.availability_status == AgentAvailability.AVAILABLE)
        & (AGENT.c.current_load < AGENT.c.max_concurrent)
    )
    update = AGENT.update().where(free_place)
    taken = update.values(current_load=AGENT.c.current_load + 1, updated_at=now)
    return connection.execute(taken).rowcount == 1


def leave_place(connection: Connection, agent_id: uuid.UUID, now: datetime) -> None:
    """One conversation less at this agent."""
    mine = (AGENT.c.id == agent_id) & (AGENT.c.current_load > 0)
    connection.execute(
        AGENT.update().where(mine).values(current_load=AGENT.c.current_load - 1, updated_at=now)
    )


def assign(connection: Connection, row: Row[Any], agent_id: uuid.UUID, now: datetime) -> bool:
    """Give a conversation, as it was read, to an agent; False where the agent has no place.

    Raises
    ------
    Conflict
        If somebody changed the conversation since it was read.
    """
    if not take_place(connection, agent_id, now):
        return False
    change(connection, row, {
        "assigned_agent_id": agent_id, "assigned_at": now, "queued_at": None, "updated_at": now,
        "status": ConversationStatus.ESCALATED,
    })  # fmt: skip
    return True


def enqueue(connection: Connection, row: Row[Any], now: datetime) -> None:
    """Put a conversation, as it was read, in the queue; its agent, if any, gets a place back."""
    if row.assigned_agent_id is not None:
        leave_place(connection, row.assigned_agent_id, now)
    change(connection, row, {
        "assigned_agent_id": None, "assigned_at": None, "queued_at": now, "updated_at": now,
        "status": ConversationStatus.ESCALATED,
    })  # fmt: skip


def waits(row: Row[Any]) -> bool:
    """Whether a conversation is in the queue."""
    nobody = row.assigned_agent_id is None and row.queued_at is not None
    return nobody and row.status == ConversationStatus.ESCALATED


def waiting(connection: Connection, limit: int | None = None) -> list[Row[Any]]:
    """The queue: the most urgent first, of these the oldest."""
    chosen = sa.select(CONVERSATION).where(WAITING).order_by(URGENCY, CONVERSATION.c.queued_at)
    return list(connection.execute(chosen.limit(limit)).all())


def conversations_of(connection: Connection, agent_id: uuid.UUID) -> list[Row[Any]]:
    """What an agent has in hand."""
    held = (CONVERSATION.c.assigned_agent_id == agent_id) & (
        CONVERSATION.c.status == ConversationStatus.ESCALATED
    )
    return list(connection.execute(sa.select(CONVERSATION).where(held)).all())


def unanswered(
    connection: Connection, assigned_before: datetime, silent_since: datetime
) -> list[Row[Any]]:
    """Conversations whose agent took them before that moment and has not written since, or has, and
    left what the user wrote after it without an answer ``silent_since``."""
    theirs = (MESSAGE.c.conversation_id == CONVERSATION.c.id) & (
        MESSAGE.c.created_at >= CONVERSATION.c.assigned_at
    )
    written = sa.select(MESSAGE.c.id).where(theirs & (MESSAGE.c.sender == Sender.AGENT)).exists()
    answer = MESSAGE.alias()
    left = (
        sa.select(MESSAGE.c.id)
        .where(
            theirs
            & (MESSAGE.c.sender == Sender.USER)
            & (MESSAGE.c.created_at <= silent_since)
            & ~sa.exists().where(
                (answer.c.conversation_id == MESSAGE.c.conversation_id)
                & (answer.c.sender == Sender.AGENT)
                & (answer.c.seq > MESSAGE.c.seq)
            )
        )
        .exists()
    )
    held = (CONVERSATION.c.status == ConversationStatus.ESCALATED) & (
        CONVERSATION.c.assigned_agent_id.is_not(None)
    )
    late = (CONVERSATION.c.assigned_at <= assigned_before) & ~written
    return list(connection.execute(sa.select(CONVERSATION).where(held & (late | left))).all())


def expected_wait_minutes(connection: Connection, row: Row[Any]) -> float:
    """How long a waiting conversation will wait: those before it, at the pace of those on duty.

    Everybody ahead and the conversation itself are handled ``USUAL_MINUTES`` (of late: what recent
    ones took) each, by all places of agents that are not offline side by side.
    """
    ahead = [other.id for other in waiting(connection)]
    place = ahead.index(row.id) + 1 if row.id in ahead else len(ahead) + 1
    on_duty = AGENT.c.availability_status != AgentAvailability.OFFLINE
    places = connection.scalar(sa.select(sa.func.sum(AGENT.c.max_concurrent)).where(on_duty))
    minutes = handling_minutes(connection)
    return round(place * minutes / places, 1) if places else round(place * minutes, 1)


def handling_minutes(connection: Connection) -> float:
    """Mean minutes from assignment to resolution of the last conversations that agents ended."""
    handled = (
        sa.select(CONVERSATION.c.assigned_at, CONVERSATION.c.resolved_at)
        .where(CONVERSATION.c.assigned_at.is_not(None) & CONVERSATION.c.resolved_at.is_not(None))
        .order_by(CONVERSATION.c.resolved_at.desc())
        .limit(RECENT)
    )
    spans = [row.resolved_at - row.assigned_at for row in connection.execute(handled)]
    if not spans:
        return USUAL_MINUTES
    return sum(spans, timedelta()).total_seconds() / len(spans) / 60


def set_availability(
    connection: Connection, agent_id: uuid.UUID, status: AgentAvailability, now: datetime
) -> None:
    """Whether an agent takes conversations."""
    mine = AGENT.c.id == agent_id
    connection.execute(
        AGENT.update().where(mine).values(availability_status=status, updated_at=now)
    )
