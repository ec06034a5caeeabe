"""A release's knowledge base as people edit it: the same models over the items of now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engines.support.answering import SupportRelease
from engines.support.rules import Rule
from features.text import normalise

ALIKE = 0.95
"""Cosine from which two questions mean the same."""


def with_items(release: SupportRelease, items: Sequence[Mapping[str, Any]]) -> SupportRelease:
    """The release over these active items; texts that it knew are not embedded again."""
    retriever = release.retriever.over(items, release.encoder.embed)
    return replace(
        release,
        retriever=retriever,
        items={str(item["kb_code"]): item for item in retriever.items},
    )


def with_rules(release: SupportRelease, rules: Sequence[Rule]) -> SupportRelease:
    """The release under these escalation rules."""
    return replace(release, rules=tuple(rules))


def asked_alike(
    release: SupportRelease, question: str, audience: str, language: str, but: str = ""
) -> str | None:
    """The code of an item for the same people whose question means the same; ``but`` is not it."""
    others = [
        item
        for code, item in release.items.items()
        if code != but and item["language_code"] == language and item["audience"] == audience
    ]
    if not others:
        return None
    texts = [normalise(question), *(normalise(str(item["question"])) for item in others)]
    vectors = release.encoder.embed(texts)
    near = vectors[1:] @ vectors[0]
    best = int(np.argmax(near))
    return str(others[best]["kb_code"]) if near[best] >= ALIKE else None
