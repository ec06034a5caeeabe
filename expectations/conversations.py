"""Conversations with support, as they stood at the end of the day."""

import great_expectations as gx

from core.enums import (
    Channel,
    Complexity,
    ConversationStatus,
    Priority,
    ReasonCode,
    ResolutionKind,
    Vertical,
)
from core.intents import LABELS
from expectations.rules import (
    MAX_ID,
    at_least,
    between,
    contract,
    length,
    matches,
    not_below,
    once,
    one_of,
    present,
)


def suite() -> gx.ExpectationSuite:
    """What a delivery of conversations must look like."""
    return gx.ExpectationSuite(
        name="conversations",
        meta=once(),
        expectations=[
            *contract("conversations", min_rows=0),
            length("user_id", 1, MAX_ID),
            one_of("channel", Channel),
            one_of("status", ConversationStatus),
            one_of("priority", Priority),
            one_of("vertical", Vertical),
            one_of("intent", LABELS),
            one_of("complexity", Complexity),
            one_of("resolution_kind", ResolutionKind),
            one_of("reason_code", ReasonCode),
            length("escalation_reason", 0, 500),
            matches("language_code", "^[a-z]{2}$"),
            between("sentiment_score", -1, 1),
            at_least("version", 0),
            *(
                not_below(column, "created_at")
                for column in (
                    "first_response_at",
                    "updated_at",
                    "escalated_at",
                    "queued_at",
                    "assigned_at",
                    "first_agent_reply_at",
                    "resolved_at",
                    "first_resolved_at",
                    "reopened_at",
                    "closed_at",
                )
            ),
            present("escalated_at", when=("status", ConversationStatus.ESCALATED)),
            present("resolved_at", when=("status", ConversationStatus.RESOLVED)),
        ],
    )
