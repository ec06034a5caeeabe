"""Why a request got its driver, why not the nearest, and why a driver got nobody."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.premium.matching import Matches, matched, pair_minutes
from models.premium.reach import NOBODY, Told, TravelTimes
from models.premium.scoring import CONSTRAINTS, MICRO, PARTS, Scoring

Ints = NDArray[np.int64]
Explained = dict[str, dict[str, Any]]

NEEDED = "the drivers who could were needed to match other requests"


def of_requests(
    scoring: Scoring, found: Matches, travel: TravelTimes, before: Mapping[str, Mapping[str, Any]]
) -> Explained:
    """For each request score and parts of its match, why not the nearest, what removed others.

    ``before`` is what was explained of a smaller radius.
    """
    ids = scoring.requests["request_id"].tolist()
    reach = found.reach
    counts = _counts(reach.of_requests, "within_radius", "feasible")
    explained: Explained = {
        name: {"request_id": name, **told} for name, told in zip(ids, counts, strict=True)
    }
    for place in np.flatnonzero(found.driver == NOBODY).tolist():
        told = explained[ids[place]]
        told |= {"driver_id": None, "why": _why_nobody(told, before.get(ids[place]))}
    request, driver = matched(found.driver)
    matches = _pairs(scoring, request, driver, travel)
    nearest = reach.nearest[request]
    closest = _nearest(scoring, found, request, travel)
    for place, told, other, same in zip(
        request.tolist(), matches, closest, (nearest == driver).tolist(), strict=True
    ):
        if same:
            other = {"driver_id": told["driver_id"], "why": "is the match"}
        explained[ids[place]] |= {**told, "nearest": other}
    return explained


def of_drivers(
    scoring: Scoring, found: Matches, assignment: Mapping[str, str | None],
    before: Mapping[str, Mapping[str, Any]],
) -> Explained:  # fmt: skip
    """For each driver without a request: who was near, what removed them, who got the best."""
    ids = scoring.drivers["driver_id"]
    left = np.ones(len(ids), bool)
    left[found.driver[found.driver != NOBODY]] = False
    places = np.flatnonzero(left)
    best, score = _best_requests(found, len(ids))
    request_ids = scoring.requests["request_id"].tolist()
    counts = _counts(found.reach.of_drivers, "requests_within_radius", "feasible", places)
    explained: Explained = {}
    for driver, told, request, worth in zip(
        ids[places].tolist(), counts, best[places].tolist(), score[places].tolist(), strict=True
    ):
        earlier = before.get(driver)
        if request != NOBODY:
            name = request_ids[request]
            told |= {"best": {"request_id": name, "score": worth / MICRO}, "why": (
                f"request {name} was served by {assignment[name]}, which is better for all together"
            )}  # fmt: skip
        elif earlier is not None and (
            earlier["requests_within_radius"] >= told["requests_within_radius"]
        ):  # a wider radius looks at those requests only that are left
            told = dict(earlier)
        elif not told["requests_within_radius"]:
            told["why"] = "no request within the radius"
        else:
            told["why"] = "a hard constraint removed every request within the radius"
        explained[driver] = {"driver_id": driver, **told}
    return explained


def _counts(
    told: Told, within: str, possible: str, places: Ints | None = None
) -> list[dict[str, Any]]:
    which = slice(None) if places is None else places
    removed = told.removed[:, which]
    found: list[dict[str, Any]] = [
        {within: w, possible: p, "removed": {}}
        for w, p in zip(told.within[which].tolist(), told.possible[which].tolist(), strict=True)
    ]
    rows, at = np.nonzero(removed)
    for row, place, count in zip(rows.tolist(), at.tolist(), removed[rows, at].tolist(),
                                 strict=True):  # fmt: skip
        found[place]["removed"][CONSTRAINTS[row]] = count
    return found


def _why_nobody(told: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    if told["feasible"] or (before is not None and before["feasible"]):
        return NEEDED
    if not told["within_radius"]:
        return "no driver within the radius"
    return "every driver within the radius was removed by a hard constraint"


def _pairs(
    scoring: Scoring, request: Ints, driver: Ints, travel: TravelTimes
) -> list[dict[str, Any]]:
    """Driver, score, minutes, kilometres and parts of pairs."""
    km, minutes = pair_minutes(scoring, request, driver, travel)
    score = scoring.score(scoring.kind[request], driver, minutes) / MICRO
    parts = scoring.parts(request, driver, minutes)
    each = zip(*(parts[name].round(6).tolist() for name in PARTS), strict=True)
    return [
        {"driver_id": d, "score": s, "eta_minutes": m, "km": k,
         "parts": dict(zip(PARTS, p, strict=True))}
        for d, s, m, k, p in zip(
            scoring.drivers["driver_id"][driver].tolist(), score.tolist(),
            minutes.round(2).tolist(), km.round(3).tolist(), each, strict=True,
        )
    ]  # fmt: skip


def _nearest(
    scoring: Scoring, found: Matches, request: Ints, travel: TravelTimes
) -> list[dict[str, Any]]:
    """The nearest driver of each of these requests, and why it was not that one."""
    driver = found.reach.nearest[request]
    _, minutes = pair_minutes(scoring, request, driver, travel)
    score = scoring.score(scoring.kind[request], driver, minutes)
    broken = scoring.broken(request, driver, minutes)
    reasons: list[list[str]] = [[] for _ in request]
    for name, mask in broken.items():
        for place in np.flatnonzero(mask).tolist():
            reasons[place].append(name)
    holder = np.full(len(scoring.drivers["lat"]), NOBODY)
    served, by = matched(found.driver)
    holder[by] = served
    names = scoring.requests["request_id"]
    _, its = pair_minutes(scoring, request, found.driver[request], travel)
    own = scoring.score(scoring.kind[request], found.driver[request], its)
    told = []
    for name, minute, worth, why, other, lower in zip(
        scoring.drivers["driver_id"][driver].tolist(), minutes.round(2).tolist(),
        (score / MICRO).tolist(), reasons, holder[driver].tolist(), (score < own).tolist(),
        strict=True,
    ):  # fmt: skip
        if why:
            said = f"removed by {', '.join(why)}"
        elif other != NOBODY:
            said = f"serves request {names[other]}, which is better for all together"
        else:
            said = "scores lower in all" if lower else "ties"
        told.append({"driver_id": name, "eta_minutes": minute, "score": worth, "why": said})
    return told


def _best_requests(found: Matches, drivers: int) -> tuple[Ints, NDArray[np.int32]]:
    """The request that each driver scores best with, the lowest of several, and that score."""
    reach = found.reach
    score = np.full(drivers, -1, dtype=np.int32)
    np.maximum.at(score, reach.driver, reach.score)
    best = np.full(drivers, NOBODY, dtype=np.int64)
    at = np.flatnonzero(score[reach.driver] == reach.score)[::-1]
    best[reach.driver[at]] = reach.request[at]  # the last one written is the lowest
    return best, score
