"""What users of the city say: messages with their true intent and knowledge item."""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.errors import BadInput
from core.intents import LABELS

HEADER = ["text", "intent", "kb_code", "sentiment", "language"]
SLOT = re.compile(r"\{(\w+)\}")
ORDER_ID = re.compile(r"\bORD\d{5,12}\b")
PLACES = (
    "the airport", "Central Station", "Harbour Road", "the university", "Market Square",
    "Hill Street 12", "the stadium", "Old Mill Lane",
)  # fmt: skip
DAYS = ("yesterday", "last Friday", "this morning", "tomorrow", "on Sunday")
CODES = ("SAVE2", "SAVE4", "WELCOME1", "SUMMER10")


@dataclass(frozen=True, slots=True)
class Text:
    """One message; ``kb_code`` is None where no item of the knowledge base answers it."""

    text: str
    intent: str
    kb_code: str | None
    sentiment: str
    language: str


@dataclass(frozen=True)
class Texts:
    """All messages, with indices by intent and by item."""

    rows: tuple[Text, ...]
    by_intent: dict[str, list[int]] = field(init=False)
    by_item: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        intents: dict[str, list[int]] = defaultdict(list)
        items: dict[str, list[int]] = defaultdict(list)
        for i, row in enumerate(self.rows):
            intents[row.intent].append(i)
            if row.kb_code:
                items[row.kb_code].append(i)
        object.__setattr__(self, "by_intent", dict(intents))
        object.__setattr__(self, "by_item", dict(items))

    def another(self, row: Text, rng: np.random.Generator) -> Text:
        """The same question in other words, where there are any."""
        same = self.by_item.get(row.kb_code or "") or self.by_intent[row.intent]
        others = [i for i in same if self.rows[i] is not row] or same
        return self.rows[others[int(rng.integers(len(others)))]]

    def any_of(self, intent: str, rng: np.random.Generator) -> Text | None:
        """A message of an intent; None where there is none."""
        found = self.by_intent.get(intent)
        return self.rows[found[int(rng.integers(len(found)))]] if found else None


def load_texts(path: Path) -> Texts:
    """Read ``text,intent,kb_code,sentiment,language``.

    Raises
    ------
    BadInput
        If the file, the header or an intent is not as expected, or there is no row.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            header, raw = reader.fieldnames, list(reader)
    except OSError as error:
        raise BadInput(f"expected the users' messages in {path}, got {error}") from None
    if header is None or list(header) != HEADER or not raw:
        raise BadInput(f"{path}: expected the header {','.join(HEADER)} and rows, got {header}")
    wrong = sorted({str(r["intent"]) for r in raw} - set(LABELS))
    if wrong or any(not r["text"] for r in raw):
        raise BadInput(f"{path}: expected a text and a known intent in each row, got {wrong}")
    return Texts(
        tuple(
            Text(r["text"], r["intent"], r["kb_code"] or None, r["sentiment"], r["language"])
            for r in raw
        )
    )


def fill(text: str, order_id: str | None, rng: np.random.Generator) -> str:
    """Slots and sample order numbers replaced by what this user would write."""
    if "{" not in text and "ORD" not in text:
        return text
    order = order_id or f"ORD{rng.integers(10**9, 10**10)}"
    values = {
        "order_id": order,
        "trip_id": order.replace("ORD", "TRP"),
        "payment_id": order.replace("ORD", "PAY"),
        "amount": f"${rng.integers(4, 60)}.{rng.integers(0, 100):02d}",
        "place": PLACES[int(rng.integers(len(PLACES)))],
        "date": DAYS[int(rng.integers(len(DAYS)))],
        "time": f"{rng.integers(0, 24)}:{rng.integers(0, 60):02d}",
        "promo_code": CODES[int(rng.integers(len(CODES)))],
        "minutes": str(rng.integers(3, 40)),
        "plate": f"{rng.integers(10, 99)}-KT-{rng.integers(10, 99)}",
    }
    known = SLOT.sub(lambda m: values.get(m.group(1), "it"), text)
    return ORDER_ID.sub(order, known)
