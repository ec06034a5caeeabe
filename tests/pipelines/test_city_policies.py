from typing import ClassVar

import numpy as np

from core.intents import LABELS
from core.params import load_params
from core.settings import Settings
from engines.support.answering import SupportRelease
from engines.support.rules import parse
from models.support.fusion import Found
from models.support.intent import IntentGuess
from pipelines.city_policies import by_release, by_rules, message_of, real_policies
from pipelines.context import Context
from simulator.book import Book
from simulator.policies import Ask, Policies, Reply
from store.db import migrate
from tests.small_city import POLICIES, ROOT, small_city

PARAMS = load_params(ROOT / "params.yaml")


def ask(content, earlier=()):
    return Ask(
        "c1", 2 * len(earlier) + 1, content, "R000001", "RIDER", "CHAT", None, "ORD10000001",
        "RIDE", False, earlier, tuple("earlier words" for _ in earlier),
    )  # fmt: skip


def said(action, intent, sentiment=0.0):
    return Reply(action, intent, 0.6, None, sentiment, 10, "text", "r1")


class Reader:
    """Reads the intent off the first word; everything is an answer from KB0001, 90 % sure."""

    items: ClassVar = [
        {
            "kb_code": "KB0001",
            "item_version": 2,
            "answer": "Open the app.",
            "intent": "promo_code",
            "language_code": "en",
        }
    ]

    def __init__(self):
        self.batches = []

    def embed(self, texts):
        self.batches.append(len(texts))
        return np.zeros((len(texts), 2))

    def guess(self, vectors, texts):
        first = np.array([LABELS.index(text.split()[0]) for text in texts])
        n = len(texts)
        return IntentGuess(
            first,
            first,
            np.full(n, 0.9),
            np.full(n, 0.5),
            np.zeros(n, bool),
            np.zeros(n),
            np.full((n, len(LABELS)), 1 / len(LABELS)),
        )

    def probabilities(self, vectors, texts):
        return np.tile([0.6, 0.3, 0.1], (len(texts), 1))

    def find(self, text, taken):
        return []

    def search(self, texts, vectors, probabilities, audiences, languages):
        n = len(texts)
        return Found(np.zeros((n, 1), int), np.full((n, 1), -0.5), np.full(n, 0.9))


def release():
    reader = Reader()
    rule = parse(
        "person",
        {"field": "intent", "op": "in", "value": ["talk_to_human"]},
        {"reason_codes": ["USER_REQUEST"], "priority": "MEDIUM", "specialization": "GENERAL",
         "specialization_by_intent": {}, "budget_share": 0.05},
    )  # fmt: skip
    models = [reader] * 5
    items = {"KB0001": reader.items[0]}
    return SupportRelease("r7", *models, items, PARAMS.support, (rule,))


def test_the_rule_policy_prices_every_slot_within_its_guardrails():
    seen = {}

    def watched(slots):
        seen["slots"] = slots
        seen["prices"] = by_rules(PARAMS.pricing)(slots)
        return seen["prices"]

    city = small_city()
    Book(city, Policies(watched, POLICIES.answer)).day(city.last_day)
    slots, prices = seen["slots"].to_pandas(), seen["prices"]
    assert len(prices) == len(slots) == len(city.zones) * 24 * 6
    assert prices.min() >= 0.7 and prices.max() <= 2.0
    share = (slots["requests"] / slots["requests_q95"]).clip(0, 1)
    assert np.corrcoef(share, prices)[0, 1] > 0.3


def test_replies_come_in_order_from_batches_of_the_given_size():
    loaded = release()
    asks = [ask(f"{word} please") for word in ("promo_code", "talk_to_human", "driver_eta") * 3]
    replies = by_release(loaded, 3)(asks)
    assert loaded.encoder.batches == [3, 3, 3]
    assert [r.intent for r in replies] == ["promo_code", "talk_to_human", "driver_eta"] * 3
    assert [r.action for r in replies[:3]] == ["answer", "escalate", "answer"]
    assert replies[0].kb_code == "KB0001"
    assert replies[0].sources == '[{"kb_code": "KB0001", "item_version": 2, "score": -0.5}]'
    assert (replies[1].reason_code, replies[1].priority) == ("USER_REQUEST", "MEDIUM")
    assert replies[1].confidence is None
    assert {r.release for r in replies} == {"r7"}


def test_the_engine_is_told_what_happened_so_far():
    first = message_of(ask("hello"))
    assert (first.previous_sentiment_score, first.after_ai_answer) == (None, False)
    assert (first.low_confidence_turns, first.turns_without_progress) == (0, 0)
    assert first.loyalty_tier == "BASIC"
    third = message_of(
        ask("again", (said("abstain", "promo_code"), said("answer", "promo_code", -0.9)))
    )
    assert (third.previous_sentiment_score, third.after_ai_answer) == (-0.9, True)
    assert (third.low_confidence_turns, third.turns_without_progress) == (1, 2)
    other = message_of(ask("again", (said("answer", "driver_eta"), said("clarify", "unknown"))))
    assert (other.after_ai_answer, other.turns_without_progress) == (False, 1)
    assert other.low_confidence_turns == 0


def test_without_a_release_people_answer_the_city(tmp_path):
    ctx = Context(Settings(home=tmp_path), PARAMS)
    migrate(ctx.engine)
    replies = real_policies(ctx).answer([ask("where is my driver"), ask("hello")])
    assert [(r.action, r.reason_code) for r in replies] == [("escalate", "AI_ERROR")] * 2
    assert replies[0].confidence is None
