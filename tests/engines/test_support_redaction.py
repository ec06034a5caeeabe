"""Planted personal values, more than five hundred of them: none survives redaction."""

import random
import re

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from engines.support.redaction import redact

CHANCE = random.Random(20261126)
AROUND = (
    "{}",
    "my number is {} call me",
    "please write to {}, thanks",
    "I gave the driver {} and he never answered",
    "it is {}.",
    "({}) is what the app shows!",
)
FORMATS = (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL)


def _phones():
    """Mobile and fixed-line numbers of every region, as its own people write them."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                for form in FORMATS:
                    text = phonenumbers.format_number(number, form)
                    if len(re.sub(r"\D", "", text)) >= 7:
                        yield text


def _made(pattern, n):
    """``n`` values of a pattern: # a digit, @ a capital letter."""
    for _ in range(n):
        made = (
            CHANCE.choice("0123456789") if c == "#"
            else CHANCE.choice("ABCDEFGHJKLMNPRSTUVWXYZ") if c == "@" else c
            for c in pattern
        )  # fmt: skip
        yield "".join(made)


def _emails(n):
    names = ("jo", "a.b-c", "x_y+taxi", "maria.lopez", "o", "K99", "d%s")
    hosts = ("example.com", "mail.example.co.uk", "sub-domain.example.org", "ex.io")
    for _ in range(n):
        yield f"{CHANCE.choice(names)}{CHANCE.randint(0, 999)}@{CHANCE.choice(hosts)}"


PLANTED = {
    "phone": list(_phones()),
    "email": list(_emails(60)),
    "card": [
        *_made("4### #### #### ####", 20), *_made("5###-####-####-####", 20),
        *_made("4###############", 20), *_made("37## ###### #####", 20),
    ],
    "order": [*_made("ORD########", 15), *_made("ord#####", 15)],
    "trip": [*_made("TRP########", 15), *_made("TRIP######", 15)],
    "payment": list(_made("PAY#########", 30)),
    "user": [*_made("R######", 15), *_made("D######", 15)],
    "plate": [
        *_made("@@@-####", 15), *_made("@@@ ####", 15), *_made("@-@@ ####", 15),
        *_made("@@## @@@", 15), *_made("#### @@@", 15), *_made("@@-###-@@", 15),
        *(f"plate number {plate}" for plate in _made("#@@@###", 15)),
    ],
}  # fmt: skip


def test_more_than_five_hundred_values_are_planted():
    assert sum(map(len, PLANTED.values())) > 1000


@pytest.mark.parametrize("kind", PLANTED)
def test_no_planted_value_survives(kind):
    leaked = []
    for value in PLANTED[kind]:
        text = CHANCE.choice(AROUND).format(value)
        left = redact(text)
        told = [run for run in re.findall(r"\d+", value) if len(run) >= 3 and run in left]
        if value in left or told:
            leaked.append((text, left))
    assert leaked == []


@pytest.mark.parametrize(
    "text",
    [
        "My driver was late by 20 minutes and I missed my 9:30 train",
        "on 2026-11-21 at 18:45 I paid $1,250.00 for 3 trips",
        "11/21/2026 was the day, 12.11.2026 in Europe",
        "it took 1 hour 45 min and 37.5 km instead of 12",
        "code SAVE20NOW gives 15% off 2 rides",
        "WHO WON THE WORLD CUP IN 1990? I AM 88",
        "I have 25,000 points and want 5,000 of them back",
    ],
)
def test_what_identifies_nobody_stays(text):
    assert redact(text) == text
