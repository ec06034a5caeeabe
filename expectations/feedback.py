"""Feedback on an answer of support."""

import great_expectations as gx

from expectations.rules import MAX_ID, between, contract, length


def suite() -> gx.ExpectationSuite:
    """What a delivery of feedback must look like."""
    return gx.ExpectationSuite(
        name="feedback",
        expectations=[
            *contract("feedback", min_rows=0),
            length("message_id", 1, MAX_ID),
            length("conversation_id", 1, MAX_ID),
            between("user_rating", 1, 5),
            length("user_comment", 0, 1_000),
        ],
    )
