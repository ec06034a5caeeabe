"""Ids, amounts, phones, plates and codes in a message, each with its normalised value and place.

Rules only: what they find is exact. Locations and dates need learned or library parsers (later).
"""

import re
from dataclasses import dataclass
from typing import Any


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


_CURRENCY = {"$": "USD", "usd": "USD", "dollars": "USD", "€": "EUR", "eur": "EUR", "£": "GBP"}
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("order_id", re.compile(r"\bORD\d{5,12}\b", re.IGNORECASE)),
    ("trip_id", re.compile(r"\bTRI?P\d{5,12}\b", re.IGNORECASE)),
    ("payment_id", re.compile(r"\bPAY\d{5,12}\b", re.IGNORECASE)),
    ("email", re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")),
    ("card", re.compile(r"\b(?:\d[ -]?){13,19}\b")),
    ("phone", re.compile(r"(?<![\w.])\+?\d[\d ().-]{7,16}\d(?!\w)")),
    (
        "amount",
        re.compile(
            r"(?P<sign>[$€£])\s?(?P<a>\d{1,6}(?:[.,]\d{1,2})?)\b"
            r"|\b(?P<b>\d{1,6}(?:[.,]\d{1,2})?)\s?(?P<word>dollars|usd|eur)\b",
            re.IGNORECASE,
        ),
    ),
    ("plate", re.compile(r"\b[A-Z]{2,3}[- ]\d{3,4}(?:[- ][A-Z]{1,2})?\b")),
    ("promo_code", re.compile(r"\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{5,12}\b")),
)


def find(text: str) -> list[Entity]:
    """Every entity, in the order of the text; a stretch of text is one entity at most."""
    found: list[Entity] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            free = all(match.end() <= e.start or match.start() >= e.end for e in found)
            if free:
                found.append(
                    Entity(kind, match[0], _normalised(kind, match), match.start(), match.end())
                )
    return sorted(found, key=lambda entity: entity.start)


def _normalised(kind: str, match: re.Match[str]) -> str:
    if kind == "amount":
        number = (match["a"] or match["b"]).replace(",", ".")
        whole, _, part = number.partition(".")
        cents = int(whole) * 100 + int((part + "00")[:2])
        return f"{cents} {_CURRENCY[(match['sign'] or match['word']).lower()]}"
    if kind in {"phone", "card"}:
        return re.sub(r"[^\d+]", "", match[0])
    return match[0].upper() if kind != "email" else match[0].lower()
