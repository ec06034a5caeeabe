"""Questions that nothing answered, put together by what they mean: what the base lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engines.support.redaction import redact
from features.text import normalise

if TYPE_CHECKING:
    from models.support.encoder import TextEncoder

NEAR = 0.6
"""Mean cosine down to which questions count as one gap."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions of one meaning; ``example`` is the one nearest to all of them."""

    example: str
    questions: tuple[str, ...]


def gaps(encoder: "TextEncoder", questions: Sequence[str]) -> list[Gap]:
    """Clusters of questions, the largest first; personal values are redacted.

    Source
    ------
    Sokal and Michener (1958): average linkage, cut where clusters are less alike than ``NEAR``.
    """
    from sklearn.cluster import AgglomerativeClustering

    texts = list(dict.fromkeys(redact(normalise(question)) for question in questions))
    if not texts:
        return []
    vectors = encoder.embed(texts)
    labels = np.zeros(1, int)
    if len(texts) > 1:
        cut = AgglomerativeClustering(
            None, metric="cosine", linkage="average", distance_threshold=1 - NEAR
        )
        labels = cut.fit_predict(vectors)
    found = []
    for label in range(labels.max() + 1):
        mine = np.flatnonzero(labels == label)
        middle = vectors[mine].mean(axis=0)
        order = mine[np.argsort(-(vectors[mine] @ middle), kind="stable")]
        found.append(Gap(texts[order[0]], tuple(texts[place] for place in order)))
    return sorted(found, key=lambda gap: (-len(gap.questions), gap.example))
