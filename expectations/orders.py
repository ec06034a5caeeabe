"""Orders: a request for a service, through its whole life."""

import great_expectations as gx

from core.enums import CancelledBy, OrderStatus, RideType, ServiceClass, Vertical
from expectations.rules import (
    DAY_MINUTES,
    MAX_FARE_CENTS,
    MAX_KM,
    above,
    between,
    contract,
    known_zone,
    length,
    matches,
    not_below,
    once,
    one_of,
    present,
)


def suite() -> gx.ExpectationSuite:
    """What a delivery of orders must look like."""
    return gx.ExpectationSuite(
        name="orders",
        meta=once(),
        expectations=[
            *contract("orders"),
            one_of("vertical", Vertical),
            one_of("ride_type", RideType),
            one_of("service_class", ServiceClass),
            one_of("status", OrderStatus),
            one_of("cancelled_by", CancelledBy),
            matches("currency", "^[A-Z]{3}$"),
            length("source", 1, 40),
            known_zone("zone_id"),
            known_zone("dropoff_zone_id"),
            *(between(column, -90, 90) for column in ("pickup_lat", "dropoff_lat")),
            *(between(column, -180, 180) for column in ("pickup_lon", "dropoff_lon")),
            between("quoted_fare", 0, MAX_FARE_CENTS),
            above("surge", 0, 10),
            between("distance_km", 0, MAX_KM),
            *(
                between(column, 0, DAY_MINUTES)
                for column in ("duration_minutes", "eta_quoted_minutes", "eta_actual_minutes")
            ),
            *(
                not_below(column, "requested_at")
                for column in ("matched_at", "picked_up_at", "completed_at", "cancelled_at")
            ),
            not_below("completed_at", "picked_up_at"),
            present("picked_up_at", when=("status", OrderStatus.COMPLETED)),
            present("completed_at", when=("status", OrderStatus.COMPLETED)),
            present("cancelled_at", when=("status", OrderStatus.CANCELLED)),
            present("cancelled_by", when=("status", OrderStatus.CANCELLED)),
        ],
    )
