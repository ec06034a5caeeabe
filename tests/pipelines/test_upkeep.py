"""Upkeep: about its key's day, backup before retention, the same state when run again."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.errors import BadInput, NotAPartition
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.upkeep import upkeep
from store import backup, copies
from store.db import read
from store.tables import SupportConversation
from tests.store.conversations import add_conversation

KEY = "2026-11-21"
TODAY = date(2026, 11, 26)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def ctx(sqlite_store: Engine) -> Context:
    home = Path(str(sqlite_store.url.database)).parent
    params = load_params(ROOT / "params.yaml", overrides={"upkeep.backups_kept": 2})
    return Context(Settings(home=home), params)


def conversations(ctx: Context) -> int:
    query = sa.select(sa.func.count()).select_from(SupportConversation)
    return read(ctx.engine, lambda connection: connection.scalar(query) or 0)


def state(ctx: Context) -> tuple[copies.Fingerprint, dict[str, bytes]]:
    files = {
        str(path.relative_to(ctx.home)): path.read_bytes()
        for folder in ("lake", "landing", "backups")
        for path in sorted((ctx.home / folder).rglob("*"))
        if path.is_file()
    }
    return read(ctx.engine, copies.fingerprint), files


def city_with_a_past(ctx: Context) -> None:
    add_conversation(ctx.engine, 1, NOON - timedelta(days=800))
    add_conversation(ctx.engine, 2, NOON)
    rows = pa.table({"content": ["hello"]})
    for day in (date(2024, 9, 12), date(2026, 11, 21)):
        ctx.lake.write_free("messages", day, rows)
        ctx.landing.write(day, "messages", rows)


def test_a_night_backs_up_then_removes_what_is_too_old(ctx: Context) -> None:
    city_with_a_past(ctx)
    done = upkeep(KEY, ctx, TODAY)
    assert done["backup"]["taken"] is True
    assert done["backup"]["rows"]["support_conversations"] == 2  # what it was before
    assert done["removed_rows"]["support_conversations"] == 1
    assert done["removed_rows"]["support_messages"] == 2
    assert done["removed_files"] == {"conversations": 0, "messages": 2, "feedback": 0}
    assert conversations(ctx) == 1
    assert ctx.lake.keys("messages") == [KEY]
    backup.check(ctx.engine, ctx.home / "backups", KEY)


def test_running_a_night_again_leaves_the_same_state(ctx: Context) -> None:
    city_with_a_past(ctx)
    first = upkeep(KEY, ctx, TODAY)
    once = state(ctx)
    second = upkeep(KEY, ctx, TODAY)
    assert state(ctx) == once
    assert second["backup"] == {**first["backup"], "taken": False}
    assert second["removed_rows"] == first["removed_rows"]


def test_a_range_is_about_its_last_day(ctx: Context) -> None:
    add_conversation(ctx.engine, 1, datetime(2024, 11, 22, tzinfo=UTC))  # kept on 11-21, not 11-22
    assert (
        upkeep("2026-11-20..2026-11-21", ctx, TODAY)["removed_rows"]["support_conversations"] == 0
    )
    assert upkeep("2026-11-22", ctx, TODAY)["removed_rows"]["support_conversations"] == 1
    assert backup.keys(ctx.home / "backups") == ["2026-11-21", "2026-11-22"]


def test_only_so_many_nights_are_kept(ctx: Context) -> None:
    for day in (19, 20, 21):
        upkeep(f"2026-11-{day}", ctx, TODAY)
    assert backup.keys(ctx.home / "backups") == ["2026-11-20", "2026-11-21"]


def test_a_damaged_backup_is_taken_again(ctx: Context) -> None:
    upkeep(KEY, ctx, TODAY)
    (ctx.home / "backups" / KEY / "store.db").write_bytes(b"damaged")
    assert upkeep(KEY, ctx, TODAY)["backup"]["taken"] is True
    backup.check(ctx.engine, ctx.home / "backups", KEY)


def test_a_run_without_a_key_touches_nothing(ctx: Context) -> None:
    city_with_a_past(ctx)
    with pytest.raises(NotAPartition):
        upkeep("", ctx, TODAY)
    assert conversations(ctx) == 2
    assert not (ctx.home / "backups").exists()


def test_a_day_that_has_not_come_removes_nothing(ctx):
    with pytest.raises(BadInput, match="expected a day that has come, got 2045-01-01"):
        upkeep("2026-11-21..2045-01-01", ctx, TODAY)
    assert not (ctx.home / "backups").exists()
