"""AIPerformanceMetrics per day, and the same columns by slice."""

from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from store.tables.base import Base, between, one_of

SHARES = (
    "automation_rate",
    "automated_resolution_rate",
    "avg_confidence_score",
    "first_contact_resolution_rate",
    "escalation_rate",
    "kb_hit_rate",
    "sla_first_response_rate",
    "sla_resolution_rate",
)
RATINGS = (
    "user_satisfaction_score",
    "user_satisfaction_score_ai",
    "user_satisfaction_score_human",
)


class SliceDimension(StrEnum):
    """What AIPerformanceMetrics are sliced by."""

    INTENT = "intent"
    COMPLEXITY = "complexity"
    PRIORITY = "priority"
    VERTICAL = "vertical"
    LANGUAGE = "language"
    CHANNEL = "channel"


class AiPerformanceColumns:
    """The columns of docs/domain.md section 3; NULL where a denominator is 0."""

    total_conversations: Mapped[int]
    human_handled_conversations: Mapped[int]
    ai_handled_conversations: Mapped[int]
    automation_rate: Mapped[float | None]
    automated_resolution_rate: Mapped[float | None]
    avg_confidence_score: Mapped[float | None]
    avg_response_time_seconds: Mapped[float | None]
    p50_response_time_ms: Mapped[float | None]
    p95_response_time_ms: Mapped[float | None]
    p99_response_time_ms: Mapped[float | None]
    avg_resolution_time_minutes: Mapped[float | None]
    user_satisfaction_score: Mapped[float | None]
    user_satisfaction_score_ai: Mapped[float | None]
    user_satisfaction_score_human: Mapped[float | None]
    first_contact_resolution_rate: Mapped[float | None]
    escalation_rate: Mapped[float | None]
    resolution_confirmed_count: Mapped[int]
    resolution_assumed_count: Mapped[int]
    resolution_agent_count: Mapped[int]
    kb_hit_rate: Mapped[float | None]
    cost_per_conversation_cents: Mapped[float | None]
    savings_cents: Mapped[int] = mapped_column(sa.BigInteger)
    sla_first_response_rate: Mapped[float | None]
    sla_resolution_rate: Mapped[float | None]
    is_final: Mapped[bool]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[SchemaItem, ...]:
        return (
            *(between(share, 0, 1) for share in SHARES),
            *(between(rating, 1, 5) for rating in RATINGS),
            between("human_handled_conversations", 0),
            between("ai_handled_conversations", 0),
            sa.CheckConstraint(
                "total_conversations = human_handled_conversations + ai_handled_conversations",
                name="handled_adds_up",
            ),
        )


class AiPerformance(AiPerformanceColumns, Base):
    """One row per UTC day, recomputed and never incremented."""

    __tablename__ = "ai_performance_metrics"

    day: Mapped[date] = mapped_column(primary_key=True)


class AiPerformanceSlice(AiPerformanceColumns, Base):
    """The same for the conversations of one value of one dimension."""

    __tablename__ = "ai_performance_slices"

    day: Mapped[date] = mapped_column(primary_key=True)
    dimension: Mapped[SliceDimension] = mapped_column(
        one_of(SliceDimension, "dimension"), primary_key=True
    )
    value: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
