"""Dates and times in messages: where they stand and what they mean."""

from datetime import UTC, datetime

import pytest

from engines.support.dates import find_dates, value_of
from engines.support.entities import find

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("text", "phrase", "value"),
    [
        ("I booked a car for tomorrow at 7am", "tomorrow at 7am", "2026-11-22T07:00"),
        ("my trip on 12 March was charged twice", "12 March", "2026-03-12"),
        ("yesterday evening the driver was rude", "yesterday evening", "2026-11-20"),
        ("a van at 6:30 pm on friday please", "6:30 pm on friday", "2026-11-20T18:30"),
        ("charged 12.50 on 03/11/2026", "03/11/2026", "2026-03-11"),
        ("it happened 2 hours ago near the station", "2 hours ago", "2026-11-21T13:30"),
        ("half an hour ago", "half an hour ago", "2026-11-21T15:00"),
        ("book in 20 minutes please", "in 20 minutes", "2026-11-21T15:50"),
        ("next monday morning at 8", "next monday morning at 8", "2026-11-23T08:00"),
        ("ORD12345 from last night at 11", "last night at 11", "2026-11-20T23:00"),
        ("need a van on Dec 5th at 9:15", "Dec 5th at 9:15", "2026-12-05T09:15"),
        ("the food ordered at 19:45 is cold", "19:45", "2026-11-21T19:45"),
        ("pick me up at 9 tomorrow", "9 tomorrow", "2026-11-22T09:00"),
        ("anything free this weekend?", "this weekend", "2026-11-28"),
        ("my slot was 2026-11-20 14:00", "2026-11-20 14:00", "2026-11-20T14:00"),
    ],
)
def test_a_phrase_is_found_whole_and_gets_its_value(text, phrase, value):
    assert [text[start:end] for start, end in find_dates(text)] == [phrase]
    assert value_of(phrase, NOW) == value


@pytest.mark.parametrize(
    "text",
    [
        "may i have a refund",
        "we marched in march 4 times",
        "sat in the car for 20 minutes",
        "do you work on sundays and what is the sun fee",
        "pay 5 at 10",
        "3 people and 2 bags, 12.50 dollars",
        "call +1 415 555 0132",
    ],
)
def test_what_only_looks_like_a_date_is_none(text):
    assert list(find_dates(text)) == []


def test_without_a_clock_the_words_are_kept_and_the_rest_is_found_as_before():
    text = "Order ORD12345 of Yesterday at 7pm cost $12.50"
    kinds = {entity.type: entity for entity in find(text)}
    assert set(kinds) == {"order_id", "date_time", "amount"}
    assert (kinds["date_time"].normalised, kinds["date_time"].confidence) == (
        "yesterday at 7pm",
        0.5,
    )
    dated = {entity.type: entity.normalised for entity in find(text, NOW)}
    assert dated["date_time"] == "2026-11-20T19:00"


def test_a_french_word_is_no_monday_and_an_id_no_promotion():
    assert find("bonjour, où est mon chauffeur") == []
    assert find("trip TRIP123 please") == []
    assert find("card 4111 1111 1111 1111 was charged")[0].value == "4111 1111 1111 1111"
