"""Endpoints of premium drivers: find them, keep what dispatch knows of them, on and off duty."""

import math
from datetime import datetime
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query
from sqlalchemy.engine import Connection, Row

from core.enums import BookingStatus, DriverTier, MatchStatus, Role, ServiceClass, Vertical
from core.errors import Conflict, NotAllowed
from core.params.decisions import MatchingParams
from features.geometry import great_circle_km
from serving.api.callers import Admin, Anyone, Found, only
from serving.api.idempotency import Key, once
from serving.api.identity import Caller
from serving.api.problems import documented
from serving.premium import access, rides
from serving.premium.driver_schemas import AvailabilityIn, DriverIn, DriverOut, Drivers, ProfileIn
from serving.schemas import Closed, Word, shown
from store import audit, outbox, premium_drivers
from store import premium_bookings as kept
from store.db import read, write
from store.tables import PremiumStatus

router = APIRouter(
    prefix="/drivers",
    tags=["premium drivers"],
    responses=documented(401, 403, 404, 409, 422, 429, 503),
)
Inside = Annotated[Caller, Depends(only(Role.AGENT, Role.ADMIN, Role.SERVICE))]
TIERS, CLASSES = tuple(DriverTier), tuple(ServiceClass)
KM_PER_DEGREE = 111.195


class Near(Closed):
    """A place to look around, and how far."""

    lat: float
    lon: float
    within_km: float


def near(
    near_lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    near_lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
    within_km: Annotated[float, Query(gt=0, le=100)] = 10.0,
) -> Near | None:
    """Where to look; None unless both coordinates are given."""
    if near_lat is None or near_lon is None:
        return None
    return Near(lat=near_lat, lon=near_lon, within_km=within_km)


@router.get("")
def list_drivers(
    _who: Inside,
    found: Found,
    around: Annotated[Near | None, Depends(near)],
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    page_size: Annotated[int | None, Query(ge=1, le=100)] = None,
    status: PremiumStatus | None = None,
    tier: DriverTier | None = None,
    vertical: Vertical | None = None,
    service_class: ServiceClass | None = None,
    min_rating: Annotated[float | None, Query(ge=1, le=5)] = None,
    available: bool | None = None,
) -> Drivers:
    """Drivers who could serve a vertical and class, the best first; near a place, the nearest."""
    size = page_size or found.params.api.page_size
    wanted = premium_drivers.matching({
        "status": status, "tier": tier, "min_rating": min_rating, "available": available,
        "box": around and _box(around), **_served(vertical, service_class, found.params.matching),
    })  # fmt: skip
    if around is None:
        rows, total = read(found.engine, lambda c: premium_drivers.listed(c, wanted, page, size))
        items = [shown(DriverOut, row) for row in rows]
        return Drivers(items=items, page=page, page_size=size, total=total)
    rows = read(found.engine, lambda c: premium_drivers.everyone(c, wanted))
    close = _nearest_first(rows, around)
    shown_rows = close[(page - 1) * size : page * size]
    items = [shown(DriverOut, row, km_away=round(km, 3)) for km, row in shown_rows]
    return Drivers(items=items, page=page, page_size=size, total=len(close))


def _served(
    vertical: Vertical | None, service_class: ServiceClass | None, params: MatchingParams
) -> dict[str, Any]:
    """The vehicles and tiers that a vertical and a class need; nothing for what is not asked."""
    types = set(params.vehicles[vertical]) if vertical else None
    if service_class is None:
        return {"vehicle_types": types}
    place = CLASSES.index(service_class)
    good = {t for t, best in params.vehicle_class.items() if CLASSES.index(best) >= place}
    floor = params.tier_floor.get(service_class, DriverTier.NONE)
    return {
        "vehicle_types": good if types is None else good & types,
        "tiers": TIERS[TIERS.index(floor) :],
    }


def _box(around: Near) -> tuple[float, float, float, float]:
    """Degrees that hold the circle: an index narrows these down, the distance decides."""
    up = around.within_km / KM_PER_DEGREE
    across = min(180.0, up / max(math.cos(math.radians(around.lat)), 1e-6))
    return around.lat - up, around.lat + up, around.lon - across, around.lon + across


def _nearest_first(rows: list[Row[Any]], around: Near) -> list[tuple[float, Row[Any]]]:
    lat, lon = ([getattr(row, name) for row in rows] for name in ("lat", "lon"))
    km = great_circle_km(around.lat, around.lon, lat, lon)
    order = np.argsort(km, kind="stable")
    return [(float(km[at]), rows[at]) for at in order if km[at] <= around.within_km]


@router.get("/{driver_id}")
def get_driver(driver_id: Word, who: Anyone, found: Found) -> DriverOut:
    """A driver; drivers see themselves only."""
    access.about(who, driver_id)
    row = read(found.engine, lambda c: premium_drivers.find(c, driver_id))
    driver: DriverOut = shown(DriverOut, row)
    return driver


@router.post("", status_code=201)
def create(given: DriverIn, who: Admin, found: Found, key: Key = None) -> DriverOut:
    """A driver for dispatch; whether they qualify is for the nightly evaluation to say."""
    now, values = found.clock(), given.model_dump()

    def work(connection: Connection) -> Row[Any]:
        times = {"created_at": now, "updated_at": now}
        row = premium_drivers.create(connection, {**values, **times})
        _record(connection, who, "driver.create", given.driver_id, given, now)
        outbox.add(connection, "PREMIUM_DRIVER_CREATED", {"driver_id": given.driver_id}, now)
        return row

    return once(
        found, who, key, given, DriverOut, lambda: shown(DriverOut, write(found.engine, work))
    )


@router.patch("/{driver_id}")
def change(driver_id: Word, given: ProfileIn, who: Admin, found: Found) -> DriverOut:
    """What dispatch knows of a driver, as it should be from now on."""
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        row = premium_drivers.locked(connection, driver_id)
        changed = premium_drivers.change(connection, row, {**given.model_dump(), "updated_at": now})
        _record(connection, who, "driver.change", driver_id, given, now)
        outbox.add(connection, "PREMIUM_DRIVER_UPDATED", {"driver_id": driver_id}, now)
        return changed

    driver: DriverOut = shown(DriverOut, write(found.engine, work))
    return driver


def _record(
    connection: Connection, who: Caller, act: str, driver_id: str, given: Closed, now: datetime
) -> None:
    told = given.model_dump(mode="json")
    audit.record(connection, who.subject, who.role, act, driver_id, now, told)


@router.post("/{driver_id}/availability")
def set_availability(
    driver_id: Word, given: AvailabilityIn, who: Anyone, found: Found
) -> DriverOut:
    """Whether a driver takes rides now, and where they are; sent again as they move.

    Who goes off duty gives back what they were offered.
    """
    if who.role == Role.AGENT:
        raise NotAllowed("expected the driver, an administrator or a service, got an agent")
    access.about(who, driver_id)
    now = found.clock()

    def work(connection: Connection) -> Row[Any]:
        row = premium_drivers.locked(connection, driver_id)
        if given.available and row.tier == DriverTier.NONE:
            raise Conflict(f"driver {driver_id} is {row.status}: no premium rides")
        place = given.place
        where = {"lat": place.lat, "lon": place.lon, "located_at": now} if place else {}
        values = {"available": given.available, "updated_at": now, **where}
        changed = premium_drivers.change(connection, row, values)
        if row.available != given.available:
            name = f"PREMIUM_DRIVER_{'AVAILABLE' if given.available else 'UNAVAILABLE'}"
            outbox.add(connection, name, {"driver_id": driver_id}, now)
        if not given.available:
            _hand_back(connection, driver_id, now)
        return changed

    driver: DriverOut = shown(DriverOut, write(found.engine, work))
    return driver


def _hand_back(connection: Connection, driver_id: str, now: datetime) -> None:
    held = kept.held_by(connection, driver_id)
    if held is not None and held.status == BookingStatus.CONFIRMED:
        rides.give_back(connection, held, MatchStatus.DECLINED, now)
