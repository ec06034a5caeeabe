"""Premium drivers: what dispatch knows of them, beside where the last evaluation left them."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.enums import DriverTier
from core.errors import Conflict, NotThere
from store.appeals import DRIVER, EVALUATION
from store.tables import Base, PremiumDriverProfile, PremiumStatus

PROFILE = Base.metadata.tables[PremiumDriverProfile.__tablename__]
STATUS = sa.func.coalesce(DRIVER.c.status, PremiumStatus.NOT_QUALIFIED, type_=DRIVER.c.status.type)
TIER = sa.func.coalesce(DRIVER.c.tier, DriverTier.NONE, type_=DRIVER.c.tier.type)
_LAST = (EVALUATION.c.driver_id == PROFILE.c.driver_id) & (
    EVALUATION.c.evaluated_on == DRIVER.c.evaluated_on
)
_WHOLE = (
    sa.select(
        PROFILE, STATUS.label("status"), TIER.label("tier"), DRIVER.c.quality_score,
        DRIVER.c.evaluated_on, EVALUATION.c.rating,
    )
    .select_from(PROFILE)
    .outerjoin(DRIVER, DRIVER.c.driver_id == PROFILE.c.driver_id)
    .outerjoin(EVALUATION, _LAST)
)  # fmt: skip
"""A profile with where its driver stands; who was never evaluated is not qualified."""


def find(connection: Connection, driver_id: str) -> Row[Any]:
    """The driver; NotThere without a profile."""
    return _one(connection, _WHOLE.where(PROFILE.c.driver_id == driver_id), driver_id)


def locked(connection: Connection, driver_id: str) -> Row[Any]:
    """The driver, whose profile is held against other writers until the transaction ends."""
    mine = sa.select(PROFILE).where(PROFILE.c.driver_id == driver_id)
    _one(connection, mine.with_for_update(), driver_id)
    return find(connection, driver_id)


def _one(connection: Connection, select: Any, driver_id: str) -> Row[Any]:
    row: Row[Any] | None = connection.execute(select).one_or_none()
    if row is None:
        raise NotThere(f"there is no driver {driver_id}")
    return row


def create(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """A new driver; Conflict if there is one of this id."""
    try:
        connection.execute(PROFILE.insert().values(values))
    except IntegrityError:
        raise Conflict(f"there is a driver {values['driver_id']}; change that one") from None
    return find(connection, values["driver_id"])


def change(connection: Connection, row: Row[Any], values: Mapping[str, Any]) -> Row[Any]:
    """Compare and set: ``values`` into the profile as it was read; Conflict if it was changed."""
    same = (PROFILE.c.driver_id == row.driver_id) & (PROFILE.c.version == row.version)
    update = PROFILE.update().where(same).values(**values, version=row.version + 1)
    if connection.execute(update).rowcount != 1:
        raise Conflict(f"driver {row.driver_id} was changed meanwhile; read again")
    return find(connection, row.driver_id)


def matching(where: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """Drivers by status, tier, tiers, vehicle_types, available, min_rating and box (lowest and
    highest latitude, lowest and highest longitude); what is None does not matter."""
    rules: dict[str, Callable[[Any], sa.ColumnElement[bool]]] = {
        "status": lambda value: value == STATUS,
        "tier": lambda value: value == TIER,
        "tiers": TIER.in_,
        "vehicle_types": PROFILE.c.vehicle_type.in_,
        "available": lambda value: PROFILE.c.available == value,
        "min_rating": lambda value: EVALUATION.c.rating >= value,
        "box": lambda box: (
            PROFILE.c.lat.between(box[0], box[1]) & PROFILE.c.lon.between(box[2], box[3])
        ),
    }
    given = ((rules[name], value) for name, value in where.items() if value is not None)
    return sa.and_(sa.true(), *(rule(value) for rule, value in given))


def listed(
    connection: Connection, wanted: sa.ColumnElement[bool], page: int, size: int
) -> tuple[list[Row[Any]], int]:
    """One page of drivers, the best first, and how many there are in all."""
    best = DRIVER.c.quality_score.desc().nulls_last(), PROFILE.c.driver_id
    chosen = _WHOLE.where(wanted).order_by(*best).limit(size).offset((page - 1) * size)
    rows = connection.execute(chosen).all()
    counted = sa.select(sa.func.count()).select_from(_WHOLE.where(wanted).subquery())
    return list(rows), int(connection.scalar(counted) or 0)


def everyone(connection: Connection, wanted: sa.ColumnElement[bool]) -> list[Row[Any]]:
    """All of them, in the order of their ids."""
    return list(connection.execute(_WHOLE.where(wanted).order_by(PROFILE.c.driver_id)).all())


def standing(connection: Connection, driver_id: str) -> Row[Any]:
    """The last evaluation of a driver with where it left them; NotThere before the first."""
    both = (EVALUATION.c.driver_id == DRIVER.c.driver_id) & (
        EVALUATION.c.evaluated_on == DRIVER.c.evaluated_on
    )
    chosen = (
        sa.select(
            DRIVER, EVALUATION.c.qualified, EVALUATION.c.probability, EVALUATION.c.threshold,
            EVALUATION.c.rating, EVALUATION.c.reasons,
        )
        .join(EVALUATION, both)
        .where(DRIVER.c.driver_id == driver_id)
    )  # fmt: skip
    row: Row[Any] | None = connection.execute(chosen).one_or_none()
    if row is None:
        raise NotThere(f"driver {driver_id} was not evaluated yet")
    return row
