"""Which of many possible pairs an optimum will probably use, by a quick auction of the columns.

What comes out decides only how long the exact search takes, never what it finds.

Source
------
Bertsekas (1988), The auction algorithm; here all rows bid at once and it stops early.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Whole = NDArray[np.integer]

EACH, SAMPLE = 8, 256
"""Pairs of a row in one core; pairs of a row that are looked at for the first."""
ROUNDS, FEW = 60, 200
"""Most rounds of bids; it stops when one of so many rows is left without a column."""
STEP, MOST, BELOW = 100, 4, 8
"""As parts of the scores' range: least and most that a bid adds; how much the prices that come out
are lowered, for to correct one that is too high takes longer than one that is too low."""
COUNTED = 2**23
"""Pairs up to which it is first found out how many can be matched."""
NEVER = -(2**55)
STRETCH = 2**17
"""Pairs that are compared at once: few enough for the processor's cache."""


@dataclass(frozen=True)
class Pairs:
    """All possible pairs, by row and then column; where each row starts."""

    row: Whole
    column: Whole
    score: Whole
    starts: Ints
    columns: int

    @property
    def rows(self) -> int:
        return len(self.starts) - 1

    def at(self, places: Ints) -> tuple[Ints, Ints, Ints]:
        """Row, column and score of some pairs."""
        return (
            self.row[places].astype(np.int64),
            self.column[places].astype(np.int64),
            self.score[places].astype(np.int64),
        )


def promising(pairs: Pairs) -> tuple[Ints, Ints]:
    """Positions of a core of pairs, ascending, and about what each column is worth."""
    sample = _Sample(pairs)
    price = first_prices(*pairs.at(sample.places)[1:], pairs.rows, pairs.columns)
    core = sample.best(price)
    for _ in range(2):
        price = _auction(pairs, core, price)
        core = np.union1d(core, sample.best_of_all(price))
    if len(pairs.row) <= COUNTED:
        core = np.union1d(core, _most_matches(pairs))
    spread = int(pairs.score.max()) - int(pairs.score.min())
    return core, np.maximum(0, price - spread // BELOW)


def first_prices(target: Ints, gain: Ints, sources: int, targets: int) -> Ints:
    """What each target may cost: its best offer above that of the best target left over."""
    offer = np.full(targets, NEVER, dtype=np.int64)
    np.maximum.at(offer, target, gain.astype(np.int64))
    used = np.flatnonzero(offer != NEVER)
    spare = len(used) - sources
    left_over = np.partition(offer[used], spare)[spare] if spare > 0 else gain.min()
    return np.maximum(0, offer - left_over)


def _most_matches(pairs: Pairs) -> Ints:
    """Positions of pairs that match as many rows as can be, whatever their scores.

    With them the core can match as many as all pairs can, and is solved once.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    parts = (np.ones(len(pairs.row), np.int8), pairs.column, pairs.starts.astype(np.int32))
    graph = csr_array(parts, shape=(pairs.rows, pairs.columns))
    chosen = maximum_bipartite_matching(graph, perm_type="column")
    return np.flatnonzero(chosen[pairs.row] == pairs.column)


class _Sample:
    """Some pairs of each row, evenly spread, or all of them where there are few."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        counts = np.diff(pairs.starts)
        taken = np.minimum(counts, SAMPLE)
        self.row = np.repeat(np.arange(pairs.rows), taken)
        self.rank = np.arange(len(self.row)) - np.repeat(np.cumsum(taken) - taken, taken)
        self.places = pairs.starts[self.row] + self.rank * counts[self.row] // taken[self.row]
        # as many of the sample as stand for the best few of the whole row
        self.few = np.maximum(1, EACH * taken // np.maximum(counts, 1))

    def best(self, price: Ints) -> Ints:
        """Positions of the best few of each row's sample at these prices."""
        worth, few = self._worth(price), EACH
        least = np.partition(worth, -few, axis=1)[:, -few]
        return self.places[worth[self.row, self.rank] >= least[self.row]]

    def best_of_all(self, price: Ints) -> Ints:
        """Positions of about the best few of each row at these prices."""
        worth = np.sort(self._worth(price), axis=1)
        least = worth[np.arange(len(worth)), worth.shape[1] - self.few]
        found = []
        for at in range(0, len(self.pairs.row), STRETCH):
            its = slice(at, at + STRETCH)
            score, column = self.pairs.score[its], self.pairs.column[its]
            found.append(np.flatnonzero(score - price[column] >= least[self.pairs.row[its]]) + at)
        return np.concatenate(found)

    def _worth(self, price: Ints) -> Ints:
        _, column, score = self.pairs.at(self.places)
        worth = np.full((self.pairs.rows, max(int(self.rank.max()) + 1, EACH)), NEVER)
        worth[self.row, self.rank] = score - price[column]
        return worth


def _auction(pairs: Pairs, core: Ints, price: Ints) -> Ints:
    """Prices after rows have bid for the columns of the core."""
    row, column, score = pairs.at(core)
    starts = np.searchsorted(row, np.arange(pairs.rows + 1))
    widest = int(np.diff(starts).max())
    columns = np.zeros((pairs.rows, widest), np.int64)
    scores = np.full((pairs.rows, widest), NEVER)
    rank = np.arange(len(row)) - starts[row]
    columns[row, rank], scores[row, rank] = column, score
    spread = int(score.max() - score.min()) + 1
    price, holder = price.copy(), np.full(pairs.columns, -1)
    bidding = np.flatnonzero(np.diff(starts))
    for _ in range(ROUNDS):
        if len(bidding) * FEW <= pairs.rows:
            break
        each = np.arange(len(bidding))
        worth = scores[bidding] - price[columns[bidding]]
        first = worth.argmax(1)
        best = worth[each, first]
        worth[each, first] = NEVER
        more = np.minimum(best - worth.max(1), spread // MOST) + spread // STEP + 1
        wanted = columns[bidding, first]
        bid = price[wanted] + more
        highest = np.full(pairs.columns, -1)
        order = np.argsort(bid, kind="stable")
        highest[wanted[order]] = order  # the last one written is the highest
        sold = np.flatnonzero(highest >= 0)
        won = highest[sold]
        left = holder[sold]
        price[sold], holder[sold] = bid[won], bidding[won]
        lost = np.ones(len(bidding), bool)
        lost[won] = False
        bidding = np.concatenate([bidding[lost], left[left >= 0]])
    return price
