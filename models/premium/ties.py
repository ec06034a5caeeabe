"""Among equally good matchings: the lowest row has the lowest column, then the next row."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NOBODY = -1


def lowest_first(
    row: Ints, column: Ints, chosen: Ints, free_row: Bools, free_column: Bools
) -> Ints:
    """``chosen`` (column of each row, -1 for none) or an equally good one that is lower.

    ``row`` and ``column`` are the pairs that equally good matchings use, by row and then column;
    ``free_row`` and ``free_column`` say who may be left out of one. A matching is lower than
    another if, at the first row where they differ, it has the lower column; none comes last.
    """
    ties = _Ties(row, column, chosen, free_row, free_column)
    for place in ties.undecided():
        ties.lower(place)
    return np.array(ties.mate, np.int64)


class _Ties:
    """Columns, and two more places: where rows without a column are, and where free columns meet.

    Who takes a column sends its holder on: to another column, or out. Where a row comes in again,
    or a free column is taken for another, the chain goes on from these two places.
    """

    def __init__(
        self, row: Ints, column: Ints, chosen: Ints, free_row: Bools, free_column: Bools
    ) -> None:
        self.columns = len(free_column)
        self.out, self.spare = self.columns, self.columns + 1
        self.mate: list[int] = chosen.tolist()
        self.holder = [NOBODY] * self.columns
        for r, c in enumerate(self.mate):
            if c != NOBODY:
                self.holder[c] = r
        self.row, self.column, self.chosen = row, column, chosen
        self.may_leave, self.may_be_free = free_row, free_column
        self.options: dict[int, list[int]] = {}
        self.spares: list[int] = []
        self.idle: list[int] = []

    def undecided(self) -> list[int]:
        """Rows with more than one column, or none, in equally good matchings."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        held = np.where(self.chosen == NOBODY, self.out, self.chosen)
        taken = np.zeros(self.columns, bool)
        taken[self.chosen[self.chosen != NOBODY]] = True
        leave = np.flatnonzero(self.may_leave & (self.chosen != NOBODY))
        free, spare = np.flatnonzero(~taken), np.flatnonzero(self.may_be_free)
        start = np.concatenate([held[self.row], held[leave], free, np.full(len(spare), self.spare)])
        end = np.concatenate(
            [self.column, np.full(len(leave), self.out), np.full(len(free), self.spare), spare]
        )
        size = self.columns + 2
        graph = csr_array((np.ones(len(start), np.int8), (start, end)), shape=(size, size))
        _, circle = connected_components(graph, connection="strong")
        # a change of columns that costs nothing is a circle; what lies on none stays as it is
        on = (circle[held[self.row]] == circle[self.column]) & (held[self.row] != self.column)
        for r, c in zip(self.row[on].tolist(), self.column[on].tolist(), strict=True):
            self.options.setdefault(r, []).append(c)
        for r in leave[circle[held[leave]] == circle[self.out]].tolist():
            self.options.setdefault(r, []).append(self.out)
        for r, its in self.options.items():
            now = self.mate[r]
            its.append(self.out if now == NOBODY else now)
            its.sort()
        self.idle = [r for r in self.options if self.mate[r] == NOBODY]
        self.spares = spare[circle[spare] == circle[self.spare]].tolist()
        return sorted(self.options)

    def lower(self, place: int) -> None:
        """Give the row the lowest column that rows after it can do without."""
        now = self.out if self.mate[place] == NOBODY else self.mate[place]
        for column in self.options[place]:
            if column == now:
                return
            moves = self._room(place, column, now)
            if moves is not None:
                self._apply({place: column, **moves})
                return

    def _room(self, place: int, column: int, left: int) -> dict[int, int] | None:
        """Rows after ``place`` that move, and where to, so that the column is free for it."""
        came: dict[int, tuple[int, int]] = {}
        queue = [column]
        for at in queue:
            if at == left:
                break
            for mover, to in self._onward(place, at):
                if to != column and to not in came:
                    came[to] = (mover, at)
                    queue.append(to)
        else:
            return None
        moves = {}
        at = left
        while at != column:
            mover, before = came[at]
            if mover != NOBODY:
                moves[mover] = at
            at = before
        return moves

    def _onward(self, place: int, at: int) -> Iterator[tuple[int, int]]:
        """Who can go where from a place, -1 for a free column that another is exchanged for."""
        if at == self.spare:
            yield from ((NOBODY, to) for to in self.spares)
            return
        if at == self.out:
            movers = [r for r in self.idle if self.mate[r] == NOBODY and r > place]
        elif self.holder[at] == NOBODY:
            yield NOBODY, self.spare
            return
        else:
            movers = [self.holder[at]] if self.holder[at] > place else []
        for mover in movers:
            yield from ((mover, to) for to in self.options.get(mover, []) if to != at)

    def _apply(self, moves: dict[int, int]) -> None:
        for row in moves:
            if self.mate[row] != NOBODY:
                self.holder[self.mate[row]] = NOBODY
        for row, to in moves.items():
            self.mate[row] = NOBODY if to == self.out else to
            if to != self.out:
                self.holder[to] = row
        self.idle += [row for row, to in moves.items() if to == self.out]
