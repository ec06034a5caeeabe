"""What each column adds to a tree ensemble's score, from tables made once a model.

A leaf's contribution depends on a row only through which columns of the leaf's path the row agrees
with: for a path of d columns there are 2^d cases, and their contributions are written down when
the model is loaded. A row then costs one look-up a leaf, instead of XGBoost's walk through every
path; the values are the same.

Source
------
Lundberg et al. (2020), From local explanations to global understanding (TreeSHAP, path-dependent);
Yang (2021), Fast TreeSHAP, version 2 (tables of paths).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Inputs = NDArray[np.float32]
MOST_COLUMNS = 6  # on one path: 64 cases a leaf
CHUNK = 8192  # rows whose cases stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf: for each column of its path the turns that lead here, and what each case adds.

    A turn is a split of `Tables.splits` and whether the path goes left there; ``added`` has the
    shape (2^d, d), its row the case as bits, the first column the lowest.
    """

    columns: tuple[int, ...]
    turns: tuple[tuple[tuple[int, bool], ...], ...]
    added: Floats


@dataclass(frozen=True, slots=True)
class Tables:
    """All leaves of a model, and the splits that they ask about: column, value, missing is left."""

    splits: tuple[tuple[int, float, bool], ...]
    leaves: tuple[Leaf, ...]

    def contributions(self, values: Inputs) -> Floats:
        """Shape (n, columns), for ``values`` of the same shape with NaN where one is missing."""
        out = np.zeros((values.shape[1], len(values)))
        for start in range(0, len(values), CHUNK):
            part = values[start : start + CHUNK]
            lefts = [_left(part, *split) for split in self.splits]
            rights = [~left for left in lefts]
            for leaf in self.leaves:
                case = np.zeros(len(part), dtype=np.intp)
                for bit, turns in enumerate(leaf.turns):
                    agrees = _all([lefts[s] if left else rights[s] for s, left in turns])
                    case |= agrees.astype(np.intp) << bit
                for place, column in enumerate(leaf.columns):
                    out[column, start : start + CHUNK] += leaf.added[:, place].take(case)
        return out.T


def _left(values: Inputs, column: int, at: float, missing_left: bool) -> NDArray[np.bool_]:
    x = values[:, column]
    less = x < np.float32(at)
    return less | np.isnan(x) if missing_left else less


def _all(agreeing: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    found = agreeing[0]
    for more in agreeing[1:]:
        found = found & more
    return found


def tables(booster: xgb.Booster) -> Tables | None:
    """The tables of a model; None for one that splits by category or has paths of many columns."""
    model = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]
    splits: dict[tuple[int, float, bool], int] = {}
    leaves: list[Leaf] = []
    for tree in model["trees"]:
        if tree.get("categories"):
            return None
        for path, value in _paths(tree, 0, []):
            leaf = _leaf(tree, path, value, splits)
            if len(leaf.columns) > MOST_COLUMNS:
                return None
            if leaf.columns:
                leaves.append(leaf)
    return Tables(tuple(splits), tuple(leaves))


Path = list[tuple[int, bool]]
"""Nodes from the root on, and whether the path goes left at each."""


def _paths(tree: Mapping[str, Any], node: int, so_far: Path) -> Iterator[tuple[Path, float]]:
    """Every leaf of a tree: the way to it and its value."""
    left, right = tree["left_children"][node], tree["right_children"][node]
    if left < 0:
        yield so_far, float(tree["split_conditions"][node])
        return
    yield from _paths(tree, left, [*so_far, (node, True)])
    yield from _paths(tree, right, [*so_far, (node, False)])


def _leaf(
    tree: Mapping[str, Any], path: Path, value: float, splits: dict[tuple[int, float, bool], int]
) -> Leaf:
    """The turns of a path by column, and the table of its cases."""
    turns: dict[int, list[tuple[int, bool]]] = {}
    shares: dict[int, float] = {}
    for node, left in path:
        column = int(tree["split_indices"][node])
        split = (column, float(tree["split_conditions"][node]), bool(tree["default_left"][node]))
        child = tree["left_children" if left else "right_children"][node]
        turns.setdefault(column, []).append((splits.setdefault(split, len(splits)), left))
        share = tree["sum_hessian"][child] / tree["sum_hessian"][node]
        shares[column] = shares.get(column, 1.0) * share
    columns = tuple(turns)
    if len(columns) > MOST_COLUMNS:
        return Leaf(columns, (), np.empty((0, 0)))
    added = value * _cases(np.array([shares[c] for c in columns]))
    return Leaf(columns, tuple(tuple(turns[c]) for c in columns), added)


def _cases(shares: Floats) -> Floats:
    """Shapley values of a leaf of value 1, for every case; shape (2^d, d).

    ``shares`` are the parts of the training rows, by column, that go on along the path where the
    column is not known. Sums over all sets of other columns, gathered by the size of the set.
    """
    d = len(shares)
    agrees = (np.arange(2**d)[:, None] >> np.arange(d)) & 1
    found = np.empty((2**d, d))
    for own in range(d):
        by_size = np.zeros((2**d, d))
        by_size[:, 0] = 1.0
        for other in range(d):
            if other != own:
                known = np.roll(by_size, 1, axis=1) * agrees[:, [other]]
                by_size = by_size * shares[other] + known
        weights = [factorial(k) * factorial(d - k - 1) / factorial(d) for k in range(d)]
        found[:, own] = (by_size @ np.array(weights)) * (agrees[:, own] - shares[own])
    return found
