"""What people say of messages may be learned from, but no one of them moves the models."""

import pandas as pd

from features.corrections import trustworthy

KNOWN = pd.Series(["lost_item"] * 50 + ["promo_code"] * 5)


def rows(*given):
    return pd.DataFrame(given, columns=["text", "label", "writer"])


def test_one_writer_counts_for_a_few_messages_only():
    flood = rows(*((f"message {n}", "lost_item", "mallory") for n in range(40)))
    found = trustworthy(flood, KNOWN, per_writer=5, share_of_label=0.5)
    assert found["text"].tolist() == [f"message {n}" for n in range(5)]


def test_many_writers_are_no_more_than_a_share_of_a_label():
    flood = rows(*((f"message {n}", "lost_item", f"bot {n}") for n in range(40)))
    assert len(trustworthy(flood, KNOWN, per_writer=5, share_of_label=0.2)) == 10


def test_a_label_that_nobody_knows_is_not_learned():
    assert trustworthy(rows(("x", "made_up", "a")), KNOWN, 5, 0.5).empty


def test_a_text_that_people_label_differently_is_left_out():
    given = rows(
        ("where is my bag", "lost_item", "a"),
        ("Where is my bag", "promo_code", "b"),
        ("my bag!", "lost_item", "c"),
        ("my bag!", "lost_item", "d"),
    )
    found = trustworthy(given, KNOWN, 5, 0.5)
    assert found.to_dict("list") == {"text": ["my bag!"], "label": ["lost_item"]}


def test_nothing_in_nothing_out():
    assert trustworthy(rows(), KNOWN, 5, 0.5).empty
