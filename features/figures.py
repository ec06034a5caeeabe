"""Figures in running text: what amount of what, so that text can be held against settings.

``find`` reads "$5", "10 %", "3-5 business days", "6:00"; ``stated`` reads the same kinds out of a
mapping whose keys name their units (``fee_per_minute_cents``, ``window_days``).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MONEY, SHARE, DURATION, CLOCK, FACTOR = "cents", "share", "minutes", "o'clock", "times"
"""CLOCK is minutes after midnight. Any other kind is named by its own word, in the singular."""
_MINUTES = {"second": 1 / 60, "minute": 1.0, "hour": 60.0, "day": 1440.0, "week": 10080.0}
_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30,
}  # fmt: skip
_NUMBER = rf"(?:\d[\d,]*(?:\.\d+)?|{'|'.join(_WORDS)})"
_UNIT = r"%|per cent|percent|cents?|business days?|points?|stars?|months?|years?|times|" + "|".join(
    f"{unit}s?" for unit in _MINUTES
)
_CLOCK = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b")
_MONEY = re.compile(r"\$\s?(\d[\d,]*(?:\.\d+)?)")
_AMOUNT = re.compile(
    rf"\b({_NUMBER})(?:\s*(?:to|or|and|-|–)\s*({_NUMBER}))?[\s-]*({_UNIT})(?![a-z])", re.IGNORECASE
)
_NAMED = {"cent": MONEY, "time": FACTOR}
_KEYS = re.compile(
    r"(cents|share|business_days|seconds|minutes|hours|days|months|years|points|stars|local|model_year)"
)


@dataclass(frozen=True, slots=True, order=True)
class Figure:
    """An amount of some kind."""

    kind: str
    value: float


def find(text: str) -> Iterator[tuple[Figure, str]]:
    """Every figure with a unit, and the words it was read from."""
    for match in _CLOCK.finditer(text):
        yield Figure(CLOCK, int(match[1]) * 60.0 + int(match[2])), match[0]
    text = _CLOCK.sub(" ", text)
    for match in _MONEY.finditer(text):
        yield Figure(MONEY, round(_number(match[1]) * 100, 4)), match[0]
    text = _MONEY.sub(" ", text)
    for match in _AMOUNT.finditer(text):
        for number in (match[1], match[2]):
            if number:
                yield _figure(_number(number), match[3].lower()), match[0]


def _number(text: str) -> float:
    word = _WORDS.get(text.lower())
    return float(text.replace(",", "")) if word is None else float(word)


def _figure(number: float, unit: str) -> Figure:
    if unit in ("%", "percent", "per cent"):
        return Figure(SHARE, round(number / 100, 6))
    unit = unit.removesuffix("s")
    if unit in _MINUTES:
        return Figure(DURATION, round(number * _MINUTES[unit], 4))
    return Figure(_NAMED.get(unit, unit), number)


def stated(settings: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Figure]]:
    """Every number of a nested mapping as (dotted key, figure); its key names the unit."""
    for name, value in settings.items():
        key = f"{path}.{name}" if path else str(name)
        if isinstance(value, Mapping):
            yield from stated(value, key)
            continue
        for number in value if isinstance(value, list) else [value]:
            figure = _setting(str(name), number)
            if figure is not None:
                yield key, figure


def _setting(name: str, value: Any) -> Figure | None:
    found = _KEYS.findall(name)
    if not found or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        clock = _CLOCK.fullmatch(value)
        return Figure(CLOCK, int(clock[1]) * 60.0 + int(clock[2])) if clock else None
    # the unit stands last, as in fee_per_minute_cents; a share is a share of whatever follows
    unit = "share" if "share" in found else found[-1]
    if unit == "cents":
        return Figure(MONEY, float(value))
    if unit == "share":
        return Figure(SHARE, float(value))
    return _figure(float(value), unit.replace("_", " "))
