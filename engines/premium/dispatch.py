"""Match one batch of requests and drivers, step by step wider, and explain every outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.params.decisions import MatchingParams
from engines.premium.explanations import of_drivers, of_requests
from models.premium.assignment import UNMATCHED
from models.premium.batch import DRIVER_COLUMNS, REQUEST_COLUMNS, complete, size, take
from models.premium.matching import match
from models.premium.reach import TravelTimes
from models.premium.scoring import MICRO, Scoring
from models.premium.speeds import travel_times


@dataclass(frozen=True, slots=True)
class Batch:
    """Driver id (or None) by request id, the total score, and why.

    ``explanations`` has one for each request, ``passed_over`` one for each driver without any, both
    in the order of the ids.
    """

    assignment: dict[str, str | None]
    total: float
    explanations: list[dict[str, Any]]
    passed_over: list[dict[str, Any]]


def match_batch(
    requests: Sequence[Mapping[str, Any]],
    drivers: Sequence[Mapping[str, Any]],
    params: MatchingParams,
    travel: TravelTimes | None = None,
) -> Batch:
    """The exact optimum at the first radius; who stays unmatched is tried again further out.

    Rows are mappings with the columns of `REQUEST_COLUMNS` and `DRIVER_COLUMNS`; only ids and
    coordinates have no default. Empty sides give an empty, explained result. Without ``travel``
    minutes follow from the distance at the speed of ``params``.

    Raises
    ------
    BadInput
        For missing or unknown columns, repeated ids, coordinates that are none.
    """
    times = travel or travel_times(params, None, None)
    waiting = complete(requests, REQUEST_COLUMNS, "request_id")
    free = complete(drivers, DRIVER_COLUMNS, "driver_id")
    assignment: dict[str, str | None] = dict.fromkeys(waiting["request_id"].tolist())
    told_requests: dict[str, dict[str, Any]] = {}
    told_drivers: dict[str, dict[str, Any]] = {}
    total = 0
    for step in range(len(params.radius_km)):
        scoring = Scoring(waiting, free, params)
        found = match(scoring, step, times)
        total += found.total
        told = of_requests(scoring, found, times, told_requests)
        told_requests |= told
        assignment |= {request: one["driver_id"] for request, one in told.items()}
        told_drivers |= of_drivers(scoring, found, assignment, told_drivers)
        served = np.zeros(size(free), bool)
        served[found.driver[found.driver != UNMATCHED]] = True
        waiting, free = take(waiting, found.driver == UNMATCHED), take(free, ~served)
        if not size(waiting):
            break
    passed = [told_drivers[driver] for driver in free["driver_id"].tolist()]
    return Batch(
        assignment, total / MICRO, [told_requests[request] for request in assignment], passed
    )
