"""Riders: a snapshot of who rides."""

import great_expectations as gx

from core.enums import LoyaltyTier
from expectations.rules import MAX_ID, PLANS, contract, length, one_of


def suite() -> gx.ExpectationSuite:
    """What a delivery of riders must look like."""
    return gx.ExpectationSuite(
        name="riders",
        expectations=[
            *contract("riders"),
            one_of("loyalty_tier", LoyaltyTier),
            length("home_city", 1, MAX_ID),
            one_of("plan", PLANS),
        ],
    )
