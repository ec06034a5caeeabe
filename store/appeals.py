"""What people decide about premium drivers: proposed suspensions, and appeals.

Each is decided once, by compare-and-set, with a reason, and leaves its line in the audit log in the
same transaction. A suspension takes effect at once, its end with the next night's evaluation.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.enums import DriverTier, Role
from core.errors import BadInput, Conflict, NotAllowed, NotThere
from store import audit
from store.tables import (
    Appeal,
    AppealStatus,
    Base,
    Decision,
    DriverQualification,
    PremiumDriver,
    PremiumReview,
    PremiumStatus,
)

LONGEST = 5000
APPEAL = Base.metadata.tables[Appeal.__tablename__]
REVIEW = Base.metadata.tables[PremiumReview.__tablename__]
DRIVER = Base.metadata.tables[PremiumDriver.__tablename__]
EVALUATION = Base.metadata.tables[DriverQualification.__tablename__]


def proposed(connection: Connection, limit: int) -> Sequence[Row[Any]]:
    """Drivers whose suspension waits for a person, those longest below the standard first."""
    waits = sa.select(DRIVER).where(DRIVER.c.status == PremiumStatus.SUSPENSION_PROPOSED)
    ordered = waits.order_by(DRIVER.c.nights_below_standard.desc(), DRIVER.c.driver_id)
    return connection.execute(ordered.limit(limit)).all()


def review(
    connection: Connection,
    driver_id: str,
    evaluated_on: date,
    decision: Decision,
    why: str,
    by: str,
    role: Role,
    now: datetime,
) -> None:
    """Decide on the suspension that the evaluation of a night proposed.

    Raises
    ------
    BadInput
        Without a reason.
    Conflict
        If none is proposed: somebody decided, or a later night changed it. Look again.
    """
    _require(why, "a reason that the driver is told")
    seen = (DRIVER.c.driver_id == driver_id) & (DRIVER.c.evaluated_on == evaluated_on)
    proposed = seen & (DRIVER.c.status == PremiumStatus.SUSPENSION_PROPOSED)
    values = _SUSPENDED if decision == Decision.SUSPEND else _CLEARED
    changed = connection.execute(DRIVER.update().where(proposed).values(**values)).rowcount
    if changed != 1:
        raise Conflict(f"no suspension of {driver_id} is proposed by the night of {evaluated_on}")
    done = {"decision": decision, "why": why, "decided_by": by, "decided_at": now}
    try:
        connection.execute(
            REVIEW.insert().values(driver_id=driver_id, evaluated_on=evaluated_on, **done)
        )
    except IntegrityError:
        raise Conflict(f"the night of {evaluated_on} of {driver_id} is decided already") from None
    told = {"evaluated_on": evaluated_on.isoformat(), "why": why}
    audit.record(connection, by, role, f"premium.{decision.value.lower()}", driver_id, now, told)


_SUSPENDED = {
    "status": PremiumStatus.SUSPENDED, "tier": DriverTier.NONE, "qualified_since": None,
}  # fmt: skip
_CLEARED = {"status": PremiumStatus.QUALIFIED, "nights_below_standard": 0}


def file(
    connection: Connection,
    driver_id: str,
    evaluated_on: date,
    text: str,
    by: str,
    role: Role,
    now: datetime,
    within_days: int,
) -> uuid.UUID:
    """An appeal against one evaluation, ``within_days`` after its night; its id.

    Raises
    ------
    BadInput
        Without words or with too many; if the driver qualified in that night; when it is late.
    NotThere
        Without such an evaluation.
    Conflict
        If that evaluation was appealed before, or another appeal of the driver is open.
    """
    _require(text, "what the appeal is about")
    if len(text) > LONGEST:
        raise BadInput(f"expected at most {LONGEST} characters of appeal, got {len(text)}")
    mine = (EVALUATION.c.driver_id == driver_id) & (EVALUATION.c.evaluated_on == evaluated_on)
    qualified = connection.scalar(sa.select(EVALUATION.c.qualified).where(mine))
    if qualified is None:
        raise NotThere(f"there is no evaluation of {driver_id} on {evaluated_on}")
    if qualified:
        raise BadInput(f"{driver_id} qualified on {evaluated_on}: nothing to appeal against")
    if now.date() > evaluated_on + timedelta(days=within_days):
        raise BadInput(
            f"expected an appeal within {within_days} days of {evaluated_on}, got {now.date()}; "
            "appeal against a later evaluation"
        )
    appeal_id = uuid.uuid4()
    row = {"driver_id": driver_id, "evaluated_on": evaluated_on, "text": text}
    filed = {"status": AppealStatus.OPEN, "filed_by": by, "filed_at": now}
    try:
        connection.execute(APPEAL.insert().values(id=appeal_id, **row, **filed))
    except IntegrityError:
        raise Conflict(
            f"{driver_id} has an open appeal, or appealed against {evaluated_on} before"
        ) from None
    audit.record(connection, by, role, "appeal.file", str(appeal_id), now, {"driver": driver_id})
    return appeal_id


def find(connection: Connection, appeal_id: uuid.UUID) -> Row[Any]:
    """The appeal; NotThere without one."""
    mine = sa.select(APPEAL).where(APPEAL.c.id == appeal_id)
    row: Row[Any] | None = connection.execute(mine).one_or_none()
    if row is None:
        raise NotThere(f"there is no appeal {appeal_id}")
    return row


def open_appeals(connection: Connection, limit: int) -> Sequence[Row[Any]]:
    """Appeals that wait for a person, the oldest first."""
    waits = sa.select(APPEAL).where(APPEAL.c.status == AppealStatus.OPEN)
    return connection.execute(waits.order_by(APPEAL.c.filed_at).limit(limit)).all()


def decide(
    connection: Connection,
    appeal_id: uuid.UUID,
    upheld: bool,
    why: str,
    by: str,
    role: Role,
    now: datetime,
) -> Row[Any]:
    """Uphold or reject an appeal; the row as it stands then.

    Upheld, it ends a suspension (with the next night's evaluation), takes back a warning or a
    proposal, and the nights before it no longer count.

    Raises
    ------
    BadInput, NotThere
        Without a reason; without such an appeal.
    NotAllowed
        For whoever decided on the driver's suspension: an appeal goes to somebody else.
    Conflict
        If it was decided already.
    """
    _require(why, "a reason that the driver is told")
    mine = APPEAL.c.id == appeal_id
    found = find(connection, appeal_id)
    if by == _suspended_by(connection, found.driver_id):
        raise NotAllowed("whoever decided on the suspension does not decide on its appeal")
    status = AppealStatus.UPHELD if upheld else AppealStatus.REJECTED
    done = {"status": status, "decided_by": by, "decided_at": now, "why": why}
    waits = mine & (APPEAL.c.status == AppealStatus.OPEN)
    changed = connection.execute(APPEAL.update().where(waits).values(**done)).rowcount
    row: Row[Any] = connection.execute(sa.select(APPEAL).where(mine)).one()
    if changed != 1:
        raise Conflict(f"this appeal was {row.status} by {row.decided_by}")
    if upheld:
        warned = DRIVER.c.status.in_([PremiumStatus.WARNING, PremiumStatus.SUSPENSION_PROPOSED])
        here = DRIVER.c.driver_id == row.driver_id
        connection.execute(DRIVER.update().where(here & warned).values(**_CLEARED))
    told = {"driver": row.driver_id, "why": why}
    action = "appeal.uphold" if upheld else "appeal.reject"
    audit.record(connection, by, role, action, str(appeal_id), now, told)
    return row


def _suspended_by(connection: Connection, driver_id: str) -> str | None:
    """Who decided last on the driver's suspension."""
    mine = sa.select(REVIEW.c.decided_by).where(REVIEW.c.driver_id == driver_id)
    found: str | None = connection.scalar(mine.order_by(REVIEW.c.decided_at.desc()).limit(1))
    return found


def decisions(connection: Connection) -> list[dict[str, Any]]:
    """What people decided, oldest first: driver_id, on (UTC day), suspended.

    Not suspended means cleared: a proposal was turned down or an appeal upheld.
    """
    reviews = sa.select(REVIEW.c.driver_id, REVIEW.c.decided_at, REVIEW.c.decision)
    upheld = sa.select(APPEAL.c.driver_id, APPEAL.c.decided_at).where(
        APPEAL.c.status == AppealStatus.UPHELD
    )
    found = [
        (row.decided_at, row.driver_id, row.decision == Decision.SUSPEND)
        for row in connection.execute(reviews)
    ] + [(row.decided_at, row.driver_id, False) for row in connection.execute(upheld)]
    return [
        {"driver_id": driver, "on": at.date(), "suspended": suspended}
        for at, driver, suspended in sorted(found)
    ]


def _require(text: str, what: str) -> None:
    if not text.strip():
        raise BadInput(f"expected {what}, got nothing")
