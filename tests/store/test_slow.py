"""Slow statements are told without their values."""

import logging

import pytest
import sqlalchemy as sa

from store import slow
from store.db import read
from store.users import FLAG


def test_a_slow_statement_is_logged_without_its_values(store, caplog, monkeypatch):
    slow.watch(store)
    with caplog.at_level(logging.WARNING, logger="store.slow"):
        mine = sa.select(FLAG).where(FLAG.c.user_id == "R000001")
        read(store, lambda c: c.execute(mine).all())
        assert not caplog.messages  # it was quick
        monkeypatch.setattr(slow, "SLOW_S", 0.0)
        read(store, lambda c: c.execute(mine).all())
    told = [message for message in caplog.messages if "user_flags" in message]
    assert len(told) == 1
    assert "R000001" not in told[0]


def test_a_statement_is_shown_on_one_line_and_cut():
    assert slow.shortened("SELECT\n  1") == "SELECT 1"
    assert len(slow.shortened("x" * 9999)) == slow.LONGEST + 4


def test_a_database_that_does_not_remember_says_none(store):
    if store.dialect.name == "postgresql":
        pytest.skip("its own test below")
    assert slow.slowest(store) is None


def test_postgresql_remembers_where_the_extension_is_loaded(store):
    if store.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL remembers")
    assert slow.slowest(store) is None  # the extension was not created
    with store.begin() as connection:
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    found = slow.slowest(store)
    # without shared_preload_libraries the view is there and refuses to be read
    assert found is None or {"statement", "calls", "mean_ms", "max_ms"} <= set(found[0])
