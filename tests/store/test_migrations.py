"""The migrations build exactly what the models describe, up and down, on both databases."""

import re
from datetime import date
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Engine

from core.errors import BadInput
from store.db import health, migrate
from store.tables import Base, ProfitMetrics


def tables(engine: Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def _index(found: Any) -> str:
    """An index in words; the condition of a partial one is an object of its own each time."""
    options = {name: str(value) for name, value in found.get("dialect_options", {}).items()}
    return str({**found, "dialect_options": options})


def shape(engine: Engine) -> dict[str, Any]:
    """Columns, keys, indexes and CHECKs of every table, as the database itself tells them."""
    inspector = sa.inspect(engine)
    return {
        table: {
            # a later migration adds its column at the end, the model where it belongs
            "columns": sorted(
                (c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)
            ),
            "key": inspector.get_pk_constraint(table),
            "foreign": sorted(map(str, inspector.get_foreign_keys(table))),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "indexes": sorted(map(_index, inspector.get_indexes(table))),
            "checks": sorted(
                (str(c["name"]), re.sub(r"\s+", " ", c["sqltext"]))
                for c in inspector.get_check_constraints(table)
            ),
        }
        for table in sorted(tables(engine))
    }


def test_up_down_up_ends_where_up_alone_does(empty_store: Engine) -> None:
    assert migrate(empty_store) == "0007"
    once = shape(empty_store)
    assert migrate(empty_store, "base") is None
    assert tables(empty_store) == set()
    assert migrate(empty_store) == "0007"
    assert shape(empty_store) == once
    assert set(once) == set(Base.metadata.tables)


def test_one_step_down_takes_the_newest_column_and_keeps_the_rows(empty_store: Engine) -> None:
    migrate(empty_store, "0001")
    before = shape(empty_store)
    migrate(empty_store)
    column = "identified_value_per_1000_orders_cents"
    with empty_store.begin() as connection:
        made = {"day": date(2026, 11, 20), column: 250_000.0}
        connection.execute(sa.insert(ProfitMetrics).values(made))
    assert migrate(empty_store, "0001") == "0001"
    assert shape(empty_store) == before
    migrate(empty_store)
    table = ProfitMetrics.__table__
    with empty_store.connect() as connection:
        rows = connection.execute(sa.select(table.c.day, table.c[column])).all()
    assert rows == [(date(2026, 11, 20), None)]


def test_migrating_twice_is_nothing_the_second_time(empty_store: Engine) -> None:
    assert [migrate(empty_store), migrate(empty_store)] == ["0007", "0007"]


def test_autogenerate_finds_no_difference_to_the_models(store: Engine) -> None:
    with store.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrations_make_the_same_checks_and_indexes_as_the_models(
    empty_store: Engine,
) -> None:
    Base.metadata.create_all(empty_store)
    wanted = shape(empty_store)
    Base.metadata.drop_all(empty_store)
    migrate(empty_store)
    assert shape(empty_store) == wanted


def test_every_name_fits_into_what_postgresql_keeps() -> None:
    names = [
        str(item.name)
        for table in Base.metadata.tables.values()
        for item in (*table.constraints, *table.indexes)
    ]
    assert [name for name in names if len(name) > 63] == []


def test_an_unknown_revision_is_refused_with_the_known_ones(empty_store: Engine) -> None:
    with pytest.raises(
        BadInput, match=r"one of 0007, 0006, 0005, 0004, 0003, 0002, 0001; got 'nonsense'"
    ):
        migrate(empty_store, "nonsense")
    assert tables(empty_store) == set()


def test_the_store_of_a_newer_version_is_left_as_it_is(store: Engine) -> None:
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadInput, match="store at 9999"):
        migrate(store)
    [problem] = health(store)["problems"]
    assert "update this one" in problem
    assert "ai_performance" in " ".join(tables(store))


def test_those_who_migrate_at_once_wait_for_each_other(empty_store: Engine) -> None:
    done: list[str | None] = []
    threads = [Thread(target=lambda: done.append(migrate(empty_store))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["0007", "0007", "0007"]


def test_health_names_the_migration_that_is_missing(empty_store: Engine) -> None:
    before = health(empty_store)
    migrate(empty_store)
    after = health(empty_store)
    assert before["ok"] is False
    assert before["problems"] == ["migrated to None, expected 0007: run `tripo db migrate`"]
    assert after["ok"] is True
    assert after["dialect"] == empty_store.dialect.name
