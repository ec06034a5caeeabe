"""Promotions: a discount granted to a rider."""

import great_expectations as gx

from expectations.rules import MAX_FARE_CENTS, MAX_ID, between, contract, length, not_below


def suite() -> gx.ExpectationSuite:
    """What a delivery of promotions must look like."""
    return gx.ExpectationSuite(
        name="promotions",
        expectations=[
            *contract("promotions", min_rows=0),
            length("rider_id", 1, MAX_ID),
            length("code", 1, MAX_ID),
            between("value", 0, MAX_FARE_CENTS),
            not_below("used_at", "granted_at"),
        ],
    )
