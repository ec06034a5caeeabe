"""Trips: a movement that executes an order, with its money."""

import great_expectations as gx

from core.enums import TripStatus
from expectations.rules import (
    DAY_MINUTES,
    MAX_FARE_CENTS,
    MAX_ID,
    MAX_KM,
    above,
    between,
    contract,
    length,
    not_below,
    once,
    one_of,
)


def suite() -> gx.ExpectationSuite:
    """What a delivery of trips must look like."""
    return gx.ExpectationSuite(
        name="trips",
        meta=once(),
        expectations=[
            *contract("trips"),
            length("order_id", 1, MAX_ID),
            one_of("status", TripStatus),
            not_below("ended_at", "started_at"),
            above("distance_km", 0, MAX_KM),
            above("duration_minutes", 0, DAY_MINUTES),
            between("wait_minutes", 0, DAY_MINUTES),
            *(
                between(column, 0, MAX_FARE_CENTS)
                for column in ("gross_fare", "tolls", "taxes", "tips", "promotion", "driver_pay")
            ),
            between("rating", 1, 5),
        ],
    )
