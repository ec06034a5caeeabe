"""Nightly KPI writers, retention and live replies work on one SQLite file at the same time."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from store import retention
from store.db import read, write
from store.rows import replace_rows, upsert_rows
from store.tables import DriverQualification, FeatureValue, SupportConversation, SupportMessage
from tests.store.conversations import add_conversation

DAY = date(2026, 11, 21)
AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
CUT = retention.cutoffs(DAY, conversation_days=730, feedback_days=365, log_days=180)
REPLIES, PER_SECOND = 120, 60


def nightly(engine: Engine) -> None:
    rows: list[dict[str, Any]] = [
        {
            "driver_id": f"D{n}",
            "qualified": False,
            "gates_passed": False,
            "tier": "NONE",
            "reasons": [{"gate": "rides", "value": n, "needed": 500}] * 6,
        }
        for n in range(1500)
    ]
    replace_rows(engine, DriverQualification, {"evaluated_on": DAY}, rows)


def old_features(engine: Engine) -> None:
    old = AT - timedelta(days=400)
    rows = [{"feature": "x", "entity": f"d{n}", "as_of": old, "value": 1.0} for n in range(1500)]
    upsert_rows(engine, FeatureValue, rows)
    retention.clean_store(engine, DAY, CUT)


def test_nobody_is_locked_out_at_sixty_replies_a_second(sqlite_store: Engine) -> None:
    add_conversation(sqlite_store, 1, AT)
    conversation = read(sqlite_store, lambda c: c.scalar(sa.select(SupportConversation.id)))
    stop, failures = threading.Event(), []

    def repeat(work: Callable[[Engine], None]) -> None:
        while not stop.is_set():
            try:
                work(sqlite_store)
            except Exception as error:  # the test reports whatever it was
                failures.append(error)
                return

    def reply(seq: int) -> float:
        row = {
            "conversation_id": conversation,
            "seq": seq,
            "sender": "AI",
            "message_type": "TEXT",
            "content": "Your driver is 3 minutes away.",
            "created_at": AT,
        }
        started = time.perf_counter()
        write(sqlite_store, lambda c: c.execute(sa.insert(SupportMessage).values(**row)))
        return time.perf_counter() - started

    threads = [threading.Thread(target=repeat, args=(work,)) for work in (nightly, old_features)]
    for thread in threads:
        thread.start()
    try:
        begun = time.perf_counter()
        waits = []
        for n in range(REPLIES):
            time.sleep(max(0.0, begun + n / PER_SECOND - time.perf_counter()))
            waits.append(reply(n + 3))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    written = sa.select(sa.func.count()).select_from(SupportMessage)
    assert read(sqlite_store, lambda c: c.scalar(written)) == REPLIES + 2
    assert max(waits) < 5  # the busy time-out; in practice a few hundredths of a second
