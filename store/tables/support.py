"""AI Support: conversations, messages, the knowledge base, feedback, agents, escalation rules."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.enums import (
    Action,
    AgentAvailability,
    Audience,
    Channel,
    Complexity,
    ConversationStatus,
    ItemStatus,
    MessageType,
    Priority,
    ReasonCode,
    ResolutionKind,
    Sender,
    Specialization,
    Vertical,
)
from store.tables.base import Base, between, longest, one_of, uuid_key

# Ids of users, orders and trips belong to other systems and are text; ours are UUIDs.
FOREIGN_ID = sa.String(64)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class SupportAgent(Base):
    """A person who takes over conversations."""

    __tablename__ = "support_agents"
    __table_args__ = (
        between("max_concurrent", 1),
        between("current_load", 0),
        sa.CheckConstraint("current_load <= max_concurrent", name="load_limit"),
        sa.Index(None, "availability_status", "specialization"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    user_id: Mapped[str] = mapped_column(FOREIGN_ID, unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    specialization: Mapped[Specialization] = mapped_column(one_of(Specialization, "specialization"))
    language_skills: Mapped[list[str]]
    availability_status: Mapped[AgentAvailability] = mapped_column(
        one_of(AgentAvailability, "availability_status")
    )
    max_concurrent: Mapped[int] = mapped_column(default=5)
    current_load: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SupportConversation(Base):
    """One conversation; ``intent`` is its first in-scope intent, ``sentiment_score`` the last."""

    __tablename__ = "support_conversations"
    __table_args__ = (
        between("sentiment_score", -1, 1),
        between("version", 1),
        longest("escalation_reason", 500),
        sa.CheckConstraint("updated_at >= created_at", name="updated_after_created"),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolution_kind IS NULL)", name="resolved_has_kind"
        ),
        sa.Index(None, "user_id", "intent", "created_at"),
        sa.Index(None, "status", "priority", "queued_at"),
        sa.Index(None, "created_at"),
        sa.Index(None, "assigned_agent_id"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    user_id: Mapped[str] = mapped_column(FOREIGN_ID)
    channel: Mapped[Channel] = mapped_column(one_of(Channel, "channel"))
    status: Mapped[ConversationStatus] = mapped_column(one_of(ConversationStatus, "status"))
    ai_handled: Mapped[bool]
    sentiment_score: Mapped[float | None]
    priority: Mapped[Priority] = mapped_column(one_of(Priority, "priority"))
    assigned_agent_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("support_agents.id", ondelete="SET NULL")
    )
    escalation_reason: Mapped[str | None] = mapped_column(sa.String(500))
    order_id: Mapped[str | None] = mapped_column(FOREIGN_ID)
    vertical: Mapped[Vertical | None] = mapped_column(one_of(Vertical, "vertical"))
    intent: Mapped[str | None] = mapped_column(sa.String(64))
    complexity: Mapped[Complexity | None] = mapped_column(one_of(Complexity, "complexity"))
    language_code: Mapped[str] = mapped_column(sa.String(8))
    created_at: Mapped[datetime]
    first_response_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    escalated_at: Mapped[datetime | None]
    queued_at: Mapped[datetime | None]
    assigned_at: Mapped[datetime | None]
    first_agent_reply_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    first_resolved_at: Mapped[datetime | None]
    resolution_kind: Mapped[ResolutionKind | None] = mapped_column(
        one_of(ResolutionKind, "resolution_kind")
    )
    reopened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    reason_code: Mapped[ReasonCode | None] = mapped_column(one_of(ReasonCode, "reason_code"))
    version: Mapped[int] = mapped_column(default=1)


class SupportMessage(Base):
    """One message; ``confidence_score`` is NULL for canned and hand-over messages.

    ``reply_to`` is the message that an AI message answers, ``entities`` what was found in it.
    """

    __tablename__ = "support_messages"
    __table_args__ = (
        sa.UniqueConstraint("conversation_id", "seq"),
        sa.UniqueConstraint("conversation_id", "client_message_id"),
        # two workers that answer the same message: one reply wins
        sa.UniqueConstraint("reply_to"),
        between("seq", 1),
        between("confidence_score", 0, 1),
        between("sentiment_score", -1, 1),
        between("processing_time_ms", 0),
        sa.CheckConstraint("length(content) BETWEEN 1 AND 5000", name="content_length"),
        sa.Index(None, "created_at"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    conversation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("support_conversations.id", ondelete="CASCADE")
    )
    seq: Mapped[int]
    client_message_id: Mapped[str | None] = mapped_column(sa.String(64))
    sender: Mapped[Sender] = mapped_column(one_of(Sender, "sender"))
    message_type: Mapped[MessageType] = mapped_column(one_of(MessageType, "message_type"))
    content: Mapped[str] = mapped_column(sa.Text)
    audio_url: Mapped[str | None] = mapped_column(sa.String(500))
    confidence_score: Mapped[float | None]
    action: Mapped[Action | None] = mapped_column(one_of(Action, "action"))
    sources: Mapped[list[Any] | None]
    language_code: Mapped[str | None] = mapped_column(sa.String(8))
    intent: Mapped[str | None] = mapped_column(sa.String(64))
    sentiment_score: Mapped[float | None]
    processing_time_ms: Mapped[int | None]
    release: Mapped[str | None] = mapped_column(sa.String(64))
    reply_to: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("support_messages.id", ondelete="CASCADE")
    )
    entities: Mapped[list[Any] | None]
    created_at: Mapped[datetime]


class SupportNote(Base):
    """What agents tell each other about a conversation; its user never sees it."""

    __tablename__ = "support_notes"
    __table_args__ = (
        sa.CheckConstraint("length(content) BETWEEN 1 AND 5000", name="content_length"),
        sa.Index(None, "conversation_id"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    conversation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("support_conversations.id", ondelete="CASCADE")
    )
    author: Mapped[str] = mapped_column(FOREIGN_ID)
    content: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]


class KnowledgeItem(Base):
    """The knowledge base as it is served; the YAML files are its seed."""

    __tablename__ = "ai_knowledge_base"
    __table_args__ = (
        between("item_version", 1),
        between("usage_count", 0),
        between("success_rate", 0, 1),
        longest("category", 100),
        longest("question", 500),
        longest("answer", 2000),
        sa.Index(None, "status", "language_code", "audience"),
        sa.Index(None, "category", "intent"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    kb_code: Mapped[str] = mapped_column(sa.String(16), unique=True)
    category: Mapped[str] = mapped_column(sa.String(100))
    intent: Mapped[str] = mapped_column(sa.String(64))
    question: Mapped[str] = mapped_column(sa.String(500))
    variants: Mapped[list[str]]
    answer: Mapped[str] = mapped_column(sa.Text)
    keywords: Mapped[list[str]]
    service_types: Mapped[list[str]]
    audience: Mapped[Audience] = mapped_column(one_of(Audience, "audience"))
    language_code: Mapped[str] = mapped_column(sa.String(8))
    translation_of: Mapped[str | None] = mapped_column(sa.String(16))
    status: Mapped[ItemStatus] = mapped_column(one_of(ItemStatus, "status"))
    item_version: Mapped[int] = mapped_column(default=1)
    origin_hash: Mapped[str | None] = mapped_column(sa.String(64))
    edited_by: Mapped[str | None] = mapped_column(FOREIGN_ID)
    usage_count: Mapped[int] = mapped_column(default=0)
    success_rate: Mapped[float | None]
    last_updated: Mapped[datetime]
    created_at: Mapped[datetime]


class KnowledgeItemVersion(Base):
    """Every state an item has had; ``seq`` counts over all items and tells pollers what is new."""

    __tablename__ = "ai_knowledge_base_versions"
    __table_args__ = (
        sa.UniqueConstraint("item_id", "item_version"),
        between("item_version", 1),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    item_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("ai_knowledge_base.id", ondelete="CASCADE")
    )
    item_version: Mapped[int]
    status: Mapped[ItemStatus] = mapped_column(one_of(ItemStatus, "status"))
    item: Mapped[dict[str, Any]]
    edited_by: Mapped[str | None] = mapped_column(FOREIGN_ID)
    edited_at: Mapped[datetime]


class ResponseFeedback(Base):
    """What a user said about one answer."""

    __tablename__ = "ai_response_feedback"
    __table_args__ = (
        between("user_rating", 1, 5),
        longest("user_comment", 1000),
        sa.Index(None, "message_id"),
        sa.Index(None, "conversation_id"),
        sa.Index(None, "created_at"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    message_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("support_messages.id", ondelete="CASCADE")
    )
    conversation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("support_conversations.id", ondelete="CASCADE")
    )
    user_rating: Mapped[int]
    was_helpful: Mapped[bool | None]
    follow_up_required: Mapped[bool] = mapped_column(default=False)
    user_comment: Mapped[str | None] = mapped_column(sa.String(1000))
    created_at: Mapped[datetime]


class EscalationRule(Base):
    """When a conversation goes to a person; the lowest priority number is checked first."""

    __tablename__ = "escalation_rules"
    __table_args__ = (
        between("priority", 1),
        sa.Index(None, "active", "priority"),
    )

    id: Mapped[uuid.UUID] = uuid_key()
    rule_name: Mapped[str] = mapped_column(sa.String(100), unique=True)
    condition: Mapped[dict[str, Any]]
    action: Mapped[dict[str, Any]]
    priority: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
