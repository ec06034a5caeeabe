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
        {"id": f"M{c['id']}", "conversation_id": c["id"], "processing_time_ms": 100 * (n + 1)}
        for n, c in enumerate(conversations)
    ]
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
            deliver(ctx, day, *talks, votes=(vote,))
        for number in order:
            recompute(f"2026-11-0{number}", ctx)
        seen.append((stored(ctx), stored(ctx, AiPerformanceSlice)))
    assert seen[0] == seen[1]


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
