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
        ("reg is kx68nfo if you need it", "plate", "KX68NFO"),
        ("the white Prius, 8hjd 119, was lovely", "plate", "8HJD 119"),
        ("driver of MH 12 DE 4433 refused", "plate", "MH 12 DE 4433"),
        ("black Mercedes 34 BKZ 518", "plate", "34 BKZ 518"),
        ("van 191-D-20455 in our driveway", "plate", "191-D-20455"),
        ("a personal plate, B1G BEN", "plate", "B1G BEN"),
        ("why was card ending 4821 charged", "card", "4821"),
        ("remove visa x7730 from my account", "card", "7730"),
        ("mastercard **** 6105 is declined", "card", "6105"),
        ("took 350 rupees for it", "amount", "35000 INR"),
        ("charged AED 45", "amount", "4500 AED"),
        ("paid R$ 32,90", "amount", "3290 BRL"),
        ("nothing came on Christmas Eve", "date_time", "christmas eve"),
        ("the charge of 22/06", "date_time", "22/06"),
        ("last 4 digits of my card are 4242", "card", "4242"),
        ("Visa *1234", "card", "1234"),
        ("a credit of 1500 rupees", "amount", "150000 INR"),
        ("$12 for nothing", "amount", "1200 USD"),
        ("one of these numbers. 0151/234567", "phone", "0151234567"),
        ("rs 98765/43210", "phone", "9876543210"),
        ("number (0151)234567 rs", "phone", "0151234567"),
        ("code RID2E24", "promo_code", "RID2E24"),
        ("a fall at 4.15 this afternoon", "date_time", "4.15 this afternoon"),
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


@pytest.mark.parametrize(
    "text",
    [
        "is support open 24/7", "iPhone 15 with version 4.12.3", "ERROR 503 AGAIN",
        "I rate it 8/10", "the A320 I flew in", "van for 2 or 4 people", "size M, room 12",
        "I had to try 3 times", "two drivers. 5 minutes", "subscription ends 2025", "gate B-12-4",
        "50 l\u0131ra", "license 18 years", "toyota 2018 abc",
        "my card was declined in 2024", "I AM AT GATE 12 FOR 20 MIN", "half and half 50/50",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_entity_is_none(text):
    assert find(text) == []


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
