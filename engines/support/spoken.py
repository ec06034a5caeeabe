"""What is said aloud: ids and amounts are read back before they are used, answers are speakable."""

import re
from collections.abc import Sequence

from engines.support.entities import Entity

CONFIRMED = ("order_id", "trip_id", "payment_id", "amount", "phone", "plate", "card")
"""Types of entities that a recogniser gets wrong easily, and that cost something when wrong."""
NAMES = {"order_id": "order", "trip_id": "trip", "payment_id": "payment", "plate": "plate"}
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
YES = frozenset({"yes", "yeah", "correct", "right", "that is right", "sí", "si", "oui", "exacto"})
NO = frozenset({"no", "nope", "wrong", "that is wrong", "non"})
LONGEST = 600
_SAID_DIGITS = re.compile(rf"\border((?: (?:{'|'.join(DIGITS)})){{5,12}})\b", re.IGNORECASE)
_URL = re.compile(r"https?://\S+|\bwww\.\S+")
_PATH = re.compile(r"\s*>\s*")


def with_digits(text: str) -> str:
    """``order one two three four five`` as ``ORD12345``, the way it is written."""

    def written(match: re.Match[str]) -> str:
        return "ORD" + "".join(str(DIGITS.index(word)) for word in match[1].lower().split())

    return _SAID_DIGITS.sub(written, text)


def to_confirm(entities: Sequence[Entity]) -> str | None:
    """The question that reads ids and amounts back; None where nothing has to be."""
    heard = [entity for entity in entities if entity.type in CONFIRMED]
    if not heard:
        return None
    return f"You said {' and '.join(_aloud(entity) for entity in heard)}. Is that right?"


def _aloud(entity: Entity) -> str:
    if entity.type == "amount":
        return entity.value
    read = " ".join(
        DIGITS[int(sign)] if sign.isdigit() else sign.upper()
        for sign in entity.value.removeprefix("ORD")
        if sign.isalnum()
    )
    return f"{NAMES.get(entity.type, entity.type)} {read}"


def confirmed(text: str) -> bool | None:
    """Whether a reply agrees, disagrees, or is about something else."""
    said = re.sub(r"[^\w\s]", "", text.casefold()).strip()
    if said in YES:
        return True
    return False if said in NO else None


def speakable(text: str) -> str:
    """An answer for the ear: no addresses, a path through screens as steps, not endless."""
    spoken = _PATH.sub(", then ", _URL.sub("the address in the chat", text))
    if len(spoken) <= LONGEST:
        return spoken
    cut = spoken[:LONGEST].rpartition(". ")[0] or spoken[:LONGEST].rpartition(" ")[0]
    return f"{cut.rstrip('.')}. The rest is in the chat."
