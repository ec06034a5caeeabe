"""Premium bookings for tests: whole rows that the constraints accept."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy.engine import Engine, Row

from store import premium_bookings
from store.db import write

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
_numbers = count(1)


def booking(**changes: Any) -> dict[str, Any]:
    """The columns of a booking that waits for its rider's word."""
    row: dict[str, Any] = {
        "rider_id": "R000001", "service_class": "PREMIUM", "status": "PENDING", "zone_id": "Z01",
        "pickup_lat": 38.72, "pickup_lon": -9.14, "dropoff_lat": 38.74, "dropoff_lon": -9.16,
        "wishes": {}, "quote": {}, "quote_signature": f"s{next(_numbers)}",
        "fare_cents": 2001, "price_cents": 2001, "standard_cents": 1334, "driver_pay_cents": 1734,
        "driver_bonus_cents": 133,
        "currency": "USD", "created_at": AT, "updated_at": AT,
    }  # fmt: skip
    return {**row, **changes}


def add(engine: Engine, **changes: Any) -> Row[Any]:
    return write(engine, lambda c: premium_bookings.create(c, booking(**changes)))
