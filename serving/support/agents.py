"""Endpoints of the agents' desk: who is free, the queue, take, write, go on and off duty."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.engine import Connection, Row

from core.enums import Role, Specialization
from core.errors import Conflict, NotAllowed
from engines.support.summary import entities, summary
from serving.api.callers import Anyone, Found, Staff
from serving.api.identity import Caller
from serving.api.problems import documented
from serving.schemas import shown
from serving.support import access, desk
from serving.support.schemas import (
    AgentOut,
    AssignIn,
    AvailabilityIn,
    ConversationOut,
    HandoverOut,
    MessageOut,
    QueuedOut,
    SayIn,
)
from store import agents
from store import conversations as kept
from store.db import read, write

router = APIRouter(tags=["agents"], responses=documented(401, 403, 404, 409, 422, 429, 503))


@router.get("/agents/available")
def available(
    _who: Staff,
    found: Found,
    specialization: Specialization | None = None,
    language: Annotated[str | None, Query(pattern="^[a-z]{2}$")] = None,
) -> list[AgentOut]:
    """Agents with a free place, the least loaded first."""
    rows = read(found.engine, lambda c: agents.free(c, specialization, language))
    return [shown(AgentOut, row) for row in rows]


@router.get("/agents/queue")
def queue(
    _who: Staff, found: Found, limit: Annotated[int, Query(ge=1, le=100)] = 50
) -> list[QueuedOut]:
    """What waits for an agent: the most urgent first, of these the oldest."""
    now = found.clock()
    rows = read(found.engine, lambda connection: agents.waiting(connection, limit))
    return [
        QueuedOut(
            conversation=shown(ConversationOut, row),
            waiting_minutes=round((now - row.queued_at).total_seconds() / 60, 1),
        )
        for row in rows
    ]


@router.post("/agents/{agent_id}/assign")
def assign(agent_id: uuid.UUID, given: AssignIn, who: Staff, found: Found) -> ConversationOut:
    """An agent takes a waiting conversation; of many who try, one gets it."""
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        _themselves(connection, who, agent_id)
        row = kept.locked(connection, given.conversation_id)
        if not agents.waits(row):
            raise Conflict(f"conversation {row.id} does not wait in the queue; take another")
        if not agents.assign(connection, row, agent_id, now):
            raise Conflict("this agent is not available, or has no free place")
        return kept.find(connection, row.id)

    row: ConversationOut = shown(ConversationOut, write(found.engine, work))
    return row


@router.put("/agents/{agent_id}/status")
def set_status(agent_id: uuid.UUID, given: AvailabilityIn, who: Staff, found: Found) -> AgentOut:
    """On duty, busy or off; one who comes on duty is given what waits."""
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        _themselves(connection, who, agent_id)
        desk.set_availability(connection, agent_id, given.availability_status, now)
        return agents.find(connection, agent_id)

    row: AgentOut = shown(AgentOut, write(found.engine, work))
    return row


@router.post("/conversations/{conversation_id}/agent-message", status_code=201)
def write_to_user(
    conversation_id: uuid.UUID, given: SayIn, who: Anyone, found: Found
) -> MessageOut:
    """The agent who has the conversation writes to its user."""
    if who.role != Role.AGENT:
        raise NotAllowed(
            f"expected the agent of the conversation, got a caller with role {who.role}"
        )
    message = desk.write_to_user(
        found, who.subject, conversation_id, given.message, given.client_message_id
    )
    row: MessageOut = shown(MessageOut, message)
    return row


@router.get("/conversations/{conversation_id}/handover")
def hand_over(conversation_id: uuid.UUID, who: Staff, found: Found) -> HandoverOut:
    """What an agent needs to take over: summary, reason, entities, transcript."""

    def work(connection: Connection) -> tuple[Row[Any], list[Row[Any]]]:
        row = access.seen(connection, who, conversation_id)
        return row, kept.messages(connection, row.id)

    row, messages = read(found.engine, work)
    said = [dict(message._mapping) for message in messages]
    return HandoverOut(
        summary=summary(said, row.escalation_reason),
        order=found.company.told(_order_of(row, said), row.user_id),
        reason_code=row.reason_code,
        priority=row.priority,
        entities=entities(said),
        transcript=[shown(MessageOut, message) for message in messages],
    )


def _order_of(row: Row[Any], said: Sequence[Mapping[str, Any]]) -> str | None:
    """The order that was named last, else the one that the conversation was opened about."""
    named = (e["normalised"] for e in entities(said) if e["type"] == "order_id")
    return next(named, row.order_id)


def _themselves(connection: Connection, who: Caller, agent_id: uuid.UUID) -> None:
    """An agent acts for themselves, an administrator for anybody."""
    agent = agents.find(connection, agent_id)
    if who.role == Role.AGENT and agent.user_id != who.subject:
        raise NotAllowed("an agent acts for themselves only")
