"""What is said aloud: read back before it is used, and fit for the ear."""

import pytest

from engines.support.entities import find
from engines.support.spoken import LONGEST, confirmed, speakable, to_confirm, with_digits


def test_a_spoken_order_is_written_as_one():
    assert with_digits("where is order one two three four five") == "where is ORD12345"
    assert with_digits("order one two") == "order one two"
    assert with_digits("in order to pay") == "in order to pay"


def test_ids_and_amounts_are_read_back_digit_by_digit():
    assert to_confirm(find("refund ORD12045 please")) == (
        "You said order one two zero four five. Is that right?"
    )
    asked = to_confirm(find("I paid $14.50 for ORD12045"))
    assert asked is not None
    assert "$14.50" in asked
    assert to_confirm(find("where is my driver")) is None


@pytest.mark.parametrize(
    ("said", "agrees"),
    [("Yes.", True), ("that is right", True), ("sí", True), ("Oui!", True), ("no", False),
     ("that is wrong", False), ("yes but the other one", None), ("", None)],
)  # fmt: skip
def test_yes_and_no_and_neither(said, agrees):
    assert confirmed(said) is agrees


def test_an_answer_for_the_ear_has_no_address_no_arrows_and_an_end():
    said = speakable(
        "Open Orders > Get help > Lost item, see https://tripo.example/x?y=1 for more."
    )
    assert said == (
        "Open Orders, then Get help, then Lost item, see the address in the chat for more."
    )
    long = speakable("This is one sentence of several words. " * 40)
    assert len(long) < LONGEST + 40
    assert long.endswith("The rest is in the chat.")
