"""Figures are read out of text and out of settings in the same kinds."""

import pytest

from features.figures import CLOCK, DURATION, FACTOR, MONEY, SHARE, Figure, find, stated


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("Free for 2 minutes.", [Figure(DURATION, 2)]),
        ("Within 24 hours or 30 days", [Figure(DURATION, 1440), Figure(DURATION, 43200)]),
        ("$5 or 10% up to $20", [Figure(MONEY, 500), Figure(MONEY, 2000), Figure(SHARE, 0.1)]),
        ("It costs $1,234.50, or 50 cents", [Figure(MONEY, 123450), Figure(MONEY, 50)]),
        ("3 to 5 business days", [Figure("business day", 3), Figure("business day", 5)]),
        ("3-5 business days", [Figure("business day", 3), Figure("business day", 5)]),
        ("a five-minute wait", [Figure(DURATION, 5)]),
        ("hold it for three seconds", [Figure(DURATION, 0.05)]),
        ("from 6:00 to 23:00", [Figure(CLOCK, 360), Figure(CLOCK, 1380)]),
        ("1.25 points, 25,000 points", [Figure("point", 1.25), Figure("point", 25000)]),
        ("1.5 times the fare", [Figure(FACTOR, 1.5)]),
        ("ten per cent", [Figure(SHARE, 0.1)]),
        ("order ORD12345 and 3 bags, 2021", []),
        ("one at a time", []),
    ],
)
def test_figures_of_a_text(text, figures):
    assert sorted(figure for figure, _ in find(text)) == sorted(figures)


def test_the_key_of_a_setting_names_its_unit():
    settings = {
        "waiting": {"free_minutes": 3, "fee_per_minute_cents": 30},
        "tips": {"suggested_shares": [0.1, 0.2], "own_amount_allowed": True, "window_days": 30},
        "phone_opens_local": "06:00",
        "ride_discount_share": 0.05,
        "delivery": "EMAIL",
    }
    assert list(stated(settings)) == [
        ("waiting.free_minutes", Figure(DURATION, 3)),
        ("waiting.fee_per_minute_cents", Figure(MONEY, 30)),
        ("tips.suggested_shares", Figure(SHARE, 0.1)),
        ("tips.suggested_shares", Figure(SHARE, 0.2)),
        ("tips.window_days", Figure(DURATION, 43200)),
        ("phone_opens_local", Figure(CLOCK, 360)),
        ("ride_discount_share", Figure(SHARE, 0.05)),
    ]
