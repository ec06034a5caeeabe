"""One reply a message, whatever the models do; the words of each band of confidence."""

import logging
from typing import ClassVar

import numpy as np
import pytest

from core.intents import LABELS
from core.params.decisions import SupportParams
from engines.support.answering import Message, SupportRelease, answer_batch, answer_one
from engines.support.rules import parse
from models.support.fusion import Found
from models.support.intent import IntentGuess
from store.seeds import RULES

PARAMS = SupportParams(clarify_margin=0.10, low_confidence=0.5, high_confidence=0.7)
SHIPPED = tuple(parse(*row) for row in RULES)
EXPLODES = "my secret is 4711"


class Models:
    """Every text is about promo_code and finds KB0001; the encoder fails on one text."""

    items: ClassVar = [
        {
            "kb_code": "KB0001",
            "item_version": 2,
            "answer": "Open the app.",
            "intent": "promo_code",
            "language_code": "en",
        }
    ]

    def __init__(self, confidence=0.9):
        self.confidence = confidence
        self.batches = []

    def embed(self, texts):
        self.batches.append(list(texts))
        if EXPLODES in texts:
            raise RuntimeError(f"cannot encode {EXPLODES}")
        return np.zeros((len(texts), 2))

    def guess(self, vectors, texts):
        n = len(texts)
        label = np.full(n, LABELS.index("promo_code"))
        shares = np.full(n, 0.8), np.full(n, 0.5)
        danger, even = np.zeros(n), np.full((n, len(LABELS)), 1 / len(LABELS))
        return IntentGuess(label, label, *shares, np.zeros(n, bool), danger, even)

    def probabilities(self, vectors, texts):
        return np.tile([0.1, 0.3, 0.6], (len(texts), 1))

    def find(self, text, taken):
        return []

    def search(self, texts, vectors, probabilities, audiences, languages):
        n = len(texts)
        return Found(np.zeros((n, 1), int), np.full((n, 1), 0.7), np.full(n, self.confidence))


def release(models, rules=SHIPPED):
    items = {"KB0001": models.items[0]}
    return SupportRelease("r7", models, models, models, models, models, items, PARAMS, rules)


def test_the_encoder_runs_once_for_all_messages():
    models = Models()
    replies = answer_batch(release(models), [Message("one"), Message("two")])
    assert [r.content for r in replies] == ["Open the app."] * 2
    assert models.batches == [["one", "two"]]
    assert answer_batch(release(models), []) == []


def test_a_message_the_models_fail_on_takes_no_other_with_it():
    models = Models()
    asked = [Message("one"), Message(EXPLODES), Message("two")]
    first, failed, last = answer_batch(release(models), asked)
    assert [r.action for r in (first, failed, last)] == ["answer", "escalate", "answer"]
    assert first.sentiment_score == pytest.approx(0.5)
    assert (failed.reason_code, failed.priority) == ("AI_ERROR", "HIGH")
    assert (failed.specialization, failed.release) == ("GENERAL", "r7")
    assert (failed.intent, failed.intent_confidence) == ("unknown", 0.0)
    assert (failed.confidence, failed.sentiment_score, failed.sources) == (None, 0.0, [])
    assert models.batches == [["one", EXPLODES, "two"], ["one"], [EXPLODES], ["two"]]


def test_the_user_is_told_that_the_engine_failed_and_that_nothing_is_lost():
    told = answer_one(release(Models()), Message(EXPLODES)).content
    assert told == (
        "Something went wrong on our side, so I cannot answer this myself. I am handing this "
        "conversation to a colleague, with everything you have told me."
    )


def test_danger_is_told_what_to_do_even_when_the_models_fail():
    class Broken(Models):
        def embed(self, texts):
            raise MemoryError

    reply = answer_one(release(Broken()), Message("SOS, he has a knife"))
    assert (reply.reason_code, reply.priority) == ("SAFETY", "URGENT")
    assert reply.content.startswith("If you are in danger, press the SOS button")


def test_a_failure_is_logged_without_the_text(caplog):
    with caplog.at_level(logging.WARNING):
        answer_batch(release(Models()), [Message("one"), Message(EXPLODES)])
    together, alone = (record.getMessage() for record in caplog.records)
    assert "release r7 failed on 2 messages together, each is answered alone: Runtime" in together
    assert "release r7 failed on a message of 17 characters: RuntimeError at" in alone
    assert "test_support_answering.py" in alone
    assert "4711" not in caplog.text


def test_a_rule_that_cannot_be_checked_hands_over():
    action = {"reason_codes": ["SAFETY"], "priority": "LOW", "specialization": "GENERAL"}
    odd = parse("odd", {"field": "sentiment_score", "op": "<", "value": "sad"}, action)
    reply = answer_one(release(Models(), (odd, *SHIPPED)), Message("one"))
    assert (reply.action, reply.reason_code, reply.priority) == ("escalate", "AI_ERROR", "HIGH")


@pytest.mark.parametrize(
    ("confidence", "content"),
    [
        (0.9, "Open the app."),
        (0.7, "Open the app."),
        (0.69, "Open the app. Did this help?"),
        (0.5, "Open the app. Did this help?"),
    ],
)
def test_a_medium_answer_asks_whether_it_helped(confidence, content):
    reply = answer_one(release(Models(confidence)), Message("one"))
    assert (reply.action, reply.content) == ("answer", content)
    assert reply.confidence == confidence


def test_an_answer_names_the_order_it_is_about():
    reply = answer_one(release(Models(0.6)), Message("where is ORD12345"))
    assert reply.content == "About order ORD12345: Open the app. Did this help?"


def test_a_language_that_nothing_is_written_in_is_told_so_and_handed_over():
    reply = answer_one(release(Models()), Message("Mein Fahrer ist an mir vorbeigefahren"))
    assert (reply.action, reply.reason_code) == ("escalate", "NO_KNOWLEDGE_FOUND")
    assert (reply.language_code, reply.intent, reply.kb_code) == ("de", "unknown", None)
    assert reply.content.startswith("Zurzeit kann ich nur in diesen Sprachen antworten: English.")


def test_a_language_that_the_message_came_with_is_not_detected():
    reply = answer_one(release(Models()), Message("promo", language_code="fr"))
    assert (reply.action, reply.language_code) == ("escalate", "fr")


def test_danger_in_another_language_is_as_urgent():
    reply = answer_one(release(Models()), Message("SOS, der Fahrer lässt mich nicht aussteigen"))
    assert (reply.reason_code, reply.priority, reply.language_code) == ("SAFETY", "URGENT", "de")
    assert "SOS-Knopf" in reply.content
