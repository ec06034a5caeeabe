"""A driver's day with premium bookings: every offer and ride counted once, where it belongs."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.enums import MatchStatus
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.premium_quality import recompute
from store import premium_bookings as kept
from store.db import migrate, write
from store.premium_refunds import file
from store.tables import DriverQuality
from tests.store.premium import add

PARAMS = Path(__file__).parents[2] / "params.yaml"
DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def ctx(tmp_path):
    found = Context(Settings(home=tmp_path), load_params(PARAMS, "tiny"))
    migrate(found.engine)
    return found


def offered(ctx, row, driver_id, outcome, at=NOON):
    """An offer that came to this; the booking is as it was."""

    def work(connection):
        decision = {
            "batch_id": kept.batch(connection, {}, at), "driver_id": driver_id, "score": 1.0,
            "eta_minutes": 3.0, "explanation": {},
        }  # fmt: skip
        back = {"driver_id": None, "offer_expires_at": None}
        offer = kept.offer(connection, row, decision, at, at + timedelta(seconds=15))
        took = outcome in (MatchStatus.COMPLETED, "gave back")
        kept.answered(connection, row.id, MatchStatus.ACCEPTED if took else outcome, at)
        if took:
            ended = MatchStatus.CANCELLED if outcome == "gave back" else outcome
            kept.ended(connection, row.id, ended)
        return kept.change(connection, offer, back)

    return write(ctx.engine, work)


def completed(ctx, driver_id, late_minutes=0.0, at=NOON, **changes):
    return add(
        ctx.engine, status="COMPLETED", driver_id=driver_id, due_at=at,
        started_at=at + timedelta(minutes=late_minutes), completed_at=at + timedelta(minutes=20),
        **changes,
    )  # fmt: skip


def day_of(ctx, day=DAY):
    table = DriverQuality.__table__
    with ctx.engine.connect() as connection:
        rows = connection.execute(sa.select(table).where(table.c.day == day)).mappings()
        return {row["driver_id"]: dict(row) for row in rows}


def test_every_answer_is_counted_and_a_withdrawn_offer_is_not(ctx):
    row = add(ctx.engine, status="CONFIRMED")
    for outcome in (
        MatchStatus.DECLINED, MatchStatus.TIMED_OUT, MatchStatus.CANCELLED, "gave back",
        MatchStatus.COMPLETED,
    ):  # fmt: skip
        row = offered(ctx, row, "D1", outcome)
    recompute(DAY.isoformat(), ctx)
    found = day_of(ctx)["D1"]
    names = ("offers", "accepted", "declined", "timed_out", "cancelled")
    assert [found[name] for name in names] == [4, 2, 1, 1, 1]


def test_a_ride_that_its_rider_cancelled_is_not_held_against_the_driver(ctx):
    row = offered(ctx, add(ctx.engine, status="CONFIRMED"), "D1", "gave back")
    off = {"driver_id": "D1", "status": "CANCELLED", "cancelled_by": "RIDER", "cancelled_at": NOON}
    write(ctx.engine, lambda c: kept.change(c, row, off))
    recompute(DAY.isoformat(), ctx)
    found = day_of(ctx)["D1"]
    assert (found["accepted"], found["cancelled"]) == (1, 0)


def test_rides_with_stars_refunds_and_pay_belong_to_the_day_they_ended(ctx):
    ride = completed(ctx, "D1", 2.0, rating=5)
    completed(ctx, "D1", 2.1, rating=2)
    completed(ctx, "D1", at=NOON + timedelta(hours=12))  # midnight: the next day
    claim = {
        "booking_id": ride.id, "rider_id": ride.rider_id, "category": "LATE", "stars": 2,
        "status": "APPROVED", "cents": 2001, "why": "x", "requested_at": NOON, "decided_at": NOON,
    }  # fmt: skip
    write(ctx.engine, lambda c: file(c, claim))
    for _ in range(2):  # again, and it is the same
        recompute(f"2026-11-19..{DAY + timedelta(days=1)}", ctx)
    found = day_of(ctx)["D1"]
    names = ("completed", "on_time", "refunded", "rating_sum", "rating_count")
    assert [found[name] for name in names] == [2, 1, 1, 7, 2]
    assert (found["earnings_cents"], found["bonus_cents"]) == (2 * 1734, 2 * 133)
    assert day_of(ctx, DAY + timedelta(days=1))["D1"]["completed"] == 1
