"""Rider-days: what a rider did in one day."""

import great_expectations as gx

from expectations.rules import at_least, between, contract, not_below


def suite() -> gx.ExpectationSuite:
    """What a delivery of rider_days must look like."""
    return gx.ExpectationSuite(
        name="rider_days",
        expectations=[
            *contract("rider_days"),
            *(between(column, 0, 1_000) for column in ("orders", "cancels")),
            not_below("orders", "cancels"),
            *(at_least(column, 0) for column in ("spend", "promotions")),
        ],
    )
