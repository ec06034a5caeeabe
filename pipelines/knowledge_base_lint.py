"""`tripo kb lint`: what is wrong with the seed of the knowledge base, item by item.

Besides the shape of an item (`expectations.knowledge_base`): every figure in an answer is held
against data/policies.yaml and the settings that are promises too (fares, standards of premium
drivers), and no two questions may mean the same.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from core.params import Params
from expectations.knowledge_base import TRANSLATION_OF, problems
from features import figures
from features.figures import CLOCK, DURATION, FACTOR, MONEY, SHARE, Figure
from pipelines.context import Context
from pipelines.datasets import texts

POLICIES = Path(__file__).parents[1] / "data" / "policies.yaml"
ALIKE = 0.95
"""Cosine from which two questions mean the same."""
MOST_NAMED = 8
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_NUMBER = re.compile(r"\b\d+(?:[.:]\d+)?\b")
_EXAMPLE = re.compile(r"\b(for example|for instance|say|e\.g\.)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Topic:
    """A sentence with these words may only state the figures of these keys."""

    words: str
    kinds: frozenset[str]
    keys: tuple[str, ...]

    def speaks_in(self, sentence: str) -> bool:
        return re.search(self.words, sentence, re.IGNORECASE) is not None


def _topic(words: str, kinds: Sequence[str], *keys: str) -> Topic:
    return Topic(words, frozenset(kinds), keys)


TOPICS = (
    _topic(r"\bcancel", [SHARE], "cancellation", "premium", "standards"),
    _topic(r"\bplans?\b|\bsubscri|UNLIMITED", [SHARE], "subscriptions", "fares"),
    _topic(r"\bwaiting (time|fee|minutes?)\b", [DURATION, MONEY], "waiting", "cancellation"),
    _topic(r"\btips?\b|\btipping\b", [SHARE, DURATION], "tips", "fares.driver_share"),
    _topic(r"\brefund", ["business day"], "refunds"),
    _topic(r"\binstant (payout|cash)", [MONEY], "drivers.instant_payout_fee_cents"),
    _topic(r"\b(invite|referral|refer) ", [MONEY], "referral"),
    _topic(r"\bpoints\b", ["point"], "loyalty"),
    _topic(r"\bphone line\b|\bby phone\b", [CLOCK], "support_hours"),
    _topic(r"\bbackground check", ["month", "year"], "drivers", "standards"),
    _topic(r"\blicen[cs]e\b", ["year"], "drivers"),
)


def lint(ctx: Context, folder: Path = texts.KNOWLEDGE) -> dict[str, Any]:
    """``{"items", "by_category", "problems"}`` of the seed in ``folder``; one line a problem.

    Raises
    ------
    BadInput
        If a file is no YAML list of mappings.
    """
    items = texts.items(folder)
    counts = Counter(item["category"] for item in items)
    return {"items": len(items), "by_category": dict(counts), "problems": faults(items, ctx)}


def faults(items: list[dict[str, Any]], ctx: Context) -> list[str]:
    """What is wrong with items, one line each, the code first."""
    from models.support.known_vectors import embed
    from pipelines.bundled_encoder import bundled_artefact

    shape = problems(items)
    found = list(shape)
    known = allowed(yaml.safe_load(POLICIES.read_text()), ctx.params)
    for item in items:
        wrong = wrong_figures(str(item.get("answer", "")), known)
        found += [f"{item.get('kb_code')}: {line}" for line in wrong]
    if not shape:
        found += mistranslated(items)
        vectors = embed([item["question"] for item in items], bundled_artefact(ctx))
        found += repeated(items, vectors)
    return found


def allowed(policies: Mapping[str, Any], params: Params) -> list[tuple[str, Figure]]:
    """(key, figure) of all that the company has decided."""
    standards = params.driver_qualification.standards.model_dump()
    shares = ("acceptance", "cancellation", "completion", "eta_accuracy", "on_time")
    pricing, matching = params.pricing, params.matching
    found = [
        *figures.stated(policies),
        *((f"standards.{name}", Figure(SHARE, standards[name])) for name in shares),
        ("standards.min_tenure", Figure("month", round(standards["min_tenure_days"] / 30.4))),
        *(
            (f"fares.{vertical}.{part}", Figure(MONEY, float(cents)))
            for vertical, fare in pricing.fares.items()
            for part, cents in fare.model_dump().items()
        ),
        *(("fares.class", Figure(FACTOR, float(m))) for m in pricing.class_multiplier.values()),
        ("fares.premium_cap", Figure(FACTOR, pricing.premium_cap)),
        ("fares.driver_share", Figure(SHARE, pricing.driver_share)),
        ("fares.company_share", Figure(SHARE, round(1 - pricing.driver_share, 4))),
        ("fares.premium_bonus", Figure(SHARE, pricing.premium_bonus_share)),
        ("fares.max_discount", Figure(SHARE, pricing.max_discount)),
        ("matching.eta", Figure(DURATION, matching.max_eta_minutes)),
        ("matching.online", Figure(DURATION, matching.max_online_hours * 60)),
        *(("ratings", Figure("star", float(stars))) for stars in range(1, 6)),
    ]
    plans = policies["subscriptions"]
    months = plans["yearly_price_in_monthly_prices"]
    found.append(("subscriptions.yearly", Figure("month", float(months))))
    found += [
        ("subscriptions.yearly", Figure(MONEY, float(months * plan["monthly_price_cents"])))
        for plan in plans["plans"].values()
    ]
    return found


def wrong_figures(answer: str, known: Sequence[tuple[str, Figure]]) -> Iterator[str]:
    """Figures that nobody decided, or that belong to something else; examples are not judged."""
    for sentence in _SENTENCE.split(answer):
        topics = [topic for topic in TOPICS if topic.speaks_in(sentence)]
        example = _EXAMPLE.search(sentence) is not None
        for figure, words in figures.find(sentence):
            if example and figure.kind == MONEY:
                continue
            about = [t for t in topics if figure.kind in t.kinds]
            keys = tuple(key for topic in about for key in topic.keys) or ("",)
            fair = {f for key, f in known if key.startswith(keys) and f.kind == figure.kind}
            if figure not in fair:
                decided = ", ".join(f"{f.value:g}" for f in sorted(fair)[:MOST_NAMED]) or "none"
                where = ", ".join(filter(None, keys)) or "the company's settings"
                yield f"{words!r} is not decided in {where}; its {figure.kind}: {decided}"


def mistranslated(items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Answers in another language whose numbers are not those of the English one."""
    said = {item["kb_code"]: sorted(_NUMBER.findall(item["answer"])) for item in items}
    for item in items:
        original = item.get(TRANSLATION_OF)
        if original and said[item["kb_code"]] != said[original]:
            one, two = (" ".join(said[c]) or "no number" for c in (item["kb_code"], original))
            yield f"{item['kb_code']}: states {one}, where {original} states {two}"


def repeated(items: Sequence[Mapping[str, Any]], vectors: NDArray[np.float32]) -> Iterator[str]:
    """Questions of one language that mean the same; answers that are the same."""
    languages = np.array([item["language_code"] for item in items])
    alike = np.triu(vectors @ vectors.T, k=1) * (languages[:, None] == languages[None, :])
    for one, two in np.argwhere(alike > ALIKE):
        first, second = items[one], items[two]
        yield f"{second['kb_code']}: asks what {first['kb_code']} asks, {alike[one, two]:.2f} alike"
    seen: dict[str, str] = {}
    for item in items:
        words = " ".join(item["answer"].lower().split())
        if words in seen:
            yield f"{item['kb_code']}: answers word for word what {seen[words]} answers"
        seen[words] = item["kb_code"]
