"""What goes into and comes out of the support endpoints."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from core.enums import (
    Action,
    AgentAvailability,
    Channel,
    Complexity,
    ConversationStatus,
    MessageType,
    Priority,
    ReasonCode,
    ResolutionKind,
    Sender,
    Specialization,
    Vertical,
)
from serving.schemas import STORABLE, Closed, Source, Word

Said = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000), STORABLE
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), STORABLE
]
OrderId = Annotated[str, Field(pattern=r"^ORD\d{5,12}$")]
ClientId = Annotated[
    Word, Field(description="the client's own id of the message: sent again, it is not said twice")
]


class OpenIn(Closed):
    """A new conversation and its first message."""

    channel: Channel = Channel.CHAT
    message: Said
    order_id: OrderId | None = None
    client_message_id: ClientId | None = None
    user_id: Annotated[Word | None, Field(description="whose it is; only a service may say")] = None


class SayIn(Closed):
    """The next message."""

    message: Said
    client_message_id: ClientId | None = None


class SaidOut(Closed):
    """A message and what came of it; the response is empty while a person is in charge."""

    conversation_id: UUID
    message_id: UUID
    reply_id: UUID | None
    ai_response: str | None
    action: Action | None
    confidence_score: float | None
    intent: str | None
    sentiment: float | None
    sources: list[Source]
    reason_code: ReasonCode | None
    status: ConversationStatus
    language_code: str
    processing_time_ms: int | None


class MessageOut(Closed):
    """One message, as its conversation shows it."""

    id: UUID
    seq: int
    client_message_id: str | None
    sender: Sender
    message_type: MessageType
    content: str
    action: Action | None
    confidence_score: float | None
    sources: list[Source] | None
    intent: str | None
    sentiment_score: float | None
    language_code: str | None
    created_at: datetime


class ConversationOut(Closed):
    """A conversation without its messages."""

    id: UUID
    user_id: str
    channel: Channel
    status: ConversationStatus
    ai_handled: bool
    priority: Priority
    intent: str | None
    complexity: Complexity | None
    sentiment_score: float | None
    language_code: str
    order_id: str | None
    vertical: Vertical | None
    assigned_agent_id: UUID | None
    reason_code: ReasonCode | None
    escalation_reason: str | None
    created_at: datetime
    updated_at: datetime
    first_response_at: datetime | None
    escalated_at: datetime | None
    queued_at: datetime | None
    assigned_at: datetime | None
    first_agent_reply_at: datetime | None
    resolved_at: datetime | None
    resolution_kind: ResolutionKind | None
    reopened_at: datetime | None
    closed_at: datetime | None
    version: int


class WholeConversation(ConversationOut):
    """A conversation with its messages; notes only for agents."""

    messages: list[MessageOut]
    notes: list["NoteOut"]


class Conversations(Closed):
    """One page of conversations, newest first."""

    items: list[ConversationOut]
    page: int
    page_size: int
    total: int


class EscalateIn(Closed):
    """Why a person is wanted."""

    reason: Reason
    priority: Priority = Priority.MEDIUM


class EscalatedOut(Closed):
    """Whether somebody has taken the conversation, else how long the queue is expected to take."""

    escalated: bool
    agent_assigned: bool
    agent_id: UUID | None
    estimated_wait_time_minutes: float | None


class FeedbackIn(Closed):
    """What a user says about one answer."""

    message_id: UUID
    rating: Annotated[int, Field(ge=1, le=5, strict=True)]
    was_helpful: bool | None = None
    comment: Annotated[str, Field(max_length=1000), STORABLE] | None = None


class FeedbackOut(Closed):
    """The mark as it is kept."""

    feedback_id: UUID
    message_id: UUID
    rating: int


class NoteIn(Closed):
    """A note for other agents."""

    content: Said


class NoteOut(Closed):
    """A note of an agent's; its conversation's user never sees it."""

    id: UUID
    author: str
    content: str
    created_at: datetime


class AgentOut(Closed):
    """An agent of the support team."""

    id: UUID
    user_id: str
    name: str
    specialization: Specialization
    language_skills: list[str]
    availability_status: AgentAvailability
    current_load: int
    max_concurrent: int


class AssignIn(Closed):
    """Which waiting conversation."""

    conversation_id: UUID


class AvailabilityIn(Closed):
    """Whether an agent takes conversations."""

    availability_status: AgentAvailability


class HandoverOut(Closed):
    """What an agent should know: summary, why a person is needed, what was named, how the order
    stands, all messages. ``order``: None without one of this user's, or where nobody can say."""

    summary: str
    order: str | None
    reason_code: ReasonCode | None
    priority: Priority
    entities: list[dict[str, Any]]
    transcript: list[MessageOut]


class QueuedOut(Closed):
    """A conversation in the queue, and how long it has waited."""

    conversation: ConversationOut
    waiting_minutes: float
