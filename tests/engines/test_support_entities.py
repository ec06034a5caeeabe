"""Ids, amounts, phones and plates are found, normalised, and taken out before text is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.support.entities import find
from engines.support.redaction import redact


@pytest.mark.parametrize(
    ("text", "kind", "normalised"),
    [
        ("where is ord12345 please", "order_id", "ORD12345"),
        ("I paid $12.5 for this", "amount", "1250 USD"),
        ("it cost 7 dollars", "amount", "700 USD"),
        ("€3,40 too much", "amount", "340 EUR"),
        ("call me on +1 415-555-0134", "phone", "+14155550134"),
        ("write to Jo.Doe@example.com", "email", "jo.doe@example.com"),
        ("plate ABC-1234 was not the car", "plate", "ABC-1234"),
        ("code SAVE20NOW does nothing", "promo_code", "SAVE20NOW"),
        ("card 4111 1111 1111 1111", "card", "4111111111111111"),
    ],
)
def test_an_entity_is_found_where_it_stands(text, kind, normalised):
    (entity,) = find(text)
    assert (entity.type, entity.normalised) == (kind, normalised)
    assert text[entity.start : entity.end] == entity.value


def test_plain_talk_has_no_entities():
    assert find("My driver was late by 20 minutes and I missed my train") == []


def test_an_id_is_not_a_promo_code_too():
    assert [e.type for e in find("ORD1234567 and TRP1234567")] == ["order_id", "trip_id"]


@given(
    st.sampled_from(["ORD{:08d}", "+44 20 7946 {:04d}", "a{}@example.org", "ABC-{:04d}"]),
    st.integers(1, 9999),
    st.text("abcdefgh ,.!?", max_size=40),
)
def test_no_planted_value_survives_redaction(form, number, around):
    value = form.format(number)
    assert value not in redact(f"{around} {value} {around}")


def test_redaction_keeps_the_rest_of_the_sentence():
    assert redact("order ORD12345 is late") == "order [order_id] is late"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("charged $1,500", "150000 USD"),
        ("a $1,000.50 fare", "100050 USD"),
        ("1,500 dollars", "150000 USD"),
        ("1.500,50 €", "150050 EUR"),
        ("12,50 EUR", "1250 EUR"),
        ("15 euros", "1500 EUR"),
        ("USD 20", "2000 USD"),
        ("20 bucks", "2000 USD"),
        ("£7.5", "750 GBP"),
        ("only 3.99$", "399 USD"),
    ],
)
def test_amounts_are_read_to_the_cent(text, value):
    assert [entity.normalised for entity in find(text) if entity.type == "amount"] == [value]


def test_user_ids_are_found_in_any_case():
    assert [(e.type, e.normalised) for e in find("my id is r000001")] == [("user_id", "R000001")]
