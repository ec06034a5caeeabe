"""Endpoints of where drivers stand: reasons, decisions on suspensions, appeals."""

import uuid
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.engine import Connection, Row

from core.errors import TripoError
from serving.api.callers import Admin, Anyone, Found
from serving.api.idempotency import Key, once
from serving.api.identity import Caller
from serving.api.problems import documented
from serving.premium import access
from serving.premium.driver_schemas import (
    AppealIn,
    AppealOut,
    Proposed,
    QualificationOut,
    ReviewedOut,
    ReviewIn,
    ReviewsIn,
    ReviewsOut,
)
from serving.premium.schemas import DecideIn
from serving.schemas import Closed, Word, shown
from store import appeals, premium_drivers
from store.db import read, write

router = APIRouter(
    tags=["premium drivers"], responses=documented(401, 403, 404, 409, 422, 429, 503)
)
MOST_APPEALS = 100


class _Undo(Exception):
    """Ends a transaction whose changes were only tried."""


class _Appeal(Closed):
    """An appeal as its idempotency key knows it."""

    driver_id: str
    appeal: AppealIn


@router.get("/drivers/{driver_id}/qualification")
def qualification(driver_id: Word, who: Anyone, found: Found) -> QualificationOut:
    """Whether a driver qualifies, and every reason: gates, contributions, what would change it."""
    access.about(who, driver_id)
    row = read(found.engine, lambda c: premium_drivers.standing(c, driver_id))
    told: QualificationOut = shown(QualificationOut, row)
    return told


@router.post("/drivers/{driver_id}/status")
def review(driver_id: Word, given: ReviewIn, who: Admin, found: Found) -> ReviewedOut:
    """Decide on the suspension that a night proposed; it takes effect at once."""
    now = found.clock()
    one = Proposed(driver_id=driver_id, evaluated_on=given.evaluated_on)
    write(found.engine, lambda c: _review(c, one, given, who, now))
    return ReviewedOut(driver_id=driver_id, done=True, problem=None)


@router.post("/drivers/status")
def review_many(given: ReviewsIn, who: Admin, found: Found) -> ReviewsOut:
    """One decision on many proposed suspensions. A dry run does it all and takes it back; what it
    says is what would happen. One that cannot be decided does not hold up the others."""
    now, results = found.clock(), list[ReviewedOut]()

    def work(connection: Connection) -> None:
        results.clear()
        results.extend(_tried(connection, one, given, who, now) for one in given.proposed)
        if given.dry_run:
            raise _Undo

    with suppress(_Undo):
        write(found.engine, work)
    return ReviewsOut(dry_run=given.dry_run, results=results)


def _tried(
    connection: Connection, one: Proposed, given: ReviewsIn, who: Caller, now: datetime
) -> ReviewedOut:
    try:
        with connection.begin_nested():
            _review(connection, one, given, who, now)
    except TripoError as error:
        return ReviewedOut(driver_id=one.driver_id, done=False, problem=str(error))
    return ReviewedOut(driver_id=one.driver_id, done=True, problem=None)


def _review(
    connection: Connection, one: Proposed, given: ReviewIn | ReviewsIn, who: Caller, now: datetime
) -> None:
    appeals.review(
        connection, one.driver_id, one.evaluated_on, given.decision, given.why, who.subject,
        who.role, now,
    )  # fmt: skip


@router.post("/drivers/{driver_id}/appeal", status_code=201)
def appeal(
    driver_id: Word, given: AppealIn, who: Anyone, found: Found, key: Key = None
) -> AppealOut:
    """The driver's word against an evaluation; a person decides."""
    access.driver_only(who)
    access.about(who, driver_id)
    now, days = found.clock(), found.params.driver_qualification.appeal_days

    def work(connection: Connection) -> Row[Any]:
        appeal_id = appeals.file(
            connection, driver_id, given.evaluated_on, given.text, who.subject, who.role, now, days
        )
        return appeals.find(connection, appeal_id)

    asked = _Appeal(driver_id=driver_id, appeal=given)
    return once(
        found, who, key, asked, AppealOut, lambda: shown(AppealOut, write(found.engine, work))
    )


@router.get("/appeals")
def list_appeals(
    _who: Admin, found: Found, limit: Annotated[int, Query(ge=1, le=MOST_APPEALS)] = 50
) -> list[AppealOut]:
    """Appeals that wait for a person, the oldest first."""
    rows = read(found.engine, lambda c: appeals.open_appeals(c, limit))
    return [shown(AppealOut, row) for row in rows]


@router.post("/appeals/{appeal_id}")
def decide(appeal_id: uuid.UUID, given: DecideIn, who: Admin, found: Found) -> AppealOut:
    """Uphold or reject an appeal; not by whoever decided on the suspension."""
    now = found.clock()
    row = write(
        found.engine,
        lambda c: appeals.decide(
            c, appeal_id, given.approve, given.why, who.subject, who.role, now
        ),
    )
    decided: AppealOut = shown(AppealOut, row)
    return decided
