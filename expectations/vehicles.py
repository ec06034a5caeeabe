"""Vehicles: a snapshot of the fleet."""

import great_expectations as gx

from core.enums import VehicleType
from expectations.rules import between, contract, one_of


def suite() -> gx.ExpectationSuite:
    """What a delivery of vehicles must look like."""
    return gx.ExpectationSuite(
        name="vehicles",
        expectations=[
            *contract("vehicles"),
            one_of("type", VehicleType),
            between("year", 1980, 2100),
        ],
    )
