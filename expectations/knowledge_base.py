"""What an item of the knowledge base must look like, before it enters the table.

Items are nested and few, and whoever writes one wants every fault named at once: plain rules, where
the tables of the lake have a Great Expectations suite.
"""

from typing import Any

from core.enums import Audience, Vertical
from core.intents import CATEGORIES, CATEGORY_OF

FIELDS = (
    "kb_code", "category", "intent", "question", "variants", "answer", "keywords",
    "service_types", "audience", "language_code",
)  # fmt: skip


def problems(items: list[dict[str, Any]]) -> list[str]:
    """Everything wrong with seed items, one line each; empty when there is nothing."""
    found = []
    seen: dict[str, str] = {}
    for item in items:
        code = str(item.get("kb_code"))
        missing = [field for field in FIELDS if not item.get(field)]
        if missing or set(item) - set(FIELDS):
            found.append(f"{code}: missing {missing}, unknown {sorted(set(item) - set(FIELDS))}")
            continue
        checks = {
            f"category {item['category']!r} is not one of the 16": item["category"] in CATEGORIES,
            f"intent {item['intent']!r} is not of category {item['category']}": (
                CATEGORY_OF.get(item["intent"]) == item["category"]
            ),
            f"audience {item['audience']!r} is unknown": item["audience"] in set(Audience),
            f"service types {item['service_types']} are unknown": (
                set(item["service_types"]) <= set(Vertical)
            ),
            "the question is over 500 characters": len(item["question"]) <= 500,
            "the answer is not 12 to 120 words": 12 <= len(item["answer"].split()) <= 120,
            "expected 1 to 20 keywords": 1 <= len(item["keywords"]) <= 20,
            "expected 2 to 4 variants": 2 <= len(item["variants"]) <= 4,
            f"the question stands in {seen.get(item['question'])} too": (
                item["question"] not in seen
            ),
            f"{code} stands twice": code not in seen.values(),
        }
        found += [f"{code}: {text}" for text, fine in checks.items() if not fine]
        seen[item["question"]] = code
    return found
