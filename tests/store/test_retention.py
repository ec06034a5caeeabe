"""Retention: the right day, children with their parents, in batches, counted once."""

import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.partition import midnight
from store import retention
from store.db import read
from store.lake import LIVE, Lake, Landing
from store.rows import upsert_rows
from store.tables import (
    Base,
    FeatureValue,
    MonitoringResult,
    ResponseFeedback,
    RetentionLog,
    SupportConversation,
    SupportMessage,
)
from tests.store.conversations import add_conversation

DAY = date(2026, 11, 21)
CUT = retention.cutoffs(DAY, conversation_days=730, feedback_days=365, log_days=180)


def count(engine: Engine, table: type[Base]) -> int:
    query = sa.select(sa.func.count()).select_from(table)
    return read(engine, lambda connection: connection.scalar(query) or 0)


def test_so_many_days_are_kept_the_last_one_included() -> None:
    one = retention.cutoffs(DAY, conversation_days=1, feedback_days=2, log_days=31)
    assert one == retention.Cutoffs(DAY, date(2026, 11, 20), date(2026, 10, 22))


def test_a_conversation_goes_with_its_messages_and_feedback(store: Engine) -> None:
    first_kept = midnight(CUT.conversations)
    add_conversation(store, 1, first_kept - timedelta(seconds=1))
    add_conversation(store, 2, first_kept)
    assert retention.due(store, CUT)["support_messages"] == 2
    removed = retention.clean_store(store, DAY, CUT)
    assert removed["support_conversations"] == 1
    assert removed["support_messages"] == 2
    assert removed["ai_response_feedback"] == 2  # the second's is older than a year
    assert count(store, SupportConversation) == 1
    assert count(store, SupportMessage) == 2


def test_feedback_goes_earlier_than_its_conversation(store: Engine) -> None:
    add_conversation(store, 1, midnight(CUT.feedback) - timedelta(days=1))
    add_conversation(store, 2, midnight(CUT.feedback))
    retention.clean_store(store, DAY, CUT)
    assert count(store, SupportConversation) == 2
    assert count(store, ResponseFeedback) == 1


def test_logs_past_their_days_go_in_batches(store: Engine) -> None:
    old = midnight(CUT.logs) - timedelta(days=1)
    rows = [
        {"feature": "rating", "entity": f"d{n}", "as_of": old, "value": 1.0} for n in range(2001)
    ]
    kept = {"feature": "rating", "entity": "d0", "as_of": midnight(CUT.logs), "value": 2.0}
    check = {
        "check_name": "psi",
        "subject": "intent",
        "name": "text",
        "value": 0.1,
        "status": "OK",
        "detail": None,
    }
    upsert_rows(store, FeatureValue, [*rows, kept])
    upsert_rows(store, MonitoringResult, [{"day": old.date(), **check}, {"day": DAY, **check}])
    removed = retention.clean_store(store, DAY, CUT)
    assert removed["feature_values"] == 2001
    assert removed["monitoring_results"] == 1
    assert count(store, FeatureValue) == 1
    assert count(store, MonitoringResult) == 1


def test_a_second_run_of_a_day_adds_nothing_and_forgets_nothing(store: Engine) -> None:
    add_conversation(store, 1, datetime(2020, 1, 1, tzinfo=UTC))
    once = retention.clean_store(store, DAY, CUT)
    assert once["support_conversations"] == 1
    assert retention.clean_store(store, DAY, CUT) == once
    query = sa.select(RetentionLog.cutoff).where(RetentionLog.subject == "support_conversations")
    assert read(store, lambda c: c.scalars(query).all()) == [date(2024, 11, 22)]


def test_a_kill_between_batches_keeps_the_count_right(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = midnight(CUT.logs) - timedelta(days=1)
    rows = [
        {"feature": "rating", "entity": f"d{n}", "as_of": old, "value": 1.0} for n in range(1500)
    ]
    upsert_rows(store, FeatureValue, rows)
    real, done = retention.write, []

    def killed_after_the_first_deletion(*arguments: object) -> int:
        if sum(done):
            raise KeyboardInterrupt
        done.append(real(*arguments))  # type: ignore[arg-type]
        return done[-1]

    with monkeypatch.context() as patch:
        patch.setattr(retention, "write", killed_after_the_first_deletion)
        with pytest.raises(KeyboardInterrupt):
            retention.clean_store(store, DAY, CUT)
    assert count(store, FeatureValue) == 500
    assert retention.clean_store(store, DAY, CUT)["feature_values"] == 1500


def test_old_days_leave_the_lake_its_quarantine_and_landing(tmp_path: Path) -> None:
    lake, landing = Lake(tmp_path / "lake"), Landing(tmp_path / "landing")
    rows = pa.table({"content": ["hello"]})
    last_gone, first_kept = CUT.conversations - timedelta(days=1), CUT.conversations
    for day in (last_gone, first_kept):
        for asset in ("conversations", "messages", "feedback", "orders"):
            lake.write_free(asset, day, rows)
            landing.write(day, asset, rows)
        lake.write_free(f"{LIVE}messages", day, rows)
    lake.quarantine("messages", last_gone, rows)
    lake.quarantine("messages", "2020-01-01", rows)  # a day with nothing but bad rows
    lake.write_free("conversations", "2019-01", rows)  # a month: not ours to judge
    meta = lake.path("messages", last_gone).with_name(f"{last_gone}.parquet.meta.json")
    meta.write_text("{}")

    removed = retention.clean_lake(lake, landing, CUT)

    assert removed == {"conversations": 2, "messages": 5, "feedback": 4}
    assert lake.keys(f"{LIVE}messages") == [first_kept.isoformat()]
    assert lake.keys("messages") == [first_kept.isoformat()]
    assert lake.keys("conversations") == ["2019-01", first_kept.isoformat()]
    assert lake.keys("feedback") == []
    assert lake.keys("orders") == [last_gone.isoformat(), first_kept.isoformat()]
    assert landing.assets(last_gone) == ["orders"]
    assert landing.assets(first_kept) == ["conversations", "messages", "orders"]
    assert lake.quarantined("messages", last_gone) == 0
    assert lake.quarantined("messages", "2020-01-01") == 0
    assert not meta.exists()
    assert retention.clean_lake(lake, landing, CUT) == {
        "conversations": 0,
        "messages": 0,
        "feedback": 0,
    }


def test_replies_are_counted_with_what_they_reply_to(store: Engine) -> None:
    at, rows = midnight(CUT.conversations) - timedelta(days=1), []
    add_conversation(store, 1, at)
    (conversation,) = read(store, lambda c: c.scalars(sa.select(SupportConversation.id)).all())
    for seq in range(3, 2003, 2):
        asked, reply = uuid.uuid4(), uuid.uuid4()
        same = {"conversation_id": conversation, "message_type": "TEXT", "content": "x"}
        rows.append({**same, "id": asked, "seq": seq, "sender": "USER", "created_at": at})
        rows.append({
            **same, "id": reply, "seq": seq + 1, "sender": "AI", "created_at": at,
            "reply_to": asked,
        })  # fmt: skip
    upsert_rows(store, SupportMessage, rows)
    assert retention.due(store, CUT)["support_messages"] == 2002
    assert retention.clean_store(store, DAY, CUT)["support_messages"] == 2002
