"""Messages with their entities marked: ``my [order_id:ORD55120] to [location:Maple Road 4]``."""

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput
from pipelines.datasets.texts import DATA

LEARNED = DATA / "utterances" / "entities.txt"
HELD_OUT = DATA / "heldout" / "entities.txt"
TYPES = (
    "order_id", "trip_id", "payment_id", "user_id", "amount", "phone", "plate", "promo_code",
    "date_time", "location", "email", "card",
)  # fmt: skip
_MARK = re.compile(r"\[(\w+):([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class Marked:
    """One entity: its type and where it stands in the plain text."""

    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Annotated:
    """A message without its marks, and what they said."""

    text: str
    entities: tuple[Marked, ...]


def read(path: Path) -> list[Annotated]:
    """Every message of a file, one a line.

    Raises
    ------
    BadInput
        Naming the line with an unknown type or a mark that does not close.
    """
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    return [_parsed(line, f"{path}:{number}") for number, line in lines if line.strip()]


def _parsed(line: str, place: str) -> Annotated:
    text, entities, at = "", [], 0
    for mark in _MARK.finditer(line):
        if mark[1] not in TYPES:
            raise BadInput(f"{place}: expected one of {', '.join(TYPES)}, got {mark[1]!r}")
        text += line[at : mark.start()]
        entities.append(Marked(mark[1], len(text), len(text) + len(mark[2])))
        text, at = text + mark[2], mark.end()
    text += line[at:]
    if "[" in text or "]" in text:
        raise BadInput(f"{place}: expected marks like [location:Maple Road 4], got {line!r}")
    return Annotated(text, tuple(entities))
