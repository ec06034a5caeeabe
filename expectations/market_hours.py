"""Market hours: demand, supply and circumstances of a zone in one hour."""

import great_expectations as gx

from expectations.rules import above, at_least, between, contract, known_zone, not_below


def suite() -> gx.ExpectationSuite:
    """What a delivery of market_hours must look like."""
    return gx.ExpectationSuite(
        name="market_hours",
        expectations=[
            *contract("market_hours"),
            known_zone("zone_id"),
            at_least("requests", 0),
            at_least("unmet", 0),
            not_below("requests", "unmet"),
            at_least("available_drivers", 0),
            between("weather", -1, 1),
            between("event", 0, 1),
            above("competitor_index", 0, 10),
        ],
    )
