"""Payments: money that moved for an order, in integer cents."""

import great_expectations as gx

from core.enums import PaymentKind, PaymentMethod, PaymentStatus
from expectations.rules import (
    MAX_FARE_CENTS,
    MAX_ID,
    between,
    contract,
    length,
    matches,
    once,
    one_of,
)


def suite() -> gx.ExpectationSuite:
    """What a delivery of payments must look like."""
    return gx.ExpectationSuite(
        name="payments",
        meta=once(),
        expectations=[
            *contract("payments"),
            length("order_id", 1, MAX_ID),
            one_of("kind", PaymentKind),
            one_of("method", PaymentMethod),
            one_of("status", PaymentStatus),
            between("amount", 0, 10 * MAX_FARE_CENTS),
            matches("currency", "^[A-Z]{3}$"),
        ],
    )
