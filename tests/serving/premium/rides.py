"""A premium ride over HTTP, step by step; offers are made as the dispatch loop makes them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from core.enums import Audience, Role
from store import premium_bookings as kept
from store.db import write
from store.rows import replace_rows, upsert_rows
from store.tables import DriverQualification, PremiumDriver

TRIP = {
    "service_class": "PREMIUM", "zone_id": "Z01",
    "pickup": {"lat": 38.72, "lon": -9.14}, "dropoff": {"lat": 38.75, "lon": -9.18},
}  # fmt: skip


def driver(api: Any, driver_id: str = "D0001") -> dict[str, str]:
    token: dict[str, str] = api.bearer(driver_id, audience=Audience.DRIVER)
    return token


def admin(api: Any, name: str = "root") -> dict[str, str]:
    token: dict[str, str] = api.bearer(name, Role.ADMIN)
    return token


def evaluated(api: Any, **stand: str) -> None:
    """Drivers as a night left them: their status by id; all but NOT_QUALIFIED have a tier."""
    night = api.now.date()
    drivers, judged = [], []
    for driver_id, status in stand.items():
        tier = "NONE" if status == "NOT_QUALIFIED" else "GOLD"
        fine = status == "QUALIFIED"
        drivers.append({
            "driver_id": driver_id, "status": status, "tier": tier, "quality_score": 80.0,
            "nights_below_standard": 0 if fine else 5, "qualified_since": None,
            "evaluated_on": night,
        })  # fmt: skip
        judged.append({
            "driver_id": driver_id, "qualified": fine, "gates_passed": fine,
            "tier": tier if fine else "NONE", "rating": 4.9, "probability": 0.9,
            "threshold": 0.8, "reasons": [{"gate": "rating", "value": 4.9, "passed": fine}],
        })  # fmt: skip
    upsert_rows(api.platform.engine, PremiumDriver, drivers)
    replace_rows(api.platform.engine, DriverQualification, {"evaluated_on": night}, judged)


def made(api: Any, driver_id: str = "D0001", **changes: Any) -> dict[str, Any]:
    """A driver whom dispatch knows."""
    body = {"driver_id": driver_id, "vehicle_type": "LUXURY_SEDAN", **changes}
    reply = api.call("POST", "/premium/drivers", admin(api), json=body)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def on_duty(api: Any, driver_id: str = "D0001", lat: float = 38.72, lon: float = -9.14) -> Any:
    body = {"available": True, "place": {"lat": lat, "lon": lon}}
    path = f"/premium/drivers/{driver_id}/availability"
    return api.call("POST", path, driver(api, driver_id), json=body)


def quoted(api: Any, who: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """The body that books a trip."""
    trip = {**TRIP, **changes}
    api.later(milliseconds=1)  # no two quotes of a rider are made in one moment
    reply = api.call("POST", "/premium/quotes", who, json={"trip": trip})
    assert reply.status_code == 201, reply.text
    return {"trip": trip, "quote": reply.json()}


def booked(api: Any, who: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """A booking that was confirmed."""
    reply = api.call("POST", "/premium/bookings", who, json=quoted(api, who, **changes))
    assert reply.status_code == 201, reply.text
    confirmed = api.call("POST", f"/premium/bookings/{reply.json()['id']}/confirm", who)
    assert confirmed.status_code == 200, confirmed.text
    found: dict[str, Any] = confirmed.json()
    return found


def offered(api: Any, booking_id: str, driver_id: str = "D0001") -> None:
    """What a window of the dispatch loop does."""

    def work(connection: Connection) -> None:
        row = kept.locked(connection, UUID(booking_id))
        decision = {
            "batch_id": kept.batch(connection, {}, api.now), "driver_id": driver_id,
            "score": 0.8, "eta_minutes": 4.0, "explanation": {},
        }  # fmt: skip
        kept.offer(connection, row, decision, api.now, api.now + timedelta(seconds=15))

    write(api.platform.engine, work)


def driven(api: Any, until: str = "complete", **changes: Any) -> dict[str, Any]:
    """A booking whose driver D0001 went so far: accept, start, complete."""
    found = booked(api, **changes)
    offered(api, found["id"])
    for step in ("accept", "start", "complete"):
        reply = api.call("POST", f"/premium/bookings/{found['id']}/{step}", driver(api))
        assert reply.status_code == 200, reply.text
        found = reply.json()
        if step == until:
            break
    return found


def events(api: Any) -> list[str]:
    """Names of all events so far, the oldest first."""
    from store.outbox import OUTBOX

    with api.platform.engine.connect() as connection:
        rows = connection.execute(OUTBOX.select().order_by(OUTBOX.c.seq))
        return [row.name for row in rows]
