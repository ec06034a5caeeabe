"""Exposures: a price, offer or dispatch that was shown, and how likely that was."""

import great_expectations as gx

from core.enums import ExposureKind
from expectations.rules import (
    MAX_FARE_CENTS,
    MAX_ID,
    above,
    between,
    contract,
    length,
    matches,
    one_of,
)


def suite() -> gx.ExpectationSuite:
    """What a delivery of exposures must look like."""
    return gx.ExpectationSuite(
        name="exposures",
        expectations=[
            *contract("exposures", min_rows=0),
            length("rider_id", 1, MAX_ID),
            one_of("kind", ExposureKind),
            length("action", 1, MAX_ID),
            between("price", 0, MAX_FARE_CENTS),
            above("propensity", 0, 1),
            length("policy_version", 1, MAX_ID),
            matches("context", r"^\{.*\}$"),
        ],
    )
