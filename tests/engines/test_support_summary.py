"""A conversation in a few sentences."""

from engines.support.summary import entities, summary


def user(text, feeling=None, named=()):
    return {
        "sender": "USER", "content": text, "sentiment_score": feeling, "action": None,
        "entities": [{"type": kind, "normalised": value} for kind, value in named],
    }  # fmt: skip


def reply(action):
    return {"sender": "AI", "content": "…", "action": action, "sentiment_score": None}


def test_it_names_the_first_and_the_last_words_the_feeling_and_the_reason():
    said = [user("where is it"), reply("answer"), user("x" * 400, -0.9), reply("abstain")]
    told = summary(said, "LOW_CONFIDENCE: driver_eta")
    assert told.startswith("Asked: “where is it” Last said: “")
    assert "replied 2 times, 1 of these an answer. The user is upset." in told
    assert told.endswith("Handed over: LOW_CONFIDENCE: driver_eta.")
    assert len(told) < 500


def test_entities_come_once_the_latest_first():
    said = [
        user("a", named=[("order_id", "ORD1"), ("amount", "5")]),
        user("b", named=[("order_id", "ORD1")]),
    ]
    assert [e["normalised"] for e in entities(said)] == ["5", "ORD1"]
    assert summary([], None) == "The user has not written anything yet."
