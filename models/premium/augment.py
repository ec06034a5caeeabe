"""Cheapest augmenting paths from any start: the exact part of `models.premium.assignment`.

One side, the sources, must all be matched; the targets may stay free. A source has a value and a
target a price, whole numbers with ``value + price >= gain`` on every pair and equality on pairs
that are matched; a price is never negative, and zero where the target is free at the end. Such
numbers prove that no other choice has a larger sum of gains.

Source
------
Kuhn (1955), The Hungarian method; the searches are Dijkstra's over reduced costs (Edmonds and
Karp, 1972), from sources without a target and from targets that are free but priced.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

NOBODY = -1
BEYOND, CLOSED = 2**60, 2**61
"""Further than any path; the price of a target that no longer takes part."""


@dataclass(slots=True)
class Side:
    """One side of the graph: pairs and gains of each of its nodes, its number, its mate."""

    others: list[list[int]]
    gains: list[list[int]]
    number: list[int]
    mate: list[int]

    @classmethod
    def empty(cls, size: int) -> "Side":
        return cls([[] for _ in range(size)], [[] for _ in range(size)], [0] * size,
                   [NOBODY] * size)  # fmt: skip

    def add(self, node: Ints, other: Ints, gain: Ints) -> None:
        """Further pairs; ``node`` ascending."""
        places, first = np.unique(node, return_index=True)
        ends = [*first[1:].tolist(), len(node)]
        o, g = other.tolist(), gain.tolist()
        for place, a, b in zip(places.tolist(), first.tolist(), ends, strict=True):
            self.others[place] += o[a:b]
            self.gains[place] += g[a:b]


@dataclass(slots=True)
class Reached:
    """What a search has met: distance of its nodes, and the node before each mate's."""

    done: dict[int, int] = field(default_factory=dict)
    before: dict[int, tuple[int, int]] = field(default_factory=dict)


class Part:
    """A graph whose sources must all be matched, kept optimal while pairs are added."""

    def __init__(self, sources: int, targets: int) -> None:
        self.source, self.target = Side.empty(sources), Side.empty(targets)

    def start(self, source: Ints, target: Ints, gain: Ints, price: Ints) -> list[int]:
        """Solve for these pairs, ``source`` ascending, from guessed prices; as `settle`."""
        self.target.number = price.tolist()
        self._append(source, target, gain)
        at, first = np.unique(source, return_index=True)
        value = np.maximum.reduceat(gain - price[target], first)
        for place, v in zip(at.tolist(), value.tolist(), strict=True):
            self.source.number[place] = v
        tight = np.flatnonzero(gain - price[target] == np.repeat(value, np.diff(
            np.append(first, len(source)))))  # fmt: skip
        self._match_tight(source[tight], target[tight])
        return self.settle(at.tolist(), np.unique(target).tolist())

    def extend(self, source: Ints, target: Ints, gain: Ints) -> None:
        """Take further pairs in, ``source`` ascending; everybody stays matched."""
        if not len(source):
            return
        self._append(source, target, gain)
        freed, priced = [], []
        for s in np.unique(source).tolist():
            worth = max(
                g - self.target.number[t]
                for t, g in zip(self.source.others[s], self.source.gains[s], strict=True)
            )
            if worth > self.source.number[s]:
                self.source.number[s] = worth
                left = self.source.mate[s]
                self.source.mate[s], self.target.mate[left] = NOBODY, NOBODY
                freed.append(s)
                priced.append(left)
        self.settle(freed, priced)

    def settle(self, sources: Iterable[int], targets: Iterable[int]) -> list[int]:
        """Match every free source, free every priced target; sources that cannot be matched.

        These and all that their search met, sources and targets, take no further part.
        """
        lost = []
        for s in sources:
            if self.source.mate[s] == NOBODY and self.source.number[s] > -BEYOND:
                dead = search(s, self.source, self.target, may_stay=False)
                if dead is not None:
                    lost += self._give_up(dead)
        # after the sources: what competes in vain is out of the way by then
        for t in targets:
            if self.target.mate[t] == NOBODY and self.target.number[t] > 0:
                search(t, self.target, self.source, may_stay=True)
        return lost

    def _append(self, source: Ints, target: Ints, gain: Ints) -> None:
        self.source.add(source, target, gain)
        back = np.argsort(target, kind="stable")
        self.target.add(target[back], source[back], gain[back])

    def _match_tight(self, source: Ints, target: Ints) -> None:
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import maximum_bipartite_matching

        shape = (len(self.source.mate), len(self.target.mate))
        graph = csr_array((np.ones(len(source), np.int8), (source, target)), shape=shape)
        self.source.mate = maximum_bipartite_matching(graph, perm_type="column").tolist()
        for s, t in enumerate(self.source.mate):
            if t != NOBODY:
                self.target.mate[t] = s

    def _give_up(self, dead: Reached) -> list[int]:
        for s in dead.done:
            self.source.number[s] = -BEYOND
            if self.source.mate[s] != NOBODY:
                self.target.number[self.source.mate[s]] = CLOSED
        return list(dead.done)


def search(start: int, side: Side, across: Side, *, may_stay: bool) -> Reached | None:
    """Match ``start``, or leave it (or the mate of one it displaces) free where that is cheaper.

    Returns None when done, and what was met if there is no way.
    """
    met = Reached()
    done, before, number, numbers = met.done, met.before, side.number, across.number
    best = number[start] if may_stay else BEYOND
    end = (start, NOBODY)
    heap = [(0, start)]
    while heap:
        far, node = heappop(heap)
        if far >= best:
            break
        if node in done:
            continue
        done[node] = far
        base = far + number[node]
        if may_stay and base < best:
            best, end = base, (node, NOBODY)
        for other, gain in zip(side.others[node], side.gains[node], strict=True):
            cost = base + numbers[other] - gain
            if cost < best and (other not in before or cost < before[other][0]):
                before[other] = (cost, node)
                displaced = across.mate[other]
                if displaced == NOBODY:
                    best, end = cost, (node, other)
                elif displaced not in done:
                    heappush(heap, (cost, displaced))
    if best == BEYOND:
        return met
    _shift(side, across, done, best)
    _flip(start, end, side, across, before)
    return None


def _shift(side: Side, across: Side, done: dict[int, int], best: int) -> None:
    """Pairs on the cheapest way become tight, and none becomes cheaper than nothing."""
    for node, far in done.items():
        if far < best:
            side.number[node] -= best - far
            if side.mate[node] != NOBODY:
                across.number[side.mate[node]] += best - far


def _flip(
    start: int, end: tuple[int, int], side: Side, across: Side, before: dict[int, tuple[int, int]]
) -> None:
    node, other = end
    while True:
        left, side.mate[node] = side.mate[node], other
        if other != NOBODY:
            across.mate[other] = node
        if node == start:
            return
        other, node = left, before[left][1]
