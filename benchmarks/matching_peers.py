"""Others that solve the same pairs: scipy's dense solver, OR-tools, the nearest driver first."""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import psutil
from numpy.typing import NDArray

Whole = NDArray[np.integer]
Ints = NDArray[np.int64]
Solver = Callable[[Whole, Whole, Whole, int, int], Ints]


def dense_fits(shape: tuple[int, int]) -> bool:
    """Whether two matrices of float64 (it copies one) leave half of the memory free."""
    return 2 * 8 * shape[0] * shape[1] < psutil.virtual_memory().total / 4


def scipy_dense(row: Whole, column: Whole, score: Whole, rows: int, columns: int) -> Ints:
    """A full matrix in which a match is worth more than all scores together."""
    from scipy.optimize import linear_sum_assignment

    weight = np.zeros((rows, columns))
    weight[row, column] = (min(rows, columns) + 1) * float(score.max()) + score
    r, c = linear_sum_assignment(weight, maximize=True)
    chosen = np.full(rows, -1, dtype=np.int64)
    chosen[r] = np.where(weight[r, c] > 0, c, -1)
    return chosen


def ortools(row: Whole, column: Whole, score: Whole, rows: int, columns: int) -> Ints:
    """The flow of most matches and least cost; its graph holds the same pairs."""
    from importlib import import_module

    graph = import_module("ortools.graph.python.min_cost_flow").SimpleMinCostFlow()
    every, others = np.arange(rows, dtype=np.int32), rows + np.arange(columns, dtype=np.int32)
    start, end = rows + columns, rows + columns + 1
    add = graph.add_arcs_with_capacity_and_unit_cost
    pairs = add(row.astype(np.int32), (rows + column).astype(np.int32),
                np.ones(len(row), np.int64), -score.astype(np.int64))  # fmt: skip
    for tails, heads in (
        (np.full(rows, start, np.int32), every),
        (others, np.full(columns, end, np.int32)),
    ):
        add(tails, heads, np.ones(len(tails), np.int64), np.zeros(len(tails), np.int64))
    graph.set_node_supply(start, rows)
    graph.set_node_supply(end, -rows)
    graph.solve_max_flow_with_min_cost()
    used = graph.flows(pairs) > 0
    chosen = np.full(rows, -1, dtype=np.int64)
    chosen[row[used]] = column[used]
    return chosen


def best_first(row: Whole, column: Whole, score: Whole, rows: int, columns: int) -> Ints:
    """Each row in turn takes the column of its best score that is still free."""
    order = np.lexsort((column, -score.astype(np.int64), row))
    starts = np.searchsorted(row, np.arange(rows + 1)).tolist()
    options = column[order].tolist()
    taken = [False] * columns
    chosen = np.full(rows, -1, dtype=np.int64)
    for place in range(rows):
        for other in options[starts[place] : starts[place + 1]]:
            if not taken[other]:
                taken[other] = True
                chosen[place] = other
                break
    return chosen


def refused(peer: str, shape: tuple[int, int], pairs: int) -> str:
    """Why a peer is not run on a problem; empty if it is."""
    if peer == "scipy dense" and not dense_fits(shape):
        return "its matrix does not fit into half of the memory"
    if peer == "OR-tools" and pairs > MOST_ARCS:
        return f"more than {MOST_ARCS:,} pairs: minutes, and some 100 bytes each"
    return "" if find_spec(PEERS[peer][1]) else "not installed"


MOST_ARCS = 10_000_000
NEAREST = "greedy nearest"
PEERS: dict[str, tuple[Solver, str]] = {
    "scipy dense": (scipy_dense, "scipy"),
    "OR-tools": (ortools, "ortools"),
    NEAREST: (best_first, "numpy"),
}
"""Name: solver, and the library it needs. What is nearest gets distances in place of scores."""
