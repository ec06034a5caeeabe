"""The smallest change of the past that would have qualified a driver, by the model itself.

A change is a whole number of events that would have gone the other way: offers accepted, rides not
cancelled, stars given. The driver's features are computed anew from the changed counts, so what is
told is what the model would have said. Where the last window alone
would not have done, the longer one is asked, as if every window in it had been better alike. Since
no direction that is known ever lowers the probability, more of a change never does harm, and the
smallest one is found by halving.

Source
------
Wachter, Mittelstadt and Russell (2018), Counterfactual explanations without opening the black box.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.params.tabular import StandardsParams
from features.driver_measures import BEST, LONG, MEASURES, TREND, WORSE_WHEN_HIGHER, Basis, measured

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]
Events = dict[str, Floats]


class Judge(Protocol):
    """What of the qualification model is needed here."""

    def probability(self, rows: pd.DataFrame) -> Floats:
        """P(meets the standards in the next 30 days), never lower for better measures."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """Drivers who do not qualify: their features, what they come from, and what is asked of them.

    ``rows`` and ``basis`` have the same drivers in the same order. Events are those of the last
    ``days``: of the short window or, if ``whole``, of the long one.
    """

    rows: pd.DataFrame
    basis: Basis
    model: Judge
    threshold: float
    min_rating: float
    standards: StandardsParams
    days: int
    whole: bool = False

    def longer(self, places: Places, days: int) -> "Question":
        """The same of the long window, for the drivers at ``places``."""
        rows, basis = self.rows.iloc[places], self.basis.of(places)
        return replace(self, rows=rows, basis=basis, days=days, whole=True)

    def room(self, measure: str) -> Floats:
        """The events of a measure that could still have gone better, whole, one entry a driver."""
        total, tries = (self.basis.long if self.whole else self.basis.short)[measure]
        return np.ceil(np.abs(BEST[measure] * tries - total) - 1e-9)

    def after(self, places: Places, events: Events) -> pd.DataFrame:
        """The features of the drivers at ``places`` after so many events went the other way."""
        basis = self.basis.of(places)
        counted = basis.long if self.whole else basis.short
        gaps = {m: BEST[m] * counted[m][1] - counted[m][0] for m in events}
        more = {m: np.sign(gaps[m]) * np.minimum(events[m], np.abs(gaps[m])) for m in events}
        short = {m: self._share(basis, m, more[m], gaps[m]) for m in events}
        found = measured(basis.moved(short, more), self.standards)
        if self.whole:  # the window before was better too: what changed between them stays
            found = found.drop(columns=[f"{m}_{TREND}" for m in MEASURES])
        return self.rows.iloc[places].assign(**{str(c): found[c].to_numpy() for c in found})

    def _share(self, basis: Basis, measure: str, more: Floats, gap: Floats) -> Floats:
        """What of a change falls into the short window: as much of what could go better there."""
        if not self.whole:
            return more
        total, tries = basis.short[measure]
        part = np.divide(more, gap, out=np.zeros_like(gap), where=gap != 0)
        return np.asarray(part * (BEST[measure] * tries - total))

    def enough(self, places: Places, events: Events) -> Bools:
        """Whether those drivers would then have qualified, gates aside."""
        rows = self.after(places, events)
        likely = self.model.probability(rows) >= self.threshold
        return likely & (rows["rating"].to_numpy("float64") >= self.min_rating)


def smallest_changes(question: Question) -> list[dict[str, Any]]:
    """One reason a driver, of kind ``change``: the events of one measure, or of as few as needed.

    Of several measures that would do alone, the one whose change is smallest beside how much
    drivers differ in it. ``changes`` is empty where nothing in the window would have done.
    """
    n = len(question.rows)
    everything = np.arange(n)
    room = {m: question.room(m) for m in MEASURES}
    reachable = question.enough(everything, room)
    places = everything[reachable]
    chosen: Events = {m: np.zeros(n) for m in MEASURES}
    best = np.full(len(places), np.inf)
    for m in MEASURES:
        one = _cost_of_one(question, places, m)
        # what would not be cheaper than the best so far is not looked for
        cheaper = np.ceil(best / one) - 1
        events = _fewest(question, places, m, np.minimum(room[m][places], cheaper))
        found = ~np.isnan(events)
        best[found] = (events * one)[found]
        for other in MEASURES:
            chosen[other][places[found]] = events[found] if other == m else 0.0
    alone = np.zeros(n, dtype=bool)
    alone[places] = np.isfinite(best)
    together = everything[reachable & ~alone]
    for m, events in _together(question, together, room).items():
        chosen[m][together] = events
    return _told(question, chosen, reachable)


def _fewest(question: Question, places: Places, measure: str, most: Floats) -> Floats:
    """The fewest events of one measure that are enough for each driver; NaN if ``most`` are not."""
    able = most > 0
    able[able] = question.enough(places[able], {measure: most[able]})
    low, high = np.zeros(len(places)), np.where(able, most, np.nan)
    while (active := np.flatnonzero(high - low > 1)).size:
        middle = np.floor((low[active] + high[active]) / 2)
        good = question.enough(places[active], {measure: middle})
        high[active] = np.where(good, middle, high[active])
        low[active] = np.where(good, low[active], middle)
    return high


def _cost_of_one(question: Question, places: Places, measure: str) -> Floats:
    """What one event moves the shrunk measure by, in standard deviations between drivers."""
    basis = question.basis
    prior = (basis.long_priors if question.whole else basis.short_priors)[measure]
    tries = (basis.long if question.whole else basis.short)[measure][1]
    spread = np.sqrt(prior.within / prior.weight)
    return np.asarray(1 / (tries[places] + prior.weight) / spread)


STEPS = 7
"""Halvings of the common share of what could go better: the last is under 1 %."""


def _together(question: Question, places: Places, room: Events) -> Events:
    """Events of several measures for drivers whom none helps alone: every measure the same share
    of its way to the best, then those given back, one by one, that are not needed.
    """
    most = {m: room[m][places] for m in MEASURES}
    low, high = np.zeros(len(places)), np.ones(len(places))
    for _ in range(STEPS if len(places) else 0):
        middle = (low + high) / 2
        good = question.enough(places, {m: np.ceil(middle * most[m]) for m in MEASURES})
        high, low = np.where(good, middle, high), np.where(good, low, middle)
    events = {m: np.ceil(high * most[m]) for m in MEASURES}
    for m in MEASURES if len(places) else ():
        without = {**events, m: np.zeros(len(places))}
        events = {**events, m: np.where(question.enough(places, without), 0.0, events[m])}
    return events


def _told(question: Question, events: Events, reachable: Bools) -> list[dict[str, Any]]:
    """The changes in words of the measures, with the probability that they would have given."""
    places = np.arange(len(question.rows))
    changed = question.after(places, events)
    # who cannot reach it is told how near the best window would have come
    best = question.after(places, {m: question.room(m) for m in MEASURES})
    shown = changed.where(pd.Series(reachable, index=changed.index), best)
    probability = question.model.probability(shown)
    column = {m: f"{m}_{LONG}" if question.whole else m for m in MEASURES}
    before = {m: question.rows[column[m]].to_numpy("float64") for m in MEASURES}
    after = {m: changed[column[m]].to_numpy("float64") for m in MEASURES}
    listed: list[list[dict[str, Any]]] = [[] for _ in places]
    for m in MEASURES:
        for place in np.flatnonzero(reachable & (events[m] > 0)):
            listed[place].append(
                {
                    "name": m,
                    "value": round(float(before[m][place]), 4),
                    "needed": f"{_sign(m)} {_rounded(m, float(after[m][place]))}",
                    "change": round(float(after[m][place] - before[m][place]), 4),
                    "events": int(events[m][place]),
                }
            )
    return [
        {
            "kind": "change",
            "days": question.days,
            "changes": changes,
            "probability": round(float(p), 4),
        }
        for changes, p in zip(listed, probability, strict=True)
    ]


def _sign(measure: str) -> str:
    return "<=" if measure in WORSE_WHEN_HIGHER else ">="


def _rounded(measure: str, value: float) -> float:
    """Four digits, to the side that is asked for."""
    toward = np.floor if measure in WORSE_WHEN_HIGHER else np.ceil
    return round(float(toward(value * 1e4) / 1e4), 4)
