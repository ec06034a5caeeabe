"""Match one batch of requests and drivers, step by step wider, and explain every outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.params.decisions import MatchingParams
from models.premium.assignment import UNMATCHED
from models.premium.matching import (
    DRIVER_COLUMNS,
    MICRO,
    REQUEST_COLUMNS,
    Matches,
    complete,
    match,
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Driver id (or None) by request id, the total score, and one explanation a request."""

    assignment: dict[str, str | None]
    total: float
    explanations: list[dict[str, Any]]


def match_batch(
    requests: Sequence[Mapping[str, Any]],
    drivers: Sequence[Mapping[str, Any]],
    params: MatchingParams,
) -> Batch:
    """The exact optimum at the first radius; who stays unmatched is tried again further out.

    Rows are mappings with the columns of `REQUEST_COLUMNS` and `DRIVER_COLUMNS`; only ids and
    coordinates have no default. Empty sides give an empty, explained result.

    Raises
    ------
    BadInput
        For missing or unknown columns, repeated ids, coordinates that are none.
    """
    waiting = complete(_frame(requests, REQUEST_COLUMNS), REQUEST_COLUMNS, "request_id")
    free = complete(_frame(drivers, DRIVER_COLUMNS), DRIVER_COLUMNS, "driver_id")
    assignment: dict[str, str | None] = dict.fromkeys(waiting["request_id"])
    explained: dict[str, dict[str, Any]] = {}
    total = 0
    for step in range(len(params.radius_km)):
        if step:
            waiting = waiting.assign(step=np.maximum(waiting["step"], step))
        found = match(waiting, free, params)
        total += found.total
        explained |= explain(waiting, free, found)
        matched = found.driver != UNMATCHED
        pairs = zip(waiting["request_id"][matched], found.driver[matched], strict=True)
        assignment |= {request: free["driver_id"].iloc[place] for request, place in pairs}
        free = free.drop(index=free.index[found.driver[matched]]).reset_index(drop=True)
        waiting = waiting[~matched].reset_index(drop=True)
        if waiting.empty:
            break
    return Batch(assignment, total / MICRO, [explained[request] for request in assignment])


def _frame(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any]) -> pd.DataFrame:
    needed = [name for name, default in columns.items() if default is None]
    return pd.DataFrame(list(rows)) if len(rows) else pd.DataFrame(columns=needed, dtype=object)


def explain(
    requests: pd.DataFrame, drivers: pd.DataFrame, found: Matches
) -> dict[str, dict[str, Any]]:
    """For each request: score and parts of its match, why not the nearest, what removed others."""
    edges, keep = found.edges, found.edges.feasible
    ids = drivers["driver_id"].to_numpy(object)
    request_ids = requests["request_id"].to_numpy(object)
    holder = {int(d): str(r) for r, d in zip(request_ids, found.driver, strict=True) if d >= 0}
    starts = np.searchsorted(edges.request, np.arange(len(requests) + 1))
    explained = {}
    for place, request in enumerate(request_ids):
        its = slice(starts[place], starts[place + 1])
        removed = {n: int(mask[its].sum()) for n, mask in edges.removed.items() if mask[its].any()}
        told: dict[str, Any] = {"request_id": request, "within_radius": its.stop - its.start,
                                "feasible": int(keep[its].sum()), "removed": removed}  # fmt: skip
        chosen = found.driver[place]
        if chosen == UNMATCHED:
            told |= {"driver_id": None, "why": _why_nobody(told)}
        else:
            edge = int(its.start + np.flatnonzero(edges.driver[its] == chosen)[0])
            told |= _of_edge(edges, edge, ids)
            told["nearest"] = _nearest(found, its, edge, ids, holder)
        explained[str(request)] = told
    return explained


def _why_nobody(told: Mapping[str, Any]) -> str:
    if not told["within_radius"]:
        return "no driver within the radius"
    if not told["feasible"]:
        return "every driver within the radius was removed by a hard constraint"
    return "the drivers who could were needed to match other requests"


def _of_edge(edges: Any, edge: int, ids: Any) -> dict[str, Any]:
    return {
        "driver_id": ids[edges.driver[edge]],
        "score": float(edges.score[edge] / MICRO),
        "eta_minutes": round(float(edges.eta[edge]), 2),
        "km": round(float(edges.km[edge]), 3),
        "parts": {name: round(float(part[edge]), 6) for name, part in edges.parts.items()},
    }


def _nearest(
    found: Matches, its: slice, edge: int, ids: Any, holder: Mapping[int, str]
) -> dict[str, Any]:
    """The nearest driver, and why it was not that one."""
    edges = found.edges
    near = int(its.start + np.argmin(edges.km[its]))
    if near == edge:
        return {"driver_id": ids[edges.driver[near]], "why": "is the match"}
    broken = [name for name, mask in edges.removed.items() if mask[near]]
    other = holder.get(int(edges.driver[near]))
    if broken:
        why = f"removed by {', '.join(broken)}"
    elif other is not None:
        why = f"serves request {other}, which is better for all together"
    else:
        why = "scores lower in all" if edges.score[near] < edges.score[edge] else "ties"
    return {
        "driver_id": ids[edges.driver[near]],
        "eta_minutes": round(float(edges.eta[near]), 2),
        "score": float(edges.score[near] / MICRO),
        "why": why,
    }
