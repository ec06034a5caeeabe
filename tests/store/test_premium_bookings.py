"""Bookings are changed by compare and set, and the database itself lets no driver hold two."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, Row
from sqlalchemy.exc import IntegrityError

from core.enums import MatchStatus
from core.errors import Conflict, NotThere
from store import premium_bookings as kept
from store.db import read, write
from tests.store.premium import AT, add

LATER = AT + timedelta(minutes=1)


def offer(engine: Engine, row: Row[Any], driver_id: str = "D1") -> Row[Any]:
    def work(connection: Any) -> Row[Any]:
        batch_id = kept.batch(connection, {"requests": [], "drivers": []}, AT)
        decision = {
            "batch_id": batch_id, "driver_id": driver_id, "score": 0.8, "eta_minutes": 4.0,
            "explanation": {},
        }  # fmt: skip
        return kept.offer(connection, row, decision, AT, AT + timedelta(seconds=15))

    return write(engine, work)


def outcomes(engine: Engine) -> list[str | None]:
    chosen = sa.select(kept.DECISION.c.outcome).order_by(kept.DECISION.c.driver_id)
    return read(engine, lambda c: [str(found) for found in c.scalars(chosen)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"service_class": "STANDARD"},
        {"pickup_lat": 91.0},
        {"driver_bonus_cents": 1735},
        {"cancellation_fee_cents": 2002},
        {"rating": 6},
        {"price_cents": 2002},
        {"status": "DRIVER_ASSIGNED"},
        {"driver_id": "D1"},
        {"status": "CONFIRMED", "driver_id": "D1"},
        {"status": "CONFIRMED", "offer_expires_at": LATER},
        {"status": "COMPLETED", "driver_id": "D1"},
        {"completed_at": AT},
        {"status": "CANCELLED", "cancelled_at": AT},
        {"status": "CANCELLED", "cancelled_by": "RIDER"},
    ],
)
def test_a_booking_that_cannot_be_is_refused(store: Engine, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        add(store, **wrong)


def test_a_quote_is_booked_once(store: Engine) -> None:
    add(store, quote_signature="x")
    with pytest.raises(Conflict, match="booked before"):
        add(store, quote_signature="x")


def test_what_was_read_before_somebody_changed_it_cannot_be_written(store: Engine) -> None:
    row = add(store)
    changed = write(store, lambda c: kept.change(c, row, {"status": "CONFIRMED"}))
    assert (str(changed.status), changed.version) == ("CONFIRMED", 2)
    with pytest.raises(Conflict, match="read again"):
        write(store, lambda c: kept.change(c, row, {"zone_id": "Z02"}))
    with pytest.raises(NotThere):
        read(store, lambda c: kept.find(c, kept.uuid.uuid4()))


@pytest.mark.parametrize("held", ["offered", "assigned", "driving"])
def test_no_driver_ever_holds_two(store: Engine, held: str) -> None:
    first = offer(store, add(store, status="CONFIRMED"))
    if held != "offered":
        status = "DRIVER_ASSIGNED" if held == "assigned" else "IN_PROGRESS"
        values = {"status": status, "offer_expires_at": None}
        first = write(store, lambda c: kept.change(c, first, values))
    other = add(store, status="CONFIRMED")
    with pytest.raises(Conflict, match="D1 holds another"):
        offer(store, other)
    assert read(store, lambda c: kept.held_by(c, "D1").id) == first.id
    ended = {
        "status": "CANCELLED", "cancelled_by": "SYSTEM", "cancelled_at": LATER,
        "offer_expires_at": None,
    }  # fmt: skip
    write(store, lambda c: kept.change(c, first, ended))
    assert offer(store, other).driver_id == "D1"


def test_of_many_windows_that_offer_one_driver_one_does(store: Engine) -> None:
    rows = [add(store, status="CONFIRMED") for _ in range(8)]
    came: list[str] = []

    def attempt(row: Row[Any]) -> None:
        try:
            came.append(str(offer(store, row).driver_id))
        except Conflict:
            came.append("conflict")

    threads = [Thread(target=attempt, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == ["D1"] + ["conflict"] * 7
    assert outcomes(store) == ["OFFERED"]


def test_a_booking_is_offered_to_one_driver_at_a_time_and_the_log_keeps_all_answers(
    store: Engine,
) -> None:
    row = offer(store, add(store, status="CONFIRMED"))
    with pytest.raises(Conflict, match="does not wait"):
        offer(store, row, "D2")

    def declined(connection: Any) -> Row[Any]:
        kept.answered(connection, row.id, MatchStatus.DECLINED, LATER)
        return kept.change(connection, row, {"driver_id": None, "offer_expires_at": None})

    offer(store, write(store, declined), "D2")
    write(store, lambda c: kept.answered(c, row.id, MatchStatus.ACCEPTED, LATER))
    write(store, lambda c: kept.ended(c, row.id, MatchStatus.COMPLETED))
    assert outcomes(store) == ["DECLINED", "COMPLETED"]


def test_pages_are_newest_first_and_of_whom_one_asks(store: Engine) -> None:
    rows = [add(store, created_at=AT + timedelta(minutes=n)) for n in range(3)]
    add(store, rider_id="R000002")
    mine = kept.matching({"rider_id": "R000001"})
    page, total = read(store, lambda c: kept.listed(c, mine, 2, 2))
    assert ([row.id for row in page], total) == ([rows[0].id], 3)
