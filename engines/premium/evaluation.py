"""One night's word on every driver: by the model or, without one, by the rule; with reasons."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.enums import DriverTier
from core.params.tabular import DriverQualificationParams
from engines.premium import qualify
from engines.premium.changes import Question, smallest_changes
from features.driver_measures import NOW, Basis
from models.premium.qualification import Qualification


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Who qualifies and why, one entry a driver; no probability and threshold by the rule."""

    by: str
    probability: pd.Series | None
    threshold: float | None
    tier: pd.Series
    qualified: pd.Series
    reasons: list[list[dict[str, Any]]]


def evaluated(
    known: pd.DataFrame,
    gates: qualify.Gates,
    basis: Basis,
    model: Qualification | None,
    params: DriverQualificationParams,
) -> Evaluation:
    """Judge all drivers of ``known``, indexed by driver; ``basis`` has those active in the window.

    Whoever is active and did not pass the model is told the smallest change that would have done.
    """
    allowed = gates.passed.all(axis=1)
    rating, rules = known["rating"], params.standards
    if model is None:
        now = known[NOW].astype("float64")
        tier = qualify.tiers(allowed & (now > 0), now, rating, 1.0, params)
        told = qualify.reasons(gates, known, None, rules)
        return Evaluation(qualify.RULE, None, None, tier, tier != DriverTier.NONE.value, told)
    guess = model.predict(known)
    probability, threshold = guess["probability"].where(rating.notna()), model.threshold.value
    likely = guess["qualifies"].astype(bool)
    tier = qualify.tiers(allowed & likely, probability, rating, threshold, params)
    told = qualify.reasons(gates, known, model.explain(known), rules)
    min_rating = min(step.rating for step in params.tiers.values())
    short = ~(likely & (rating >= min_rating))
    places = np.flatnonzero(short.to_numpy() & known.index.isin(basis.totals.index))
    rows = known.iloc[places]
    of_basis = basis.of(basis.totals.index.get_indexer(rows.index))
    question = Question(rows, of_basis, model, threshold, min_rating, rules, params.window_days)
    changes = smallest_changes(question)
    far = np.array([n for n, change in enumerate(changes) if not change["changes"]], dtype=np.intp)
    for n, change in zip(
        far, smallest_changes(question.longer(far, params.long_days)), strict=True
    ):
        changes[n] = change
    for place, change in zip(places, changes, strict=True):
        told[place].append(change)
    qualified = tier != DriverTier.NONE.value
    return Evaluation(qualify.MODEL, probability, threshold, tier, qualified, told)
