"""Driver-days: what a driver did in one day."""

import great_expectations as gx

from expectations.rules import DAY_MINUTES, at_least, between, contract, not_below


def suite() -> gx.ExpectationSuite:
    """What a delivery of driver_days must look like."""
    return gx.ExpectationSuite(
        name="driver_days",
        expectations=[
            *contract("driver_days"),
            *(between(column, 0, DAY_MINUTES) for column in ("online_minutes", "engaged_minutes")),
            not_below("online_minutes", "engaged_minutes"),
            not_below("offers", "accepts"),
            *(
                between(column, 0, 1_000)
                for column in (
                    "offers",
                    "accepts",
                    "cancels",
                    "completed",
                    "on_time",
                    "eta_hits",
                    "rating_count",
                )
            ),
            between("rating_sum", 0, 5_000),
            *(at_least(column, 0) for column in ("earnings", "bonus")),
        ],
    )
