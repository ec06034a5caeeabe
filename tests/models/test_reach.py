"""All pairs tile by tile are those of the rules read one pair at a time."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.params import load_params
from features.geometry import great_circle_km
from models.premium import reach as module
from models.premium.batch import DRIVER_COLUMNS, REQUEST_COLUMNS, complete
from models.premium.reach import reach
from models.premium.scoring import CONSTRAINTS, Scoring
from models.premium.speeds import GreatCircle

PARAMS = load_params(Path("params.yaml")).matching.model_copy(update={"min_score": 0.3})
TIERS = ["NONE", "BRONZE", "SILVER", "GOLD", "PLATINUM"]
CLASSES = ["STANDARD", "LUXURY", "PREMIUM", "VIP"]
FLAGS = {
    "child_seat": "child_seat", "pet_friendly": "pet_friendly",
    "wheelchair_accessible": "wheelchair_accessible", "women_only": "accepts_women_only",
    "corporate": "corporate_eligible",
}  # fmt: skip
FLOOR = {"STANDARD": "NONE", "LUXURY": "BRONZE", "PREMIUM": "SILVER", "VIP": "GOLD"}
BEST = {"SEDAN": 0, "SUV": 1, "LUXURY_SEDAN": 2, "LUXURY_SUV": 3, "MOTO": 0}
RIDE = {"SEDAN", "SUV", "LUXURY_SEDAN", "LUXURY_SUV"}


def rows_of(rng, n, m):
    def places(count):
        return {
            "lat": (40 + rng.normal(0, 0.04, count)).tolist(),
            "lon": (-74 + rng.normal(0, 0.05, count)).tolist(),
        }

    asked = {
        "request_id": [f"r{k:03d}" for k in range(n)], **places(n),
        "service_class": rng.choice(CLASSES, n).tolist(),
        "prefer_female": (rng.random(n) < 0.3).tolist(),
        "age_s": rng.uniform(0, 60, n).tolist(),
        "do_not_pair": [[f"d{k:03d}" for k in rng.integers(0, 50, 2)] for _ in range(n)],
        **{name: (rng.random(n) < 0.1).tolist() for name in FLAGS},
    }  # fmt: skip
    offered = {
        "driver_id": [f"d{k:03d}" for k in range(m)], **places(m),
        "tier": rng.choice(TIERS, m).tolist(), "vehicle_type": rng.choice([*BEST], m).tolist(),
        "rating": rng.uniform(4.6, 5, m).tolist(), "completion": rng.uniform(0.9, 1, m).tolist(),
        "acceptance": rng.uniform(0.9, 1, m).tolist(),
        "earnings_per_hour": rng.integers(0, 5, m).astype(float).tolist(),
        "online_hours_24h": rng.uniform(0, 14, m).tolist(),
        "available": (rng.random(m) < 0.8).tolist(), "female": (rng.random(m) < 0.3).tolist(),
        **{name: (rng.random(m) < 0.6).tolist() for name in FLAGS.values()},
    }  # fmt: skip
    return tuple(
        [dict(zip(side, row, strict=True)) for row in zip(*side.values(), strict=True)]
        for side in (asked, offered)
    )


def plainly(request, driver, drivers):
    """Kilometres, what forbids the pair, and its score, as docs/domain.md 4.2 says it."""
    km = float(great_circle_km(request["lat"], request["lon"], driver["lat"], driver["lon"]))
    minutes = km * PARAMS.detour / PARAMS.speed_kmh * 60
    service, vehicle = request["service_class"], driver["vehicle_type"]
    fits = vehicle in RIDE and BEST[vehicle] >= CLASSES.index(service)
    broken = {
        "not_available": not driver["available"],
        "vehicle": not fits,
        "tier": TIERS.index(driver["tier"]) < TIERS.index(FLOOR[service]),
        "fatigue": driver["online_hours_24h"] > 12,
        "do_not_pair": driver["driver_id"] in request["do_not_pair"],
        **{wish: request[wish] and not driver[offer] for wish, offer in FLAGS.items()},
    }
    earned = [d["earnings_per_hour"] for d in drivers if d["available"]]
    own = driver["earnings_per_hour"]
    below, equal = sum(e < own for e in earned), sum(e == own for e in earned)
    mixed = 0.5 * driver["completion"] + 0.3 * driver["acceptance"] + 0.2 * 0.9
    score = (
        0.35 * max(0, 1 - minutes / 15)
        + 0.25 * min(1, max(0, (driver["rating"] - 4.7) / 0.3))
        + 0.15 * min(1, max(0, (mixed - 0.9) / 0.1))
        + 0.15 * (1 - (below + (equal - 1) / 2) / max(len(earned) - 1, 1))
        + 0.10 * (1.0 if BEST[vehicle] == CLASSES.index(service) else 0.5)
        + 0.05 * (request["prefer_female"] and driver["female"])
    )
    fixed = {name for name, is_so in broken.items() if is_so}
    if not fixed and minutes > 15:
        return km, {"eta"}, score
    if not fixed and round(score * 1e6) < 300_000 and request["age_s"] < 30:
        return km, {"waits_for_a_better_score"}, score
    return km, fixed, score


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2**20, 200]))
def test_pairs_scores_and_counts_are_those_of_the_rules(seed, cells):
    rng = np.random.default_rng(seed)
    requests, drivers = rows_of(rng, int(rng.integers(1, 25)), int(rng.integers(1, 40)))
    scoring = Scoring(
        complete(requests, REQUEST_COLUMNS, "request_id"),
        complete(drivers, DRIVER_COLUMNS, "driver_id"),
        PARAMS,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TILE_CELLS", cells)
        patch.setattr(module, "SMALLEST", 7)
        found = reach(scoring, np.full(len(requests), 5.0), GreatCircle(24.0, 1.3))
    pairs, n, m = {}, len(requests), len(drivers)
    within = np.zeros((n, m), int)
    removed = np.zeros((len(CONSTRAINTS), n, m), int)
    for i, request in enumerate(requests):
        nearest = []
        for j, driver in enumerate(drivers):
            km, broken, score = plainly(request, driver, drivers)
            if km <= 5:
                within[i, j] = 1
                nearest.append((km, j))
                for name in broken:
                    removed[CONSTRAINTS.index(name), i, j] = 1
                if not broken:
                    pairs[i, j] = score * 1e6
        assert found.nearest[i] == (min(nearest)[1] if nearest else -1)
    keys = list(zip(found.request.tolist(), found.driver.tolist(), strict=True))
    assert keys == sorted(pairs)
    assert found.score.tolist() == pytest.approx([pairs[key] for key in keys], abs=1)
    for axis, told in ((1, found.of_requests), (0, found.of_drivers)):
        assert (told.within == within.sum(axis)).all()
        assert (told.removed == removed.sum(axis + 1)).all()
        every = np.zeros((n, m), int)
        for key in pairs:
            every[key] = 1
        assert (told.possible == every.sum(axis)).all()


def test_who_is_exactly_at_the_radius_is_within():
    km = 5.0
    rows = [{"request_id": "r", "lat": 0.0, "lon": 0.0}]
    at = {"driver_id": "at", "lat": np.degrees(km / 6371.0088) * (1 - 1e-12), "lon": 0.0}
    out = {"driver_id": "out", "lat": np.degrees(km / 6371.0088) * (1 + 1e-8), "lon": 0.0}
    scoring = Scoring(
        complete(rows, REQUEST_COLUMNS, "request_id"),
        complete([at, out], DRIVER_COLUMNS, "driver_id"),
        PARAMS.model_copy(update={"max_eta_minutes": 60.0}),
    )
    found = reach(scoring, np.array([km]), GreatCircle(24.0, 1.3))
    assert found.of_drivers.within.tolist() == [1, 0]
