"""AIPerformanceMetrics end to end: conversations of the lake in, store rows out."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.params import load_params
from core.settings import Settings
from pipelines.ai_performance import recompute
from pipelines.context import Context
from store.db import migrate
from store.tables import AiPerformance, AiPerformanceSlice
from tests.kpi_frames import at, rows

PARAMS = Path(__file__).parents[2] / "params.yaml"
FIRST = date(2026, 11, 1)


def context(home: Path) -> Context:
    ctx = Context(Settings(home=home), load_params(PARAMS, "tiny"))
    migrate(ctx.engine)
    return ctx


def asked(name: str, day: date, minutes_to_answer: int | None = 10, **changes) -> dict:
    """A conversation of a day, resolved by the AI after so many minutes (None: never)."""
    created = at(f"{day.day:02d} 08:00")
    resolved = None if minutes_to_answer is None else created + timedelta(minutes=minutes_to_answer)
    kind = None if resolved is None else "CONFIRMED"
    return {
        "id": name, "user_id": name, "created_at": created, "resolved_at": resolved,
        "resolution_kind": kind, **changes,
    }  # fmt: skip


def deliver(ctx: Context, day: date, *conversations: dict, votes: tuple[dict, ...] = ()) -> None:
    ctx.lake.write("conversations", day, rows("conversations", *conversations))
    said = [
        {"id": f"M{c['id']}", "conversation_id": c["id"], "processing_time_ms": 100 * (n + 1),
         "created_at": c["created_at"]}
        for n, c in enumerate(conversations)
    ]  # fmt: skip
    ctx.lake.write("messages", day, rows("messages", *said))
    ctx.lake.write("feedback", day, rows("feedback", *votes))


def stored(ctx: Context, table=AiPerformance) -> list[dict]:
    with ctx.engine.connect() as connection:
        found = connection.execute(sa.select(table).order_by(*table.__table__.primary_key))
        return [dict(row._mapping) for row in found]


def test_a_return_within_three_days_takes_the_resolution_back_from_the_first_day(tmp_path):
    ctx = context(tmp_path)
    deliver(ctx, FIRST, asked("A", FIRST, user_id="ann"), asked("B", FIRST, user_id="bob"))
    recompute("2026-11-01", ctx)
    assert stored(ctx)[0]["first_contact_resolution_rate"] == 1.0
    later = FIRST + timedelta(days=2)
    deliver(ctx, later, asked("C", later, user_id="ann"))
    recompute("2026-11-03", ctx)
    assert [row["first_contact_resolution_rate"] for row in stored(ctx)] == [0.5, 1.0]


def test_a_quiet_day_has_a_row_of_zeros_and_nulls(tmp_path):
    ctx = context(tmp_path)
    deliver(ctx, FIRST)
    last = recompute("2026-11-01", ctx)["last"]
    assert (last["total_conversations"], last["savings_cents"]) == (0, 0)
    assert last["automation_rate"] is None and last["p95_response_time_ms"] is None
    assert stored(ctx)[0]["automation_rate"] is None


def test_a_row_is_final_eight_days_later(tmp_path):
    ctx = context(tmp_path)
    for step in (0, 1, 8):
        day = FIRST + timedelta(days=step)
        deliver(ctx, day, asked(f"A{step}", day))
    recompute("2026-11-01..2026-11-02", ctx)
    recompute("2026-11-09", ctx)
    assert [row["is_final"] for row in stored(ctx)] == [True, False, False]


def test_any_order_of_days_and_any_repetition_ends_in_the_same_rows(tmp_path):
    seen = []
    for order in ([3, 1], [2, 3, 3]):
        ctx = context(tmp_path / str(order))
        for number in (1, 2, 3):
            day = date(2026, 11, number)
            talks = [asked(f"A{number}", day, user_id="ann"), asked(f"B{number}", day, None)]
            vote = {"id": f"F{number}", "conversation_id": f"A{number}", "user_rating": number}
            vote |= {"created_at": talks[0]["created_at"]}
            deliver(ctx, day, *talks, votes=(vote,))
        for number in order:
            recompute(f"2026-11-0{number}", ctx)
        seen.append((stored(ctx), stored(ctx, AiPerformanceSlice)))
    assert seen[0] == seen[1]


def midnight_city(home: Path, last: int = 14) -> Context:
    """A conversation that begins before midnight, filed as an importer does: by its own day."""
    ctx = context(home)
    deliver(ctx, FIRST, asked("A", FIRST, None, created_at=at("01 23:58")))
    for number in range(2, last + 1):
        deliver(ctx, date(2026, 11, number))
    reply = {"id": "late", "conversation_id": "A", "processing_time_ms": 300}
    reply |= {"created_at": at("02 00:01")}
    ctx.lake.write("messages", date(2026, 11, 2), rows("messages", reply))
    vote = {"conversation_id": "A", "user_rating": 2, "created_at": at("03 09:00")}
    ctx.lake.write("feedback", date(2026, 11, 3), rows("feedback", vote))
    too_late = {"id": "too late", "user_rating": 5, "created_at": at("11 09:00")}
    ctx.lake.write("feedback", date(2026, 11, 11), rows("feedback", {**vote, **too_late}))
    return ctx


@pytest.mark.parametrize("last", [1, 14])
def test_what_came_after_midnight_counts_whatever_days_are_computed_together(tmp_path, last):
    ctx = midnight_city(tmp_path, last)
    assert len(recompute(f"2026-11-{last:02d}", ctx)["days"]) == last
    row = stored(ctx)[0]
    assert (row["p50_response_time_ms"], row["user_satisfaction_score"]) == (200.0, 2.0)


@pytest.mark.parametrize("asset", ["messages", "feedback"])
def test_rows_of_a_later_day_that_arrive_late_restate_the_day_they_are_about(tmp_path, asset):
    ctx = midnight_city(tmp_path)
    for number in (2, 3):
        ctx.lake.write(asset, date(2026, 11, number), rows(asset))
    recompute("2026-11-14", ctx)
    late = {"id": "later", "conversation_id": "A", "created_at": at("03 09:00")}
    late |= {"processing_time_ms": 700} if asset == "messages" else {"user_rating": 1}
    ctx.lake.write(asset, date(2026, 11, 3), rows(asset, late))
    recompute("2026-11-14", ctx)
    name = "p50_response_time_ms" if asset == "messages" else "user_satisfaction_score"
    assert stored(ctx)[0][name] == {"messages": 400.0, "feedback": 1.0}[asset]


def test_slices_of_a_dimension_count_every_conversation_once(tmp_path):
    ctx = context(tmp_path)
    human = {"escalated_at": at("01 08:01"), "priority": "URGENT", "intent": None}
    deliver(ctx, FIRST, asked("A", FIRST), asked("B", FIRST, intent="smalltalk"),
            asked("C", FIRST, None, **human))  # fmt: skip
    recompute("2026-11-01", ctx)
    slices = stored(ctx, AiPerformanceSlice)
    by_intent = {r["value"]: r for r in slices if r["dimension"] == "intent"}
    assert set(by_intent) == {"refund_request", "smalltalk", "none"}
    for dimension in {row["dimension"] for row in slices}:
        assert sum(r["total_conversations"] for r in slices if r["dimension"] == dimension) == 3
    assert by_intent["none"]["escalation_rate"] == 1.0
    assert by_intent["none"]["user_satisfaction_score"] is None


@pytest.mark.parametrize("column", ["automation_rate", "p50_response_time_ms"])
def test_shares_and_percentiles_of_a_day(tmp_path, column):
    ctx = context(tmp_path)
    deliver(ctx, FIRST, asked("A", FIRST), asked("B", FIRST, escalated_at=at("01 08:01")))
    recompute("2026-11-01", ctx)
    assert stored(ctx)[0][column] == {"automation_rate": 0.5, "p50_response_time_ms": 150.0}[column]
