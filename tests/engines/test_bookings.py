"""A booking ends once, a fee is never more than the price, a refund never more than was paid."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.enums import BookingStatus, CancelledBy, RefundStatus
from core.errors import Conflict
from core.params import load_params
from engines.premium.bookings import MOVES, Agreed, Move, after, cancellation_fee, judge_claim

PARAMS = load_params(Path("params.yaml")).bookings
NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
ENDS = {BookingStatus.COMPLETED, BookingStatus.CANCELLED}
RIDER = CancelledBy.RIDER
ASAP = Agreed(2001, None, None, None)
TONIGHT = Agreed(2001, NOW, None, NOW)

spans = st.timedeltas(timedelta(days=-40), timedelta(days=40))
moments = st.none() | spans.map(lambda span: NOW + span)
bookings = st.builds(
    Agreed,
    price_cents=st.integers(0, 100_000),
    scheduled_at=moments,
    assigned_at=moments,
    due_at=moments,
    fell_back=st.booleans(),
)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


@given(st.lists(st.sampled_from(list(Move)), max_size=30))
def test_no_path_reaches_two_ends_and_none_leaves_one(moves: list[Move]) -> None:
    status, ended = BookingStatus.PENDING, 0
    for move in moves:
        try:
            status = after(status, move)
        except Conflict:
            continue
        ended += status in ENDS
    assert ended <= 1


def test_every_status_is_reached_and_every_one_leads_to_an_end() -> None:
    reached = {BookingStatus.PENDING} | {
        there for moves in MOVES.values() for there in moves.values()
    }
    assert reached == set(BookingStatus) == set(MOVES)
    assert {status for status, moves in MOVES.items() if not moves} == ENDS
    for moves in MOVES.values():
        off = {moves[move] for move in (Move.CANCEL, Move.BREAK_OFF) if move in moves}
        assert off == ({BookingStatus.CANCELLED} if moves else set())


def test_an_illegal_move_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(Conflict, match="CONFIRMED allows ASSIGN, CANCEL; got COMPLETE"):
        after(BookingStatus.CONFIRMED, Move.COMPLETE)
    with pytest.raises(Conflict, match="COMPLETED allows nothing any more"):
        after(BookingStatus.COMPLETED, Move.CANCEL)


@pytest.mark.parametrize(
    ("booking", "now", "fee"),
    [
        (TONIGHT, ago(minutes=60), 0),
        (TONIGHT, ago(minutes=59), 1001),
        (TONIGHT, NOW + timedelta(minutes=5), 1001),
        (TONIGHT, NOW + timedelta(minutes=6), 0),  # nobody came
        (replace(TONIGHT, fell_back=True), NOW, 0),
        (ASAP, NOW, 0),
        (replace(ASAP, assigned_at=ago(minutes=2)), NOW, 0),
        (replace(ASAP, assigned_at=ago(minutes=3)), NOW, 1001),
        (replace(ASAP, assigned_at=ago(minutes=20), due_at=ago(minutes=5)), NOW, 1001),
        (replace(ASAP, assigned_at=ago(minutes=20), due_at=ago(minutes=6)), NOW, 0),
    ],
)
def test_a_cancellation_costs_what_the_terms_say(booking: Agreed, now: datetime, fee: int) -> None:
    assert cancellation_fee(booking, RIDER, now, PARAMS) == fee
    for other in (CancelledBy.DRIVER, CancelledBy.SYSTEM):
        assert cancellation_fee(booking, other, now, PARAMS) == 0


@given(bookings, moments.filter(bool))
def test_a_fee_is_whole_cents_and_never_more_than_the_price(booking: Agreed, now: datetime) -> None:
    fee = cancellation_fee(booking, RIDER, now, PARAMS)
    assert isinstance(fee, int)
    assert 0 <= fee <= booking.price_cents


@pytest.mark.parametrize(
    ("stars", "completed", "last", "status"),
    [
        (3, ago(hours=24), None, RefundStatus.APPROVED),
        (4, ago(hours=1), None, RefundStatus.REFUSED),
        (1, ago(hours=24, seconds=1), None, RefundStatus.REFUSED),
        (1, ago(hours=1), ago(days=89), RefundStatus.PENDING_REVIEW),
        (1, ago(hours=1), ago(days=90), RefundStatus.APPROVED),
    ],
)
def test_the_guarantee_pays_once_in_a_while_and_refuses_with_a_reason(
    stars: int, completed: datetime, last: datetime | None, status: RefundStatus
) -> None:
    verdict = judge_claim(1999, stars, completed, last, NOW, PARAMS)
    assert verdict.status == status
    assert verdict.cents == (1999 if status == RefundStatus.APPROVED else 0)
    assert verdict.why


@given(st.lists(st.tuples(st.integers(0, 50_000), st.integers(1, 5), spans, spans), max_size=12))
def test_refunds_are_whole_cents_of_what_was_paid_and_one_a_period_is_automatic(
    claims: list[tuple[int, int, timedelta, timedelta]],
) -> None:
    last: datetime | None = None
    automatic: list[datetime] = []
    for paid, stars, waited, at in sorted(claims, key=lambda claim: claim[3]):
        now = NOW + at
        verdict = judge_claim(paid, stars, now - abs(waited), last, now, PARAMS)
        assert isinstance(verdict.cents, int)
        assert 0 <= verdict.cents <= paid
        if verdict.status == RefundStatus.APPROVED:
            last = now
            automatic.append(now)
    gaps = [b - a for a, b in itertools.pairwise(automatic)]
    assert all(gap >= timedelta(days=PARAMS.automatic_days) for gap in gaps)


def test_users_are_told_the_terms_that_are_in_force() -> None:
    said = yaml.safe_load(Path("data/policies.yaml").read_text())
    premium, guarantee = said["premium"], said["premium"]["refund_guarantee"]
    assert premium["cancellation_free_minutes_before_pickup"] == PARAMS.free_minutes_before_pickup
    assert premium["late_cancellation_share_of_fare"] == PARAMS.late_share
    after_match = said["cancellation"]["rider_free_minutes_after_match"]
    assert after_match == PARAMS.free_minutes_after_match
    assert said["cancellation"]["driver_no_show_minutes"] == PARAMS.driver_late_minutes
    assert guarantee["rating_at_most_stars"] == PARAMS.refund_stars
    assert guarantee["claim_window_hours"] == PARAMS.claim_hours
    assert guarantee["automatic_period_days"] == PARAMS.automatic_days
    plans = said["subscriptions"]["plans"]
    shares = {plan: terms["ride_discount_share"] for plan, terms in plans.items()}
    assert shares == PARAMS.plan_discount
