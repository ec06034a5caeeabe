"""The decisions that the city leaves to others: a price for a slot, an answer to a message.

The simulator imports no engine; pipelines.simulated_day hands the real ones in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulator.calibration import Floats

Multiplier = Callable[[pa.Table], Floats]
"""One price multiplier per row of `simulator.pricing.SLOT_COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One message of a user, with what a support engine may know of it.

    ``earlier`` holds the replies of this conversation so far, oldest first, and
    ``earlier_texts`` the user's messages they answered.
    """

    conversation_id: str
    seq: int
    content: str
    user_id: str
    audience: str
    channel: str
    loyalty_tier: str | None
    order_id: str | None
    vertical: str | None
    fraud_flagged: bool
    earlier: tuple["Reply", ...] = ()
    earlier_texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the engine did with a message; the fields of domain.md 2.1 and 2.3."""

    action: str
    intent: str
    confidence: float | None
    kb_code: str | None
    sentiment_score: float
    processing_time_ms: int
    content: str
    release: str
    reason_code: str | None = None
    priority: str = "MEDIUM"
    language_code: str = "en"
    sources: str | None = None


Answer = Callable[[Sequence[Ask]], list[Reply]]
"""A whole batch of messages in, one reply each out, in the same order."""


@dataclass(frozen=True, slots=True)
class Policies:
    """The engines that the city is run with; ``versions`` names what is logged beside decisions."""

    multiplier: Multiplier
    answer: Answer
    pricing_version: str = "rule-1"


def flat_multiplier(slots: pa.Table) -> Floats:
    """No surge: for tests and for history, where nobody looks at prices."""
    return np.ones(slots.num_rows)
