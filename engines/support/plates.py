"""Registration plates in a message: by the forms of many countries, or said to be one.

A form in capitals is enough ("AB12 CDE", "34 BKZ 518"). Typed in lower case it counts only after a
word for a vehicle ("the white Prius, 8hjd 119"); what follows "plate" or "reg" may have any form.
"""

import re
from collections.abc import Iterator

from features.vehicles import MAKES, VEHICLES

_GAP = "[ -]?"
_FORMS = "|".join(
    form.replace("_", _GAP)
    for form in (
        r"[A-Z]{2}_\d{1,2}_[A-Z]{1,3}_\d{4}",             # India
        r"(?=[A-Z0-9-]*[A-Z])(?=[A-Z-]*\d)"               # France, Ireland, Netherlands, Portugal
        r"(?:[A-Z]{1,3}|\d{1,3})-(?:[A-Z]{1,3}|\d{1,4})-(?:[A-Z]{1,3}|\d{1,6})",
        r"[A-Z]{2}\d{2}_[A-Z]{3}", r"[A-Z]_\d{1,3}_[A-Z]{3}",               # United Kingdom
        r"\d{2}-[A-Z]\d \d{3}\.?\d{2}",                   # Vietnam
        r"\d{2}_[A-Z]{1,3}_\d{2,4}",                      # Turkey
        r"\d{4}_[A-Z]{3}", r"\d[A-Z]{3}\d{3}", r"\d[A-Z]{2}_\d{4}", r"\d[A-Z]{2}_\d[A-Z]{2}",
        r"[A-Z]{3}-\d[A-Z]\d{2}",                         # Brazil
        r"[A-Z]{2,3} \d(?=\d*[A-Z])[A-Z0-9]{3,5}",        # Poland
        r"[A-Z]\d{6}[A-Z]",                               # taxis of New York
        r"[A-Z]{1,3}[- ][A-Z]{1,2} ?\d{1,4}[EH]?",        # Germany
        r"[A-Z]{2,3}[- ]?\d{3,4}(?:[- ]?[A-Z]{1,2})?", r"[A-Z]{1,2} \d{2,4} [A-Z]{1,3}",
    )
)  # fmt: skip
_BOUNDED = rf"(?<![\w/-])(?:{_FORMS})(?![\w-])"
_LOOSE = (
    r"[A-Z]{2}_\d{5}", r"\d[A-Z]{3}_\d{3}", r"\d{2}_[A-Z]{3}_\d{2}", r"[A-Z]{2}_\d{4}[A-Z]",
    r"[A-Z]{3}\d[A-Z]\d{2}",
)  # fmt: skip
_MORE = "|".join(form.replace("_", _GAP) for form in _LOOSE)
_VEHICLE = rf"\b(?i:{'|'.join(sorted(VEHICLES | MAKES))})\b[ ,:(]{{1,3}}(?:(?:is|was|with|in) )?"
_SAID = (
    r"\b(?i:(?:number ?|licen[cs]e ?)?plates?|reg(?:o|istration)?|licen[cs]e|matr[ií]cula)"
    r"(?i:(?: number| no\.?| is| was| says| of the \w+| i think| on the \w+|[ ,:]){1,6})(?<=[ :])"
)
_PART = r"(?:[A-Z]{1,4}|(?=[A-Za-z]{0,3}\d)[A-Za-z0-9]{1,8})"
_FREE = (
    r"(?=[A-Za-z]{0,5}[ .-]?[A-Za-z0-9]*\d)(?:[A-Za-z]{1,3}[ -](?=\d))?"
    rf"{_PART}(?:[ .-]{_PART}){{0,3}}\b"
)
_NOT_AFTER = re.compile(r"\b(?:codes?|promo\w*|coupon|voucher|gate|flight)[ :]+$", re.IGNORECASE)
_LEAST = 4
"""Letters and digits of a plate that is only said to be one."""
_WRITTEN = re.compile(_BOUNDED)
_BESIDE = re.compile(rf"{_VEHICLE}(?!(?:19|20)\d\d\b)(?P<said>(?i:{_FORMS}|{_MORE}))(?![\w-])")
_CALLED = re.compile(rf"{_SAID}(?P<said>(?i:{_FORMS})(?![\w-])|{_FREE})")
_NO_PLATE = frozenset(
    {
        "a", "am", "an", "and", "app", "apr", "as", "at", "aug", "be", "bus", "by", "day", "dec",
        "do", "eta", "exit", "feb", "flat", "for", "from", "gate", "gmt", "gps", "has", "he", "her",
        "his", "i", "id", "in", "is", "it", "jan", "jul", "jun", "kg", "km", "line", "mar", "may",
        "me", "min", "my", "no", "not", "nov", "oct", "of", "off", "on", "or", "otp", "pdf", "pin",
        "pm", "ref", "room", "says", "seat", "sep", "she", "sms", "so", "suv", "the", "to", "unit",
        "us", "utc", "was", "we", "were", "with", "you", "zone",
    }
)  # fmt: skip


def find_plates(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each plate; the surer ways of knowing one come first."""
    for match in (*_CALLED.finditer(text), *_BESIDE.finditer(text)):
        if _may_be(match["said"]):
            yield match.span("said")
    for match in _WRITTEN.finditer(text):
        # whoever shouts writes every word and number like the halves of a plate
        shouted = text.isupper() and len(text) > 2 * len(match[0]) and " " in match[0]
        named = _NOT_AFTER.search(text, max(0, match.start() - 20), match.start())
        if _may_be(match[0]) and not (shouted or named):
            yield match.span()


def _may_be(found: str) -> bool:
    alone = re.findall(r"(?<![A-Za-z0-9-])[A-Za-z]+(?![A-Za-z0-9-])", found)
    long = sum(map(str.isalnum, found)) >= _LEAST
    return long and any(map(str.isdigit, found)) and _NO_PLATE.isdisjoint(map(str.lower, alone))
