"""Subscriptions: plans that riders have or had."""

import great_expectations as gx

from expectations.rules import MAX_ID, PLANS, at_least, contract, length, not_below, one_of


def suite() -> gx.ExpectationSuite:
    """What a delivery of subscriptions must look like."""
    return gx.ExpectationSuite(
        name="subscriptions",
        expectations=[
            *contract("subscriptions", min_rows=0),
            length("rider_id", 1, MAX_ID),
            one_of("plan", PLANS),
            at_least("price", 0),
            not_below("ended_on", "started_on"),
        ],
    )
