"""Dates and times of day in English messages: found by a grammar, given a value by dateparser."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satur|sat|sun)(?:day)?"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_NUMBER = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|ten|twelve|half an|a couple of)"
_UNIT = r"(?:min(?:ute)?s?|hours?|hrs?|days?|weeks?|months?|years?)"
_DAY_PART = r"(?:early |late )?(?:morning|afternoon|evening|night)"
_CLOCK = (
    r"(?:(?:[01]?\d|2[0-3]):[0-5]\d(?: ?[ap]\.?m\b)?"
    r"|(?:1[0-2]|0?[1-9])(?:\.[0-5]\d)? ?(?:[ap]\.?m\b|o'?clock)"
    rf"|(?:1[0-2]|0?[1-9])(?:[.:][0-5]\d)? in the {_DAY_PART}"
    rf"|(?:1[0-2]|0?[1-9])[.:][0-5]\d(?= (?:this|next|last|tomorrow|yesterday)\b)"
    r"|noon|midday|midnight|half past (?:\d{1,2}|[a-z]+))"
)
_HOUR = r"(?:[01]?\d|2[0-3])(?![\d%$€:.]|[.,]\d| ?(?:min|hour|dollar|usd|eur|km|people|stars?\b))"
_HOLIDAY = (
    r"(?:christmas(?: eve| day)?|new year'?s(?: eve| day)|easter(?: sunday| monday)?|halloween|"
    r"good friday|boxing day|black friday|thanksgiving|valentine'?s day|diwali|eid|"
    r"bank holiday(?: monday)?)"
)
_DAY = (
    rf"(?:(?:{_WEEKDAY},? )?(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}"
    # day and month in either order; "8/10" is a rating
    r"|(?!\d/10\b|10/10\b)(?:(?:[12]\d|3[01]|0?[1-9])/(?:0[1-9]|1[0-2])"
    r"|(?:1[0-2]|0?[1-9])/(?:1[3-9]|2\d|3[01]))(?![\d/])"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?"
    rf"|{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b(?! times)(?:,? \d{{4}})?)"
    r"|(?:the )?(?:day after tomorrow|day before yesterday)|today|tonight|tomorrow|yesterday"
    rf"|(?:this|next|last|coming) (?:{_WEEKDAY}|week(?:end)?|month|year|{_DAY_PART})"
    rf"|(?:{_WEEKDAY.replace('(?:day)?', 'day')})"
    rf"|{_HOLIDAY}|the \d{{1,2}}(?:st|nd|rd|th))(?: {_DAY_PART})?"
)
_AGO = rf"(?:{_NUMBER} {_UNIT} ago|in (?:about )?{_NUMBER} {_UNIT}(?:'s? time)?)"
_JOINED = r"(?:,? (?:at|around|by|before|after|about) |,? |T)"
PATTERN = re.compile(
    rf"\b(?:{_AGO}|{_DAY}(?:{_JOINED}{_CLOCK}|,? (?:at|around) {_HOUR})?"
    rf"|{_CLOCK}(?:,? (?:on )?{_DAY})?|(?<=\bat ){_HOUR},? (?:on )?{_DAY})(?!\w)",
    re.IGNORECASE,
)
_TIMED = re.compile(
    rf"{_CLOCK}|(?:at|around) \d|min|hour|hr|^\d{{1,2}},? (?:on|to|yes)", re.IGNORECASE
)
_PLAIN = (
    (re.compile(r"\blast night\b", re.I), "yesterday night"),
    (re.compile(r"\bhalf an hour\b", re.I), "30 minutes"),
    (re.compile(r"\ba couple of\b", re.I), "2"),
    (re.compile(r"\b(?:this )?weekend\b", re.I), "saturday"),
    (re.compile(r"\bcoming\b", re.I), "next"),
    (re.compile(r"\b(?:around|by|before|after|about)\b", re.I), "at"),
    (re.compile(r"\b(?:early|late|the|of) ", re.I), ""),
)
_PART = re.compile(r"\b(morning|afternoon|evening|night)\b", re.I)
_BARE = re.compile(
    r"\bat (\d{1,2}(?::\d{2})?)(?! ?[ap]\.?m|[\d:])"
    r"|^(\d{1,2})(?=,? (?:on|to|yes|mon|tu|wed|th|fri|s))",
    re.I,
)
AHEAD_DAYS = 60
"""A day that may be far ahead or behind is behind: rides are booked weeks ahead at most."""


def find_dates(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each date, time of day, or both said in one breath."""
    return (match.span() for match in PATTERN.finditer(text))


@lru_cache(maxsize=4096)
def value_of(phrase: str, now: datetime) -> str:
    """ISO date, with hour and minute if the phrase names them; empty if it means nothing.

    Of a past and a future reading ("friday") the one nearer to ``now``.
    """
    import dateparser

    now = now.replace(tzinfo=None)
    moments = []
    for side in ("past", "future"):
        settings = {"RELATIVE_BASE": now, "PREFER_DATES_FROM": side}
        moments.append(dateparser.parse(_plain(phrase), languages=["en"], settings=settings))
    past, future = moments
    if past is None or future is None:
        return ""
    near = min(past, future, key=lambda moment: abs(moment - now))
    moment = past if near - now > timedelta(days=AHEAD_DAYS) else near
    return moment.isoformat(timespec="minutes") if _TIMED.search(phrase) else f"{moment:%Y-%m-%d}"


def _plain(phrase: str) -> str:
    """The phrase in words that dateparser knows; a part of the day tells which eight o'clock."""
    for pattern, plain in _PLAIN:
        phrase = pattern.sub(plain, phrase)
    part = _PART.search(phrase)
    if part and re.search(r"\d", phrase[part.end() :]):
        half = "am" if part[1].lower() == "morning" else "pm"
        phrase = _BARE.sub(rf"at \1 {half}", _PART.sub("", phrase, count=1))
    return _BARE.sub(lambda m: f"at {m[1] or m[2]}:00" if ":" not in m[0] else m[0], phrase)
