"""Messages of support conversations."""

import great_expectations as gx

from core.enums import Action, MessageType, Sender
from core.intents import LABELS
from expectations.rules import MAX_ID, at_least, between, contract, length, matches, one_of


def suite() -> gx.ExpectationSuite:
    """What a delivery of messages must look like."""
    return gx.ExpectationSuite(
        name="messages",
        expectations=[
            *contract("messages", min_rows=0),
            length("conversation_id", 1, MAX_ID),
            at_least("seq", 0),
            one_of("sender", Sender),
            one_of("message_type", MessageType),
            length("content", 1, 5_000),
            between("confidence_score", 0, 1),
            one_of("action", Action),
            one_of("intent", LABELS),
            matches("language_code", "^[a-z]{2}$"),
            between("sentiment_score", -1, 1),
            at_least("processing_time_ms", 0),
        ],
    )
