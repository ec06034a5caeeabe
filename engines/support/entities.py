"""Ids, amounts, phones, plates, codes and places in a message, each with its normalised value.

Rules, phonenumbers for phones, dateparser for dates; names of places, which have no form, by a
learned tagger.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import phonenumbers
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher

from engines.support.dates import find_dates, value_of
from engines.support.plates import find_plates

if TYPE_CHECKING:
    from models.support.locations import LocationTagger


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing found: ``start`` and ``end`` are character positions."""

    type: str
    value: str
    normalised: str
    start: int
    end: int
    confidence: float = 1.0

    def as_dict(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "value": self.value,
            "normalised": self.normalised,
            "start": self.start,
            "end": self.end,
            "confidence": self.confidence,
        }


_CURRENCY = {
    "usd": ("$", "dollar", "dollars", "bucks"), "eur": ("€", "euro", "euros"),
    "gbp": ("£", "pounds", "quid"), "inr": ("₹", "rs", "rupee", "rupees"),
    "brl": ("r$", "reais"), "mxn": ("pesos",), "pln": ("zł", "zloty"), "chf": ("francs",),
    "aed": ("dirhams",), "try": ("₺", "lira"), "ngn": ("₦", "naira"), "zar": ("rand",),
    "jpy": ("¥", "yen"), "cad": (), "aud": (), "sek": (), "nok": (), "dkk": ("kr",), "czk": ("kč",),
    "kes": (), "sar": (),
}  # fmt: skip
_CODES = {word: code.upper() for code, words in _CURRENCY.items() for word in (code, *words)}
_WORDS = sorted((word for word in _CODES if word.isascii() and word.isalpha()), key=len)[::-1]
_SIGNS = "|".join(re.escape(word) for word in sorted(_CODES, key=len)[::-1] if word not in _WORDS)
# "try" is a word: the code of the lira in capitals only
_NAMES = "|".join("(?-i:TRY)" if word == "try" else word for word in _WORDS)
_BEFORE = "|".join("(?-i:TRY)" if code == "try" else code for code in [*_CURRENCY, "rs"])
_THOUSANDS = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?"
_NUMBER = rf"(?<![A-Za-z]-)(?:{_THOUSANDS}|\d{{1,6}}(?:[.,]\d{{1,2}})?)(?![\d.,]*\d)"
HOME_REGION = "US"
"""Whose numbers are written without a country code."""
_DATE = re.compile(r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})(?:[T ]\d{2}:\d{2})?\b")
# a number that phonenumbers does not know, but people would read as one
_PHONE = re.compile(r"(?<!\w)(?<!\d\.)[+(]{0,2}\d[\d ()./-]{5,18}\d(?!\w)")
_LEAST_DIGITS, _MOST_DIGITS = 7, 15
_CARD = r"cards?|visa|master ?card|amex|american express|maestro|tarjeta|carte"
_MEANWHILE = (
    r"number|nr\.?|no\.?|my|is|are|was|the|one|new|old|last|four|4|digits?|which|that|account|"
    r"(?:end(?:s|ing|ed)?|finish\w*|termina\w*)(?: (?:in|with|by|en))?"
)
_YEAR = r"(?:19|20)\d\d"
_FOUR = rf"\d{{4}}(?![\w:/-]|[.,]\d|\s?(?:{_SIGNS}|(?:{_NAMES})\b))"
_LAST_DIGITS = re.compile(  # masked, or the four that a card is told by
    r"(?<!\w)(?:(?:[*•x]{2,4}[ -]?){1,4}|[*•x])\d{4}\b"
    rf"|\b(?:{_CARD})\b(?:[ ,(]+(?:{_MEANWHILE})(?!\w))*[ ,(:#-]+(?P<said>{_FOUR})"
    rf"|\b(?:ending|ends|finishing)(?: in| with)? (?!{_YEAR})(?P<ending>{_FOUR})"
    rf"|\blast (?:four|4)(?: (?:digits?|of|my|the|cards?|are|is))*[ :]+(?P<last>{_FOUR})",
    re.IGNORECASE | re.ASCII,
)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("order_id", re.compile(r"\bORD\d{5,12}\b", re.IGNORECASE)),
    ("trip_id", re.compile(r"\bTRI?P\d{5,12}\b", re.IGNORECASE)),
    ("payment_id", re.compile(r"\bPAY\d{5,12}\b", re.IGNORECASE)),
    ("user_id", re.compile(r"\b[RD]\d{6}\b", re.IGNORECASE)),
    ("email", re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")),
    ("card", re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")),
    ("card", _LAST_DIGITS),
    (
        "amount",
        re.compile(
            rf"(?:(?P<sign>{_SIGNS})|\b(?P<code>{_BEFORE})\b\.?)\s?(?P<a>{_NUMBER})"
            rf"|(?<![\w.,])(?P<b>{_NUMBER})\s?(?:(?P<mark>{_SIGNS})|(?P<word>{_NAMES})\b)",
            re.IGNORECASE | re.ASCII,
        ),
    ),
    (
        "promo_code",
        re.compile(r"\b(?!(?:ORD|TRI?P|PAY)\d)(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{5,12}\b"),
    ),
)


def find(
    text: str, now: datetime | None = None, places: "LocationTagger | None" = None
) -> list[Entity]:
    """Every entity, in the order of the text; a stretch of text is one entity at most.

    ``now`` gives dates their value; without it they keep the words they came in. ``places`` finds
    locations in what the rules left.
    """
    found: list[Entity] = []
    for kind, pattern in _PATTERNS:
        matches = (_entity(kind, match) for match in pattern.finditer(text))
        if kind != "amount":
            _add(found, matches)
            continue
        # the longer number: a phone is not an amount because a currency stands beside it
        _add(found, iter(sorted([*matches, *_phones(text)], key=_digits, reverse=True)))
        _add(found, _dates(text, now))
        _add(found, _plates(text))
    if places is not None:
        _add(found, _places(text, places, [(entity.start, entity.end) for entity in found]))
    return sorted(found, key=lambda entity: entity.start)


def _add(found: list[Entity], candidates: Iterator[Entity]) -> None:
    """Those that lie on nothing that was found before."""
    for new in candidates:
        if all(new.end <= old.start or new.start >= old.end for old in found):
            found.append(new)


def _digits(entity: Entity) -> int:
    return sum(map(str.isdigit, entity.value))


def _entity(kind: str, match: re.Match[str]) -> Entity:
    group = next((name for name in ("said", "ending", "last") if match.groupdict().get(name)), 0)
    return Entity(
        kind, match[group], _normalised(kind, match, group), match.start(group), match.end(group)
    )


def _phones(text: str) -> Iterator[Entity]:
    """Numbers that a network would connect, in E.164; then whatever else looks like a number."""
    if sum(map(str.isdigit, text)) < _LEAST_DIGITS:
        return
    for match in PhoneNumberMatcher(text, HOME_REGION, leniency=Leniency.VALID):
        number = phonenumbers.format_number(match.number, PhoneNumberFormat.E164)
        yield Entity("phone", match.raw_string, number, match.start, match.end)
    dates = [match.span() for match in _DATE.finditer(text)]
    for looks_like in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", looks_like[0])
        dated = any(looks_like.start() < end and start < looks_like.end() for start, end in dates)
        if _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS and not dated:
            plus = "+" if "+" in looks_like[0] else ""
            place = looks_like.span()
            yield Entity("phone", looks_like[0], f"{plus}{digits}", *place, confidence=0.5)


def _plates(text: str) -> Iterator[Entity]:
    for start, end in find_plates(text):
        yield Entity("plate", text[start:end], text[start:end].upper(), start, end)


def _dates(text: str, now: datetime | None) -> Iterator[Entity]:
    for start, end in find_dates(text):
        phrase = text[start:end]
        moment = value_of(phrase, now) if now else ""
        yield Entity(
            "date_time", phrase, moment or phrase.lower(), start, end, 1.0 if moment else 0.5
        )


def _places(text: str, tagger: "LocationTagger", taken: list[tuple[int, int]]) -> Iterator[Entity]:
    for start, end, sure in tagger.find(text, taken):
        name = " ".join(text[start:end].split())
        yield Entity("location", text[start:end], name.casefold(), start, end, round(sure, 3))


def _normalised(kind: str, match: re.Match[str], group: int | str) -> str:
    if kind == "amount":
        cents = _cents(match["a"] or match["b"])
        name = match["sign"] or match["code"] or match["mark"] or match["word"]
        return f"{cents} {_CODES[name.lower()]}"
    if kind == "card":
        return re.sub(r"\D", "", match[group])
    return match[0].upper() if kind != "email" else match[0].lower()


def _cents(number: str) -> int:
    """The last mark parts the cents if one or two digits follow it; the others part thousands."""
    whole, mark, part = number.rpartition("," if number.rfind(",") > number.rfind(".") else ".")
    if not mark or len(part) > 2:
        whole, part = number, ""
    return int(re.sub(r"[.,]", "", whole)) * 100 + int((part + "00")[:2])
