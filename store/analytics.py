"""What the support endpoints report: counts over conversations, marks and unanswered questions.

Days are UTC; a conversation belongs to the day it was created on (docs/domain.md, section 3).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from core.enums import Action, Sender
from store.conversations import CONVERSATION, FEEDBACK, MESSAGE
from store.tables import AiPerformance, AiPerformanceSlice, Base

PERFORMANCE = Base.metadata.tables[AiPerformance.__tablename__]
SLICES = Base.metadata.tables[AiPerformanceSlice.__tablename__]
Rows = Sequence[Any]


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """From the first moment of the first day to the first moment after the last."""
    begin = datetime.combine(first, time(), UTC)
    return begin, datetime.combine(last + timedelta(days=1), time(), UTC)


def performance(connection: Connection, first: date, last: date) -> Rows:
    """The nightly rows of AIPerformanceMetrics."""
    days = PERFORMANCE.c.day.between(first, last)
    chosen = sa.select(PERFORMANCE).where(days).order_by(PERFORMANCE.c.day)
    return connection.execute(chosen).all()


def slices(connection: Connection, first: date, last: date, dimension: str) -> Rows:
    """The nightly rows of one dimension."""
    days = SLICES.c.day.between(first, last) & (SLICES.c.dimension == dimension)
    chosen = sa.select(SLICES).where(days).order_by(SLICES.c.day, SLICES.c.value)
    return connection.execute(chosen).all()


def _created(first: date, last: date) -> Any:
    begin, end = span(first, last)
    return (CONVERSATION.c.created_at >= begin) & (CONVERSATION.c.created_at < end)


def _share(condition: Any) -> Any:
    return sa.func.avg(sa.case((condition, 1.0), else_=0.0))


def intents(connection: Connection, first: date, last: date) -> Rows:
    """intent, conversations, escalated_share, resolved_share, reopened_share, sentiment_score."""
    count = sa.func.count().label("conversations")
    chosen = (
        sa.select(
            CONVERSATION.c.intent,
            count,
            _share(CONVERSATION.c.escalated_at.is_not(None)).label("escalated_share"),
            _share(CONVERSATION.c.first_resolved_at.is_not(None)).label("resolved_share"),
            _share(CONVERSATION.c.reopened_at.is_not(None)).label("reopened_share"),
            sa.func.avg(CONVERSATION.c.sentiment_score).label("sentiment_score"),
        )
        .where(_created(first, last))
        .group_by(CONVERSATION.c.intent)
        .order_by(count.desc(), CONVERSATION.c.intent)
    )
    return connection.execute(chosen).all()


def feedback(connection: Connection, first: date, last: date) -> Rows:
    """intent, marks, rating, helpful_share, follow_up_share of the marks on these conversations."""
    marks = sa.func.count().label("marks")
    chosen = (
        sa.select(
            CONVERSATION.c.intent,
            marks,
            sa.func.avg(sa.cast(FEEDBACK.c.user_rating, sa.Float)).label("rating"),
            _share(FEEDBACK.c.was_helpful).label("helpful_share"),
            _share(FEEDBACK.c.follow_up_required).label("follow_up_share"),
        )
        .join(CONVERSATION, FEEDBACK.c.conversation_id == CONVERSATION.c.id)
        .where(_created(first, last))
        .group_by(CONVERSATION.c.intent)
        .order_by(marks.desc(), CONVERSATION.c.intent)
    )
    return connection.execute(chosen).all()


def escalated(connection: Connection, first: date, last: date) -> Rows:
    """priority, reason_code and the times of every conversation that went to a person."""
    chosen = sa.select(
        CONVERSATION.c.priority,
        CONVERSATION.c.reason_code,
        CONVERSATION.c.escalated_at,
        CONVERSATION.c.first_agent_reply_at,
        CONVERSATION.c.resolved_at,
    ).where(_created(first, last) & CONVERSATION.c.escalated_at.is_not(None))
    return connection.execute(chosen).all()


def handled(connection: Connection, first: date, last: date) -> tuple[int, int]:
    """Conversations of these days in all, and those that a person had."""
    by_person = CONVERSATION.c.escalated_at.is_not(None) | (
        CONVERSATION.c.assigned_agent_id.is_not(None)
    )
    counts = sa.select(sa.func.count(), sa.func.sum(sa.case((by_person, 1), else_=0)))
    total, human = connection.execute(counts.where(_created(first, last))).one()
    return int(total), int(human or 0)


def unanswered(connection: Connection, first: date, last: date, limit: int) -> Rows:
    """content, language_code and created_at of questions that nothing was found for, newest first.

    Those that nobody could place (``unknown``) are among them: a gap may lie outside every intent.
    """
    begin, end = span(first, last)
    asked = MESSAGE.alias("asked")
    found_nothing = (
        (MESSAGE.c.sender == Sender.AI)
        & MESSAGE.c.action.in_([Action.ABSTAIN, Action.CLARIFY])
        & (MESSAGE.c.created_at >= begin)
        & (MESSAGE.c.created_at < end)
    )
    chosen = (
        sa.select(asked.c.content, asked.c.language_code, asked.c.created_at, asked.c.intent)
        .join(MESSAGE, MESSAGE.c.reply_to == asked.c.id)
        .where(found_nothing)
        .order_by(asked.c.created_at.desc())
        .limit(limit)
    )
    return connection.execute(chosen).all()
