"""A matching problem out of a file: a matrix of costs or scores, or requests and drivers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.params.decisions import MatchingParams
from engines.premium.dispatch import match_batch
from engines.premium.replay import logged
from models.premium.assignment import UNMATCHED, assign_matrix
from models.premium.scoring import MICRO, PARTS
from models.premium.speeds import FittedSpeeds, Speeds, travel_times

FORMS = ("cost", "score", "requests")
LARGEST = 1e12
"""Of a matrix: as whole numbers of a millionth it still fits 64 bits."""


def solve(problem: Any, params: MatchingParams, speeds: Speeds | None = None) -> dict[str, Any]:
    """``total``, ``assignment`` and ``explanations`` of a problem; see `solve_and_log`."""
    return solve_and_log(problem, params, speeds)[0]


def solve_and_log(
    problem: Any, params: MatchingParams, speeds: Speeds | None = None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The answer to a problem, and of requests and drivers what `replay` needs.

    ``{"cost": n x m}`` is minimised and ``{"score": n x m}`` maximised, null where a pair is not
    possible; the assignment is the column of each row, or null. ``{"requests": [...], "drivers":
    [...], "weights"?: {part: weight}, "hour_local"?: 0..23}`` gives the driver of each request, or
    null, and why drivers were passed over; with an hour minutes follow from ``speeds``, where there
    are some. As many as possible are matched before costs or scores are compared.

    Raises
    ------
    BadInput
        Saying what was expected and what came.
    """
    if not isinstance(problem, Mapping) or sum(form in problem for form in FORMS) != 1:
        raise BadInput(
            'expected one JSON object with "cost", "score", or "requests" and "drivers"; got '
            + (
                f"the fields {sorted(problem)}"
                if isinstance(problem, Mapping)
                else str(problem)[:80]
            )
        )
    if "requests" in problem:
        return _solve_batch(problem, params, speeds)
    form = "cost" if "cost" in problem else "score"
    _no_more(problem, {form})
    return _solve_matrix(problem[form], minimise=form == "cost"), None


def _solve_matrix(given: Any, *, minimise: bool) -> dict[str, Any]:
    values, possible = _matrix(given)
    whole = bool(np.all(values[possible] == np.rint(values[possible])))
    unit = 1 if whole else MICRO
    scaled = np.rint(np.where(possible, values, 0) * unit).astype(np.int64)
    chosen = assign_matrix(-scaled if minimise else scaled, possible)
    matched = np.flatnonzero(chosen != UNMATCHED)
    picked = values[matched, chosen[matched]]
    total = int(np.rint(picked).sum()) if whole else float(picked.sum())
    return {
        "total": total,
        "assignment": [None if c == UNMATCHED else int(c) for c in chosen],
        "explanations": [
            _told(row, chosen, values, possible, minimise) for row in range(len(chosen))
        ],
    }


def _told(
    row: int, chosen: NDArray[np.int64], values: NDArray[np.float64],
    possible: NDArray[np.bool_], minimise: bool,
) -> dict[str, Any]:  # fmt: skip
    """What a row got beside the best it could have had alone."""
    if not possible[row].any():
        return {"row": row, "column": None, "why": "no possible pair"}
    alone = np.where(possible[row], values[row], np.inf if minimise else -np.inf)
    best = int(np.argmin(alone) if minimise else np.argmax(alone))
    told = {"row": row, "best_alone": best, "value_alone": float(alone[best])}
    if chosen[row] == UNMATCHED:
        return {**told, "column": None, "why": "its columns were needed to match other rows"}
    column = int(chosen[row])
    taken = "is its best" if values[row, column] == alone[best] else (
        f"column {best} serves another row, which is better for all together"
        if best in chosen else "better for all together"
    )  # fmt: skip
    return {**told, "column": column, "value": float(values[row, column]), "why": taken}


def _matrix(given: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Numbers and where there is one; null means that the pair is not possible."""
    rows = given if isinstance(given, list) else None
    if rows is None or not all(isinstance(r, list) and len(r) == len(rows[0]) for r in rows):
        raise BadInput("expected a matrix: a list of rows of the same length")
    wrong = [
        (i, j) for i, r in enumerate(rows) for j, v in enumerate(r)
        if not (v is None or (isinstance(v, int | float) and not isinstance(v, bool)))
    ]  # fmt: skip
    if wrong:
        raise BadInput(f"expected numbers or null in the matrix; not one at {wrong[:5]}")
    columns = len(rows[0]) if rows else 0
    values = np.array(
        [[np.nan if v is None else float(v) for v in r] for r in rows], dtype=float
    ).reshape(len(rows), columns)
    possible = ~np.isnan(values)
    if (np.abs(values[possible]) > LARGEST).any():
        raise BadInput(
            f"expected numbers of at most {LARGEST:.0e} in the matrix; null says that a pair is "
            "impossible"
        )
    return values, possible


def _solve_batch(
    problem: Mapping[str, Any], params: MatchingParams, speeds: Speeds | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    _no_more(problem, {"requests", "drivers", "weights", "hour_local"})
    hour = problem.get("hour_local")
    if hour is not None and (isinstance(hour, bool) or not isinstance(hour, int)):
        raise BadInput(f"expected hour_local as a whole number, got {hour!r}")
    sides = {}
    for side in ("requests", "drivers"):
        rows = problem.get(side, [])
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise BadInput(f"expected {side} as a list of objects")
        sides[side] = rows
    weights = problem.get("weights") or {}
    if not isinstance(weights, Mapping):
        raise BadInput(f"expected weights as an object of {', '.join(PARTS)}; got {weights!r}")
    unknown = sorted(set(weights) - set(PARTS))
    if unknown or not all(isinstance(w, int | float) and 0 <= w <= 1 for w in weights.values()):
        raise BadInput(f"expected weights 0..1 of {', '.join(PARTS)}; got {dict(weights)}")
    changed = params.model_copy(update={f"weight_{name}": w for name, w in weights.items()})
    travel = travel_times(changed, speeds, hour)
    batch = match_batch(sides["requests"], sides["drivers"], changed, travel)
    answer = {
        "total": batch.total,
        "assignment": batch.assignment,
        "explanations": batch.explanations,
        "passed_over": batch.passed_over,
    }
    fitted = travel if isinstance(travel, FittedSpeeds) else None
    return answer, logged(sides["requests"], sides["drivers"], changed, batch, fitted)


def _no_more(problem: Mapping[str, Any], known: set[str]) -> None:
    surplus = sorted(set(problem) - known)
    if surplus:
        raise BadInput(f"expected only {sorted(known)}; got also {surplus}")
