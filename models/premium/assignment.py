"""Who gets whom, exactly: as many matches as possible, and among those the largest total score.

Scores are integers, so sums are exact and no answer depends on rounding. Among equally good answers
it is the one in which the lowest row has the lowest column, then the next row: nothing depends on
the way that led there.

Most pairs are never looked at by the search: a core of promising ones is solved, and its values and
prices are held against all pairs; those that they do not rule out join the core. When they rule
out all, they prove the optimum. Rows that cannot all be matched are told apart with the columns
they compete for: there every column is matched instead (Dulmage and Mendelsohn, 1958).

Source
------
Burkard, Dell'Amico and Martello (2009), Assignment problems, chapters 4 and 5 (core and pricing).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from models.premium.augment import CLOSED, NOBODY, Part
from models.premium.core import STRETCH, Pairs, first_prices, promising
from models.premium.ties import lowest_first

Ints = NDArray[np.int64]
Whole = NDArray[np.integer]
Bools = NDArray[np.bool_]

UNMATCHED = NOBODY
# sums stay below the weight of a match, and that below what 64 bits hold
EXACT = 2**53
MATCH = 2**55
MORE = 8
"""Pairs of a row that join the core in one round."""


def assign(row: Whole, column: Whole, score: Whole, rows: int, columns: int) -> Ints:
    """The column of each row, `UNMATCHED` where it gets none; shape (rows,).

    ``row``, ``column`` and ``score`` are the possible pairs, each pair at most once. Lexicographic:
    first the number of matches, then the sum of scores, then the lowest columns of the lowest rows.

    Raises
    ------
    BadInput
        If a pair repeats, is out of range, or the scores are too large to be added exactly.
    """
    pairs = _checked(row, column, score, rows, columns)
    if not len(row):
        return np.full(rows, UNMATCHED, dtype=np.int64)
    found = _Optimum(pairs)
    while len(wrong := _below(pairs, found)):
        found.extend(wrong)
    return lowest_first(*_tight(pairs, found), found.column, found.free_row, found.free_column)


def assign_matrix(score: Ints, feasible: Bools | None = None) -> Ints:
    """`assign` on a matrix of scores, all pairs possible unless ``feasible`` says otherwise."""
    allowed = np.ones(score.shape, bool) if feasible is None else feasible
    row, column = np.nonzero(allowed)
    return assign(row, column, score[row, column], *score.shape)


def _below(pairs: Pairs, found: "_Optimum") -> Ints:
    """Pairs that values and prices do not rule out, the clearest few of each row."""
    where, by = [], []
    for at, slack in _slack(pairs, found):
        below = np.flatnonzero(slack < 0)
        where.append(below + at)
        by.append(slack[below])
    place, much = np.concatenate(where), np.concatenate(by)
    order = np.lexsort((much, pairs.row[place]))
    place = place[order]
    row = pairs.row[place]
    rank = np.arange(len(place)) - np.searchsorted(row, row)
    return np.sort(place[rank < MORE])


def _tight(pairs: Pairs, found: "_Optimum") -> tuple[Ints, Ints]:
    """Row and column of the pairs that an equally good answer may use."""
    place = np.concatenate([np.flatnonzero(s == 0) + at for at, s in _slack(pairs, found)])
    return pairs.at(place)[:2]


def _slack(pairs: Pairs, found: "_Optimum") -> Iterator[tuple[int, Ints]]:
    """How far values and prices lie above the scores, stretch by stretch."""
    value, price = found.numbers()
    for at in range(0, len(pairs.row), STRETCH):
        its = slice(at, at + STRETCH)
        yield at, value[pairs.row[its]] + price[pairs.column[its]] - pairs.score[its]


class _Optimum:
    """The optimum over a core that grows: rows that are all matched, columns that are all matched.

    Where rows compete for too few columns (`short`), the columns are the side that is all matched.
    """

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self._solve(*promising(pairs))

    def _solve(self, core: Ints, price: Ints) -> None:
        p = self.pairs
        row, column, score = p.at(core)
        self.core = core
        self.by_row = Part(p.rows, p.columns)
        lost = self.by_row.start(row, column, score, price)
        self.short = np.zeros(p.rows, bool)
        self.short[lost] = True
        self.scarce = np.array(self.by_row.target.number, np.int64) == CLOSED
        self.by_column = Part(p.columns, p.rows)
        inside = np.flatnonzero(self.short[row] & self.scarce[column])
        if len(inside):
            inside = inside[np.argsort(column[inside], kind="stable")]
            its, of, gain = row[inside], column[inside], score[inside]
            self.by_column.start(of, its, gain, first_prices(its, gain, p.columns, p.rows))

    def extend(self, places: Ints) -> None:
        """Take further pairs into the core."""
        row, column, score = self.pairs.at(places)
        if (self.short[row] & ~self.scarce[column]).any():  # more can be matched than before
            price = np.where(self.scarce, self.by_column.source.number, self.by_row.target.number)
            return self._solve(np.union1d(self.core, places), np.maximum(0, price))
        self.core = np.union1d(self.core, places)
        inside = self.short[row]
        self.by_row.extend(row[~inside], column[~inside], score[~inside])
        back = np.flatnonzero(inside)[np.argsort(column[inside], kind="stable")]
        self.by_column.extend(column[back], row[back], score[back])

    def numbers(self) -> tuple[Ints, Ints]:
        """Value of each row and price of each column, a match counting `MATCH`.

        No pair has a score above the sum of both less `MATCH`; that sum is what ``_slack`` needs.
        """
        by_row, by_column = self.by_row, self.by_column
        value = np.where(self.short, by_column.target.number, by_row.source.number)
        price = np.where(self.scarce, by_column.source.number, by_row.target.number)
        return value - MATCH * self.short, price + MATCH * self.scarce

    @property
    def column(self) -> Ints:
        """The column of each row."""
        return np.where(self.short, self.by_column.target.mate, self.by_row.source.mate)

    @property
    def free_row(self) -> Bools:
        """Rows that equally good answers may leave out."""
        return self.short & (np.array(self.by_column.target.number) == 0)

    @property
    def free_column(self) -> Bools:
        """Columns that equally good answers may leave out."""
        return ~self.scarce & (np.array(self.by_row.target.number) == 0)


def _checked(row: Whole, column: Whole, score: Whole, rows: int, columns: int) -> Pairs:
    if len(row):
        if row.min() < 0 or column.min() < 0 or row.max() >= rows or column.max() >= columns:
            raise BadInput(f"expected pairs inside {rows} x {columns}, got one outside")
        span = int(score.max()) - int(score.min()) + 1
        if (largest := (min(rows, columns) + 1) * max(span, abs(int(score.max())))) >= EXACT:
            raise BadInput(
                f"scores up to {largest:.3g} in all cannot be added exactly; expected less than "
                f"{EXACT:.3g}: use coarser scores or smaller batches"
            )
        if not _ascending(row, column):
            order = np.lexsort((column, row))
            row, column, score = row[order], column[order], score[order]
            if not _ascending(row, column):
                raise BadInput("expected every pair once, got one twice")
    starts = np.searchsorted(row, np.arange(rows + 1, dtype=row.dtype))
    return Pairs(row, column, score, starts, columns)


def _ascending(row: Whole, column: Whole) -> bool:
    """Whether every pair comes after the one before it, by row and then by column."""
    for at in range(0, len(row) - 1, STRETCH):
        r, c = row[at : at + STRETCH + 1], column[at : at + STRETCH + 1]
        later = (r[1:] > r[:-1]) | ((r[1:] == r[:-1]) & (c[1:] > c[:-1]))
        if not later.all():
            return False
    return True
