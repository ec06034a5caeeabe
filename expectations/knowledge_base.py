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
TRANSLATION_OF = "translation_of"
"""In an item of another language: the code of its English original."""


def problems(items: list[dict[str, Any]]) -> list[str]:
    """Everything wrong with seed items, one line each; empty when there is nothing."""
    found = []
    seen: dict[str, str] = {}
    for item in items:
        code = str(item.get("kb_code"))
        missing = [field for field in FIELDS if not item.get(field)]
        unknown = sorted(set(item) - {*FIELDS, TRANSLATION_OF})
        if missing or unknown:
            found.append(f"{code}: missing {missing}, unknown {unknown}")
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
    return found or _unlinked(items)


def _unlinked(items: list[dict[str, Any]]) -> list[str]:
    """Items in another language that are not the translation of an English one."""
    originals = {item["kb_code"]: item for item in items if item["language_code"] == "en"}
    found, seen = [], set()
    for item in items:
        code, language, link = item["kb_code"], item["language_code"], item.get(TRANSLATION_OF)
        if language == "en":
            if link:
                found.append(f"{code}: is in English, so it translates no {link}")
            continue
        original = originals.get(link)
        if original is None:
            found.append(f"{code}: expected the code of an English item, got {link}")
        elif any(original[name] != item[name] for name in ("intent", "audience", "service_types")):
            found.append(f"{code}: intent, audience or services are not those of {link}")
        if (language, link) in seen:
            found.append(f"{code}: {link} is translated into {language} twice")
        seen.add((language, link))
    return found
