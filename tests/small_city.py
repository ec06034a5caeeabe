"""A city of three order days and policies that need no engine."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.params import load_params
from simulator.book import Book
from simulator.calibration import load_calibration
from simulator.city import City, make_city
from simulator.company import load_company
from simulator.policies import Ask, Policies, Reply
from simulator.texts import load_texts

ROOT = Path(__file__).resolve().parents[1]
MESSAGES = Path(__file__).parent / "simulator" / "messages.csv"
SMALL = {
    "simulator.days": 3,
    "simulator.history_days": 40,
    "simulator.orders_per_day": 900,
    "simulator.riders": 2500,
    "simulator.drivers": 260,
    "simulator.zones": 9,
    "simulator.conversations_per_day": 60,
    "simulator.leakage_share": 0.05,
    "simulator.dirty_share": 0.02,
}


def small_city(**overrides: object) -> City:
    params = load_params(ROOT / "params.yaml", overrides={**SMALL, **overrides})
    return make_city(
        params.simulator,
        params.pricing,
        load_calibration(ROOT / "data" / "calibration.json"),
        load_company(ROOT / "data" / "policies.yaml"),
        load_texts(MESSAGES),
    )


def by_demand(slots: pa.Table) -> np.ndarray:
    """Dearer where more is asked than usual."""
    requests = slots["requests"].to_numpy()
    return (0.8 + 0.6 * requests / np.maximum(slots["requests_q95"].to_numpy(), 1)).clip(0.7, 2.0)


def answer_login_only(asks: Sequence[Ask]) -> list[Reply]:
    """Knows one item, hands people over who ask for it, takes everything else for a login."""
    replies = []
    for ask in asks:
        hand_over = "person" in ask.content or "accident" in ask.content
        replies.append(
            Reply(
                action="escalate" if hand_over else "answer",
                intent="talk_to_human" if hand_over else "account_login",
                confidence=None if hand_over else 0.9,
                kb_code=None if hand_over else "KB0001",
                sentiment_score=-0.25,
                processing_time_ms=12,
                content="Use the link on the sign-in page.",
                release="test-1",
                reason_code="USER_REQUEST" if hand_over else None,
            )
        )
    return replies


POLICIES = Policies(by_demand, answer_login_only)


@cache
def shared_book() -> Book:
    """The small city's days, made once for all tests that only read them."""
    return Book(small_city(), POLICIES)
