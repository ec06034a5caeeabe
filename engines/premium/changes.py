"""The smallest change of the last window that would have qualified a driver, by the model itself.

A change is a whole number of events that would have gone the other way: offers accepted, rides not
cancelled, stars given. The driver's features are computed anew from the changed counts, so what is
told is what the model would have said. Since no direction that is known ever lowers the
probability, more of a change never does harm, and the smallest one is found by halving.

Source
------
Wachter, Mittelstadt and Russell (2018), Counterfactual explanations without opening the black box.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.params.tabular import StandardsParams
from features.driver_measures import BEST, MEASURES, WORSE_WHEN_HIGHER, Basis, measured

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

    ``rows`` and ``basis`` have the same drivers in the same order.
    """

    rows: pd.DataFrame
    basis: Basis
    model: Judge
    threshold: float
    min_rating: float
    standards: StandardsParams

    def room(self, measure: str) -> Floats:
        """The events of a measure that could still have gone better, whole, one entry a driver."""
        total, tries = self.basis.short[measure]
        return np.ceil(np.abs(BEST[measure] * tries - total) - 1e-9)

    def after(self, places: Places, events: Events) -> pd.DataFrame:
        """The features of the drivers at ``places`` after so many events went the other way."""
        basis = self.basis.of(places)
        more = {}
        for measure, count in events.items():
            total, tries = basis.short[measure]
            gap = BEST[measure] * tries - total
            more[measure] = np.sign(gap) * np.minimum(count, np.abs(gap))
        found = measured(basis.moved(more), self.standards)
        return self.rows.iloc[places].assign(**{str(c): found[c].to_numpy() for c in found})

    def enough(self, places: Places, events: Events) -> Bools:
        """Whether those drivers would then have qualified, gates aside."""
        rows = self.after(places, events)
        likely = self.model.probability(rows) >= self.threshold
        return likely & (rows["rating"].to_numpy("float64") >= self.min_rating)


def smallest_changes(question: Question) -> list[dict[str, Any]]:
    """One reason a driver, of kind ``change``: the events of one measure, or of as few as needed.

    Of several measures that would do alone, the one whose change is smallest beside how much
    drivers differ in it. ``changes`` is empty where nothing in the last window would have done.
    """
    n = len(question.rows)
    everything = np.arange(n)
    room = {m: question.room(m) for m in MEASURES}
    reachable = question.enough(everything, room)
    single = {
        m: _fewest(question, everything[reachable], {m: room[m][reachable]}) for m in MEASURES
    }
    cost = np.full((len(MEASURES), n), np.inf)
    for row, m in enumerate(MEASURES):
        cost[row, reachable] = _cost(question, everything[reachable], m, single[m])
    best, alone = cost.argmin(axis=0), np.isfinite(cost).any(axis=0)
    chosen: Events = {m: np.zeros(n) for m in MEASURES}
    for row, m in enumerate(MEASURES):
        mine = (best == row) & alone
        chosen[m][mine] = single[m][mine[reachable]]
    together = everything[reachable & ~alone]
    for m, events in _together(question, together, room).items():
        chosen[m][together] = events
    return _told(question, chosen, reachable)


def _fewest(question: Question, places: Places, room: Mapping[str, Floats]) -> Floats:
    """The fewest events of one measure that are enough for each driver; NaN if none are."""
    ((measure, most),) = room.items()
    able = most > 0
    able[able] = question.enough(places[able], {measure: most[able]})
    low, high = np.zeros(len(places)), np.where(able, most, np.nan)
    while (active := np.flatnonzero(high - low > 1)).size:
        middle = np.floor((low[active] + high[active]) / 2)
        good = question.enough(places[active], {measure: middle})
        high[active] = np.where(good, middle, high[active])
        low[active] = np.where(good, low[active], middle)
    return high


def _cost(question: Question, places: Places, measure: str, events: Floats) -> Floats:
    """The change of the shrunk measure, in standard deviations of drivers; infinite if NaN."""
    prior = question.basis.short_priors[measure]
    tries = question.basis.short[measure][1]
    spread = np.sqrt(prior.within / prior.weight)  # between drivers
    moved = events / (tries[places] + prior.weight)
    return np.asarray(np.nan_to_num(moved / spread, nan=np.inf))


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
    before = {m: question.rows[m].to_numpy("float64") for m in MEASURES}
    after = {m: changed[m].to_numpy("float64") for m in MEASURES}
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
        {"kind": "change", "changes": changes, "probability": round(float(p), 4)}
        for changes, p in zip(listed, probability, strict=True)
    ]


def _sign(measure: str) -> str:
    return "<=" if measure in WORSE_WHEN_HIGHER else ">="


def _rounded(measure: str, value: float) -> float:
    """Four digits, to the side that is asked for."""
    toward = np.floor if measure in WORSE_WHEN_HIGHER else np.ceil
    return round(float(toward(value * 1e4) / 1e4), 4)
