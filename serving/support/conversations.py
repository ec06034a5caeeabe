"""Endpoints of conversations: open, write, read, hand over, mark, resolve, reopen."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.engine import Connection, Row

from core.enums import Channel, ConversationStatus, Priority, Role
from core.errors import BadInput, NotAllowed
from serving.api.callers import Anyone, Found, Staff
from serving.api.idempotency import Key, once
from serving.api.identity import Caller
from serving.api.platform import Platform
from serving.api.problems import documented
from serving.schemas import shown
from serving.support import access, outcome, talk
from serving.support.schemas import (
    ConversationOut,
    Conversations,
    EscalatedOut,
    EscalateIn,
    FeedbackIn,
    FeedbackOut,
    MessageOut,
    NoteIn,
    NoteOut,
    OpenIn,
    SaidOut,
    SayIn,
    WholeConversation,
)
from store import agents
from store import conversations as kept
from store.db import read, write

router = APIRouter(
    prefix="/conversations",
    tags=["conversations"],
    responses=documented(401, 403, 404, 409, 413, 422, 429, 503),
)
Page = Annotated[int, Query(ge=1, le=100_000)]
Size = Annotated[int | None, Query(ge=1, le=100)]


@router.post("", status_code=201)
def open_conversation(given: OpenIn, who: Anyone, found: Found, key: Key = None) -> SaidOut:
    """Begin a conversation; the answer comes with it."""
    user_id = _user(given, who)

    def work() -> SaidOut:
        said = talk.open_conversation(
            found, who, user_id, given.channel, given.message, given.order_id,
            given.client_message_id, opened_as=talk.opening(key) if key else None,
        )  # fmt: skip
        return said_out(said)

    return once(found, who, key, given, SaidOut, work)


def _user(given: OpenIn, who: Caller) -> str:
    if who.role == Role.USER:
        if given.user_id not in (None, who.subject):
            raise BadInput("user_id: a user opens conversations of their own only; leave it out")
        return who.subject
    if who.role != Role.SERVICE:
        raise NotAllowed(f"expected a user or a service to open a conversation, got {who.role}")
    if given.user_id is None:
        raise BadInput("user_id: a service says whose conversation it opens")
    return given.user_id


@router.get("")
def list_conversations(
    who: Anyone,
    found: Found,
    page: Page = 1,
    page_size: Size = None,
    status: ConversationStatus | None = None,
    priority: Priority | None = None,
    channel: Channel | None = None,
    intent: Annotated[str | None, Query(pattern="^[a-z_]{1,64}$")] = None,
) -> Conversations:
    """The conversations that the caller may see, newest first."""
    size = page_size or found.params.api.page_size
    given = {"status": status, "priority": priority, "channel": channel, "intent": intent}
    where = {name: value for name, value in given.items() if value is not None}

    def work(connection: Connection) -> tuple[list[Row[Any]], int]:
        wanted = access.scope(connection, who) & kept.matching(where)
        return kept.listed(connection, wanted, page, size)

    rows, total = read(found.engine, work)
    items = [shown(ConversationOut, row) for row in rows]
    return Conversations(items=items, page=page, page_size=size, total=total)


@router.get("/{conversation_id}")
def get_conversation(conversation_id: uuid.UUID, who: Anyone, found: Found) -> WholeConversation:
    """A conversation with all its messages; an agent sees the notes too."""

    def work(connection: Connection) -> tuple[Row[Any], list[Row[Any]], list[Row[Any]]]:
        row = access.seen(connection, who, conversation_id)
        notes = kept.notes(connection, row.id) if who.role in (Role.AGENT, Role.ADMIN) else []
        return row, kept.messages(connection, row.id), notes

    row, messages, notes = read(found.engine, work)
    whole: WholeConversation = shown(
        WholeConversation, row,
        messages=[shown(MessageOut, message) for message in messages],
        notes=[shown(NoteOut, note) for note in notes],
    )  # fmt: skip
    return whole


@router.post("/{conversation_id}/message")
def say(conversation_id: uuid.UUID, given: SayIn, who: Anyone, found: Found) -> SaidOut:
    """The user's next message, answered unless a person is in charge."""
    _may_see(found, who, conversation_id)
    if who.role not in (Role.USER, Role.SERVICE):
        raise NotAllowed("agents write with POST .../agent-message")
    said = talk.say(found, who, conversation_id, given.message, given.client_message_id)
    return said_out(said)


@router.post("/{conversation_id}/escalate")
def escalate(
    conversation_id: uuid.UUID, given: EscalateIn, who: Anyone, found: Found
) -> EscalatedOut:
    """A person is wanted; the expected wait comes from the queue as it is."""
    _may_see(found, who, conversation_id)
    row = outcome.escalate(found, conversation_id, given.reason, given.priority)
    waits = row.assigned_agent_id is None
    wait = read(found.engine, lambda c: agents.expected_wait_minutes(c, row)) if waits else None
    return EscalatedOut(
        escalated=True,
        agent_assigned=not waits,
        agent_id=row.assigned_agent_id,
        estimated_wait_time_minutes=wait,
    )


@router.post("/{conversation_id}/feedback", status_code=201)
def rate(conversation_id: uuid.UUID, given: FeedbackIn, who: Anyone, found: Found) -> FeedbackOut:
    """What the user says of an answer; a second mark replaces the first."""
    _may_see(found, who, conversation_id)
    outcome.require_user(who)
    feedback_id = outcome.rate(
        found, conversation_id, given.message_id, given.rating, given.was_helpful, given.comment
    )
    return FeedbackOut(feedback_id=feedback_id, message_id=given.message_id, rating=given.rating)


@router.post("/{conversation_id}/resolve")
def resolve(conversation_id: uuid.UUID, who: Anyone, found: Found) -> ConversationOut:
    """Settled: said by its user, or by an agent."""
    _may_see(found, who, conversation_id)
    row: ConversationOut = shown(ConversationOut, outcome.resolve(found, who, conversation_id))
    return row


@router.post("/{conversation_id}/reopen")
def reopen(conversation_id: uuid.UUID, who: Anyone, found: Found) -> ConversationOut:
    """Not settled after all, within 72 hours."""
    _may_see(found, who, conversation_id)
    row: ConversationOut = shown(ConversationOut, outcome.reopen(found, conversation_id))
    return row


@router.post("/{conversation_id}/notes", status_code=201)
def add_note(conversation_id: uuid.UUID, given: NoteIn, who: Staff, found: Found) -> NoteOut:
    """A note for other agents; the user never sees it."""
    now = found.clock()

    def work(connection: Connection) -> uuid.UUID:
        row = access.seen(connection, who, conversation_id)
        return kept.note(connection, {
            "conversation_id": row.id, "author": who.subject, "content": given.content,
            "created_at": now,
        })  # fmt: skip

    note_id = write(found.engine, work)
    return NoteOut(id=note_id, author=who.subject, content=given.content, created_at=now)


def _may_see(found: Platform, who: Caller, conversation_id: uuid.UUID) -> Row[Any]:
    return read(found.engine, lambda connection: access.seen(connection, who, conversation_id))


def said_out(said: talk.Said) -> SaidOut:
    """A message and its reply as the API shows them."""
    row, reply = said.conversation, said.reply
    return SaidOut(
        conversation_id=row.id,
        message_id=said.message.id,
        reply_id=reply.id if reply else None,
        ai_response=reply.content if reply else None,
        action=reply.action if reply else None,
        confidence_score=reply.confidence_score if reply else None,
        intent=reply.intent if reply else None,
        sentiment=row.sentiment_score,
        sources=reply.sources or [] if reply else [],
        reason_code=row.reason_code,
        status=row.status,
        language_code=row.language_code,
        processing_time_ms=reply.processing_time_ms if reply else None,
    )
