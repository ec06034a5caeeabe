"""What says that a word of a message belongs to the name of a place: itself and its neighbours."""

import re
from collections.abc import Sequence

from features.vehicles import MAKES, VEHICLES

Span = tuple[int, int]
TOKEN = re.compile(r"\w+(?:['’.-]\w+)*|[^\w\s]")
STREET = frozenset(
    {
        "street", "st", "road", "rd", "avenue", "ave", "lane", "ln", "drive", "dr", "close",
        "court", "way", "square", "place", "plaza", "boulevard", "blvd", "crescent", "terrace",
        "gardens", "grove", "park", "bridge", "hill", "heights", "row", "quay", "pier", "dock",
    }
)  # fmt: skip
SITE = frozenset(
    {
        "airport", "terminal", "station", "hotel", "hospital", "clinic", "mall", "market", "museum",
        "gate", "tower", "school", "university", "church", "stadium", "harbour", "port", "platform",
        "hall", "centre", "center", "apartments", "flat", "apartment", "block", "exit", "zone",
    }
)  # fmt: skip
_KINDS = {"street": STREET, "site": SITE, "make": MAKES, "vehicle": VEHICLES}
NEIGHBOURS = (-3, -2, -1, 1, 2, 3)


def tokens(text: str) -> list[Span]:
    """Start and end of every word, number and mark."""
    return [match.span() for match in TOKEN.finditer(text)]


def describe(text: str, spans: Sequence[Span], taken: Sequence[Span]) -> list[list[str]]:
    """For every token the names of what is true of it.

    ``taken`` are stretches that other rules have read already: ids, amounts, dates.
    """
    words = [text[start:end] for start, end in spans]
    low = [word.lower() for word in words]
    shapes = [_shape(word) for word in words]
    cased = "shouted" if text.isupper() else "lower" if text.islower() else "mixed"
    found = []
    for place, (start, end) in enumerate(spans):
        said = [
            f"w={low[place]}", f"s={shapes[place]}", f"s={shapes[place]},{cased}",
            f"end={low[place][-3:]}", f"begin={low[place][:3]}", f"kind={_kind(low[place])}",
        ]  # fmt: skip
        if place == 0:
            said.append("first")
        if any(start < until and since < end for since, until in taken):
            said.append("taken")
        for step in NEIGHBOURS:
            other = place + step
            if not 0 <= other < len(words):
                said.append(f"{step}:edge")
                continue
            said += [f"{step}:w={low[other]}", f"{step}:kind={_kind(low[other])}"]
            if abs(step) < 3:
                said.append(f"{step}:s={shapes[other]},{shapes[place]},{cased}")
        before = low[place - 1] if place else ""
        said += [f"-1={before},{shapes[place]}", f"-1={before},{_kind(low[place])}"]
        found.append(said)
    return found


def _kind(word: str) -> str:
    for kind, known in _KINDS.items():
        if word in known:
            return kind
    return "other"


def _shape(word: str) -> str:
    if word.isdigit():
        return f"d{min(len(word), 4)}"
    if any(letter.isdigit() for letter in word):
        return "mixed"
    if not word[0].isalpha():
        return word
    if word.isupper():
        return "A" if len(word) == 1 else "AA"
    return "Aa" if word[0].isupper() else "a"
