"""What is older than docs/domain.md section 2.5 allows goes: rows in batches, lake files by day."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from core.errors import BadInput, NotAPartition
from core.partition import day_of, midnight
from store.db import read, write
from store.lake import LIVE, QUARANTINE, Lake, Landing
from store.tables import (
    Base,
    FeatureValue,
    HandledEvent,
    IdempotentCall,
    MatchBatch,
    MonitoringResult,
    OutboxEvent,
    ResponseFeedback,
    RetentionLog,
    SpentToken,
    SupportConversation,
    SupportMessage,
    UserFlag,
)

BATCH = 1_000  # rows a transaction


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """The first day that is kept, by kind of row."""

    conversations: date
    feedback: date
    logs: date


def cutoffs(day: date, conversation_days: int, feedback_days: int, log_days: int) -> Cutoffs:
    """What is kept when ``day`` has ended; each kind for so many days, ``day`` included."""
    return Cutoffs(
        conversations=day - timedelta(days=conversation_days - 1),
        feedback=day - timedelta(days=feedback_days - 1),
        logs=day - timedelta(days=log_days - 1),
    )


def require_come(day: date, today: date) -> None:
    """BadInput for a day after ``today``: counted back from there, too much would be old."""
    if day > today:
        raise BadInput(f"expected a day that has come, got {day}: it would remove too much")


def past_retention(cut: Cutoffs) -> list[tuple[type[Base], date, sa.ColumnElement[bool]]]:
    """Per table its cutoff and which rows are past it; children come before their parents."""
    conversations, logs = midnight(cut.conversations), midnight(cut.logs)
    old = sa.select(SupportConversation.id).where(SupportConversation.created_at < conversations)
    old_messages = sa.or_(
        SupportMessage.conversation_id.in_(old), SupportMessage.created_at < conversations
    )
    return [
        (
            ResponseFeedback,
            cut.feedback,
            sa.or_(
                ResponseFeedback.created_at < midnight(cut.feedback),
                ResponseFeedback.message_id.in_(sa.select(SupportMessage.id).where(old_messages)),
            ),
        ),
        # replies first: gone with what they reply to, they would not be counted
        (SupportMessage, cut.conversations, old_messages & SupportMessage.reply_to.is_not(None)),
        (SupportMessage, cut.conversations, old_messages),
        (
            SupportConversation,
            cut.conversations,
            SupportConversation.created_at < conversations,
        ),
        (MonitoringResult, cut.logs, MonitoringResult.day < cut.logs),
        (FeatureValue, cut.logs, FeatureValue.as_of < logs),
        (RetentionLog, cut.logs, RetentionLog.day < cut.logs),
        (OutboxEvent, cut.logs, OutboxEvent.published_at < logs),
        (HandledEvent, cut.logs, HandledEvent.handled_at < logs),
        (IdempotentCall, cut.logs, IdempotentCall.created_at < logs),
        # the decisions of a window go with what it was decided from
        (MatchBatch, cut.logs, MatchBatch.decided_at < logs),
        (SpentToken, cut.logs, SpentToken.expires_at < logs),
        (UserFlag, cut.logs, UserFlag.since < logs),
    ]


def due(engine: Engine, cut: Cutoffs) -> dict[str, int]:
    """How many rows of each table retention would remove; nothing is changed."""

    def work(connection: Connection) -> dict[str, int]:
        return {
            table.__tablename__: connection.scalar(
                sa.select(sa.func.count()).select_from(table).where(past)
            )
            or 0
            for table, _, past in past_retention(cut)
        }

    return read(engine, work)


def clean_store(engine: Engine, day: date, cut: Cutoffs) -> dict[str, int]:
    """Delete every row past its retention, 1,000 a transaction.

    Each batch adds its count to ``retention_log`` in the same transaction, so the log is right
    whenever this is killed, and running it again for the same day changes nothing.

    Returns
    -------
    How many rows of each table this day's retention has removed, over all its runs.
    """
    for table, cutoff, past in past_retention(cut):
        while write(engine, _Batch(table, past, day, cutoff)) == BATCH:
            pass
    log = sa.select(RetentionLog.subject, RetentionLog.removed).where(RetentionLog.day == day)
    return read(engine, lambda connection: {row[0]: row[1] for row in connection.execute(log)})


@dataclass(frozen=True, slots=True)
class _Batch:
    """Delete up to 1,000 rows and count them in the log."""

    table: type[Base]
    past: sa.ColumnElement[bool]
    day: date
    cutoff: date

    def __call__(self, connection: Connection) -> int:
        target = Base.metadata.tables[self.table.__tablename__]
        key: Any = sa.tuple_(*target.primary_key)
        batch = sa.select(*target.primary_key).where(self.past).limit(BATCH)
        removed = connection.execute(sa.delete(target).where(key.in_(batch))).rowcount
        _count(connection, self.day, target.name, self.cutoff, removed)
        return removed


def _count(connection: Connection, day: date, subject: str, cutoff: date, removed: int) -> None:
    log = Base.metadata.tables[RetentionLog.__tablename__]
    same = (log.c.day == day) & (log.c.subject == subject)
    values = {"removed": log.c.removed + removed, "cutoff": cutoff}
    if connection.execute(sa.update(log).where(same).values(values)).rowcount == 0:
        row = {"day": day, "subject": subject, "cutoff": cutoff, "removed": removed}
        connection.execute(sa.insert(log).values(row))


def clean_lake(lake: Lake, landing: Landing, cut: Cutoffs) -> dict[str, int]:
    """Remove what users wrote from the lake, its quarantine and landing, by day of the partition;
    what the live store added to it, too.

    Returns
    -------
    How many files of each asset were removed.
    """
    kept_from = {
        "conversations": cut.conversations,
        "messages": cut.conversations,
        "feedback": cut.feedback,
    }
    return {
        asset: sum(
            lake.remove(name, key)
            for name in (asset, f"{LIVE}{asset}")
            for key in _before(_keys(lake, name), cutoff)
        )
        + sum(landing.remove(key, asset) for key in _before(landing.days(asset), cutoff))
        for asset, cutoff in kept_from.items()
    }


def _keys(lake: Lake, asset: str) -> list[str]:
    """Days with a partition, or with quarantined rows only."""
    return sorted({*lake.keys(asset), *lake.keys(f"{QUARANTINE}/{asset}")})


def _before(keys: list[str], cutoff: date) -> list[str]:
    """The keys that are days before ``cutoff``."""
    return [key for key in keys if (day := _day(key)) is not None and day < cutoff]


def _day(key: str) -> date | None:
    try:
        return day_of(key)
    except NotAPartition:
        return None
