"""Drivers: a snapshot of who drives."""

import great_expectations as gx

from core.enums import DriverTier
from expectations.rules import MAX_ID, between, contract, length, one_of

MAX_RIDES = 200_000
"""No career is longer: fifty rides a day for ten years."""


def suite() -> gx.ExpectationSuite:
    """What a delivery of drivers must look like."""
    return gx.ExpectationSuite(
        name="drivers",
        expectations=[
            *contract("drivers"),
            one_of("tier", DriverTier),
            length("city", 1, MAX_ID),
            length("background_check", 1, 40),
            between("opening_rides", 0, MAX_RIDES),
        ],
    )
