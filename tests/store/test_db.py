"""Connecting, writing and failing: what a caller sees."""

import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from core.errors import RowRefused, StoreUnavailable
from store import conversations
from store.db import connect, health, read, session, write
from store.rows import upsert_rows
from store.tables import FeatureValue

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def feature(entity: str, value: float) -> FeatureValue:
    return FeatureValue(feature="rating", entity=entity, as_of=NOON, value=value)


def values(engine: Engine) -> list[tuple[str, float]]:
    query = sa.select(FeatureValue.entity, FeatureValue.value).order_by(FeatureValue.entity)
    return read(engine, lambda connection: [(r[0], r[1]) for r in connection.execute(query)])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://ada:s3cret@127.0.0.1:1/tripo", "Connection refused"),
        ("nonsense", "not a database address"),
        ("sqlite:////proc/none/store.db", "cannot make the folder"),
    ],
)
def test_a_store_that_does_not_answer_is_named_without_its_password(url: str, said: str) -> None:
    with pytest.raises(StoreUnavailable, match=said) as failure:
        connect(url)
    assert "s3cret" not in str(failure.value)


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("rider,fare\n" * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        connect(f"sqlite:///{path}")


def test_a_store_without_tables_says_what_to_run(empty_store: Engine) -> None:
    with pytest.raises(StoreUnavailable, match="run `tripo db migrate`"):
        values(empty_store)


def test_a_full_disk_is_an_error_and_not_a_lost_row(sqlite_store: Engine) -> None:
    big = "x" * 200_000

    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # SQLite takes the present size
        connection.execute(
            sa.insert(FeatureValue).values(feature=big, entity="z", as_of=NOON, value=1.0)
        )

    with pytest.raises(StoreUnavailable, match="full"):
        write(sqlite_store, fill)
    assert values(sqlite_store) == []


def test_times_come_back_as_utc_whatever_zone_they_went_in_with(store: Engine) -> None:
    tokyo = datetime(2026, 11, 21, 21, tzinfo=timezone(timedelta(hours=9)))
    row = {"feature": "rating", "entity": "d1", "as_of": tokyo, "value": 4.9}
    upsert_rows(store, FeatureValue, [row])
    with session(store) as unit:
        found = unit.scalars(sa.select(FeatureValue)).one()
        assert found.as_of == NOON
        assert found.as_of.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(store: Engine) -> None:
    naive = NOON.replace(tzinfo=None)
    row = {"feature": "rating", "entity": "d1", "as_of": naive, "value": 4.9}
    with pytest.raises(RowRefused, match="expected a time with a zone"):
        upsert_rows(store, FeatureValue, [row])


def test_a_session_that_fails_leaves_nothing(store: Engine) -> None:
    with pytest.raises(ZeroDivisionError), session(store) as unit:
        unit.add(feature("d1", 1.0))
        unit.flush()
        unit.get_one(FeatureValue, ("rating", "d1", NOON)).value = 1 / 0
    assert values(store) == []


def test_writers_queue_up_and_none_is_lost(store: Engine) -> None:
    upsert_rows(
        store,
        FeatureValue,
        [{"feature": "rating", "entity": "d1", "as_of": NOON, "value": 0.0}],
    )

    def add_one(connection: Connection) -> None:
        # read, then write: without BEGIN IMMEDIATE (or a row lock) two writers lose one
        query = sa.select(FeatureValue.value)
        if connection.dialect.name == "postgresql":
            query = query.with_for_update()
        seen = connection.scalar(query) or 0.0
        time.sleep(0.002)
        connection.execute(sa.update(FeatureValue).values(value=seen + 1))

    def work() -> None:
        for _ in range(5):
            write(store, add_one)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values(store) == [("d1", 30.0)]


def test_a_reader_is_not_held_up_by_a_writer(sqlite_store: Engine) -> None:
    path = str(sqlite_store.url.database)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.perf_counter()
    try:
        assert values(sqlite_store) == []
    finally:
        other.close()
    assert time.perf_counter() - started < 2


def test_a_store_that_stays_busy_is_said_to_be_so(sqlite_store: Engine) -> None:
    path = str(sqlite_store.url.database)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def impatient(connection: Connection) -> None:
        connection.execute(sa.select(1))

    with sqlite_store.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
    try:
        with pytest.raises(StoreUnavailable, match="locked"):
            write(sqlite_store, impatient, attempts=2)
    finally:
        other.close()
    assert write(sqlite_store, lambda _: 1) == 1


def test_a_busy_writer_is_tried_again(sqlite_store: Engine) -> None:
    tried = []

    def busy_once(_connection: Connection) -> int:
        tried.append(1)
        if len(tried) == 1:
            original = sqlite3.OperationalError("database is locked")
            raise sa.exc.OperationalError("BEGIN IMMEDIATE", {}, original)
        return len(tried)

    assert write(sqlite_store, busy_once) == 2


def test_health_finds_rows_that_point_nowhere(sqlite_store: Engine) -> None:
    path = str(sqlite_store.url.database)
    with sqlite3.connect(path) as raw:  # another program, without foreign keys
        raw.execute(
            "INSERT INTO ai_knowledge_base_versions"
            "(item_id, item_version, status, item, edited_at)"
            " VALUES ('00', 1, 'DRAFT', '{}', '2026-11-21 00:00:00')"
        )
    raw.close()
    found = health(sqlite_store)
    assert found["ok"] is False
    assert found["problems"] == ["1 rows point to rows that do not exist"]


def test_a_write_inside_of_a_write_is_an_error_and_the_next_one_goes_on(
    sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.db.BUSY_TIMEOUT_MS", 100)

    def within(connection: Connection) -> None:
        write(sqlite_store, lambda inner: inner.execute(sa.select(1)))

    with pytest.raises(StoreUnavailable, match="another write of this process"):
        write(sqlite_store, within)
    write(sqlite_store, lambda connection: connection.execute(sa.select(1)))


def test_what_a_database_refuses_is_not_quoted(store: Engine) -> None:
    values = {
        "user_id": "R1", "channel": "CHAT", "status": "OPEN", "ai_handled": True,
        "priority": "LOW", "language_code": "en", "created_at": datetime(2026, 11, 2, tzinfo=UTC),
        "updated_at": datetime(2026, 11, 1, tzinfo=UTC), "escalation_reason": "swordfish",
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="updated_after_created") as refused:
        write(store, lambda connection: conversations.start(connection, values))
    assert "swordfish" not in f"{refused.value} {refused.value.orig}"
