"""Scores and hard constraints of possible matches, the exact optimum, and why it came out so.

Source
------
docs/domain.md, section 4.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from core.enums import DriverTier, ServiceClass
from core.errors import BadInput
from core.params.decisions import MatchingParams
from features.geometry import drive_minutes, great_circle_km
from models.premium.assignment import assign

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MICRO = 1_000_000
PARTS = ("eta", "rating", "reliability", "fairness", "vehicle")
KM_PER_DEGREE = 111.195
TIERS = [tier.value for tier in DriverTier]
CLASSES = [service.value for service in ServiceClass]
STANDARD = ServiceClass.STANDARD.value
EQUIPMENT = ("child_seat", "pet_friendly", "wheelchair_accessible")
REQUEST_COLUMNS: Mapping[str, Any] = {
    "request_id": None, "lat": None, "lon": None, "vertical": "RIDE", "service_class": STANDARD,
    "women_only": False, "corporate": False, "prefer_female": False, "age_s": 0.0, "step": 0,
    "do_not_pair": (), **dict.fromkeys(EQUIPMENT, False),
}  # fmt: skip
DRIVER_COLUMNS: Mapping[str, Any] = {
    "driver_id": None, "lat": None, "lon": None, "available": True, "tier": "NONE",
    "vehicle_type": "SEDAN", "rating": 4.8, "completion": 0.95, "acceptance": 0.95,
    "eta_accuracy": 0.9, "earnings_per_hour": 0.0, "online_hours_24h": 0.0,
    "accepts_women_only": False, "corporate_eligible": False, "female": False,
    **dict.fromkeys(EQUIPMENT, False),
}  # fmt: skip


@dataclass(frozen=True)
class Edges:
    """Pairs within reach: positions of request and driver, distance, minutes, parts, score.

    ``removed`` says for each hard constraint which pairs it forbids; ``score`` is in millionths.
    """

    request: Ints
    driver: Ints
    km: Floats
    eta: Floats
    parts: dict[str, Floats]
    score: Ints
    removed: dict[str, Bools]

    @property
    def feasible(self) -> Bools:
        forbidden = np.zeros(len(self.request), bool)
        for mask in self.removed.values():
            forbidden |= mask
        return ~forbidden


@dataclass(frozen=True)
class Matches:
    """One driver position (or -1) a request, the total score in millionths, and the pairs."""

    driver: Ints
    total: int
    edges: Edges


def complete(rows: pd.DataFrame, columns: Mapping[str, Any], key: str) -> pd.DataFrame:
    """Rows with every column, in the order of their ids: input order decides no tie.

    Raises
    ------
    BadInput
        If an id or coordinate is missing, not a number, or an id repeats.
    """
    needed = [name for name, default in columns.items() if default is None]
    missing = [name for name in needed if name not in rows]
    if missing:
        raise BadInput(f"expected the columns {needed} with every {key}; missing {missing}")
    unknown = sorted(set(rows.columns) - set(columns))
    if unknown:
        raise BadInput(f"expected columns out of {list(columns)}; got also {unknown}")
    places = rows[["lat", "lon"]].apply(pd.to_numeric, errors="coerce").astype("float64")
    if not (places["lat"].between(-90, 90) & places["lon"].between(-180, 180)).all():
        raise BadInput(f"expected lat -90..90 and lon -180..180 for every {key}")
    if rows[key].duplicated().any():
        twice = rows.loc[rows[key].duplicated(), key].tolist()
        raise BadInput(f"expected every {key} once, got again: {twice[:5]}")
    filled = {
        name: _filled(rows[name], default) if name in rows else [default] * len(rows)
        for name, default in columns.items()
        if default is not None
    }
    whole = rows.assign(**places, **{key: rows[key].astype(str)}, **filled)
    return whole.sort_values(key, ignore_index=True)[list(columns)]


def _filled(values: pd.Series, default: Any) -> list[Any]:
    """Rows that lack a value take the default."""
    absent = values.isna().tolist()
    return [default if gone else v for v, gone in zip(values.tolist(), absent, strict=True)]


def match(requests: pd.DataFrame, drivers: pd.DataFrame, params: MatchingParams) -> Matches:
    """The best matches of one window; both frames as `complete` gives them."""
    edges = score_pairs(requests, drivers, params)
    keep = edges.feasible
    chosen = assign(
        edges.request[keep], edges.driver[keep], edges.score[keep], len(requests), len(drivers)
    )
    taken = keep & (chosen[edges.request] == edges.driver)
    return Matches(chosen, int(edges.score[taken].sum()), edges)


def score_pairs(requests: pd.DataFrame, drivers: pd.DataFrame, params: MatchingParams) -> Edges:
    """Parts, score and constraints of every pair within the radius of the request's step."""
    i, j, km = pairs_within(requests, drivers, params.radius_km)
    eta = drive_minutes(km, params.speed_kmh, params.detour)
    r, d = _Columns(requests, i), _Columns(drivers, j)
    vehicle = vehicle_part(r, d, params)
    parts = {
        "eta": np.maximum(0.0, 1 - eta / params.max_eta_minutes),
        "rating": np.clip((d.number("rating") - 4.7) / 0.3, 0, 1),
        "reliability": reliability_part(d),
        "fairness": fairness_part(drivers)[j] if len(drivers) else np.zeros(len(j)),
        "vehicle": vehicle,
    }
    weights = {name: getattr(params, f"weight_{name}") for name in PARTS}
    total = np.zeros(len(i))
    for name, part in parts.items():
        total += weights[name] * part
    total += params.prefer_female_bonus * (r.flag("prefer_female") & d.flag("female"))
    score = np.rint(total * MICRO).astype(np.int64)
    removed = constraints(r, d, eta, vehicle, params)
    young = r.number("age_s") < params.wait_for_better_s
    removed["waits_for_a_better_score"] = (score < round(params.min_score * MICRO)) & young
    return Edges(i, j, km, eta, parts, score, removed)


class _Columns:
    """The columns of one side, taken at the pairs."""

    def __init__(self, rows: pd.DataFrame, at: Ints) -> None:
        self.rows, self.at = rows, at

    def number(self, name: str) -> Floats:
        return np.asarray(self.rows[name].to_numpy("float64")[self.at])

    def flag(self, name: str) -> Bools:
        return np.asarray(self.rows[name].to_numpy(bool)[self.at])

    def words(self, name: str) -> NDArray[np.object_]:
        return np.asarray(self.rows[name].to_numpy(object)[self.at])

    def rank(self, name: str, order: list[str]) -> Ints:
        """Position of each word in ``order``; BadInput for a word that is not in it."""
        codes = pd.Index(order).get_indexer(pd.Index(self.rows[name].astype(str)))
        if (codes < 0).any():
            wrong = self.rows.loc[codes < 0, name].unique().tolist()
            raise BadInput(f"expected {name} out of {', '.join(order)}; got {wrong[:3]}")
        return np.asarray(codes, np.int64)[self.at]


def pairs_within(
    requests: pd.DataFrame, drivers: pd.DataFrame, radius_km: tuple[float, ...]
) -> tuple[Ints, Ints, Floats]:
    """Requests and drivers no further apart than the radius of the request's step, and the km."""
    if requests.empty or drivers.empty:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0)
    steps = np.clip(requests["step"].to_numpy(np.int64), 0, len(radius_km) - 1)
    reach = np.asarray(radius_km)[steps]
    middle = float(requests["lat"].mean())
    flat = [
        np.column_stack(
            [
                rows["lat"] * KM_PER_DEGREE,
                rows["lon"] * KM_PER_DEGREE * np.cos(np.radians(middle)),
            ]
        )
        for rows in (requests, drivers)
    ]
    # the flat map is a little off, so look a little further and measure what was found
    near = cKDTree(flat[0]).sparse_distance_matrix(
        cKDTree(flat[1]), float(reach.max()) * 1.05 + 0.1, output_type="ndarray"
    )
    i, j = near["i"].astype(np.int64), near["j"].astype(np.int64)
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    here, there = requests[["lat", "lon"]].to_numpy(), drivers[["lat", "lon"]].to_numpy()
    km = great_circle_km(here[i, 0], here[i, 1], there[j, 0], there[j, 1])
    within = km <= reach[i]
    return i[within], j[within], km[within]


def vehicle_part(r: _Columns, d: _Columns, params: MatchingParams) -> Floats:
    """1 for exactly the class asked for, 0.5 for a better one, 0 where the vehicle cannot do it."""
    part = np.zeros(len(r.at))
    verticals, kinds = r.words("vertical"), d.words("vehicle_type")
    for vertical, allowed in params.vehicles.items():
        part[(verticals == vertical.value) & np.isin(kinds, [v.value for v in allowed])] = 1.0
    asked = r.rank("service_class", CLASSES)
    best = {kind.value: CLASSES.index(c.value) for kind, c in params.vehicle_class.items()}
    offered = np.array([best.get(kind, 0) for kind in kinds], dtype=np.int64)
    return np.asarray(np.where(offered < asked, 0.0, np.where(offered > asked, 0.5, 1.0)) * part)


def reliability_part(d: _Columns) -> Floats:
    """0.5 completion, 0.3 acceptance, 0.2 ETA accuracy; 0 at 0.9, 1 at 1."""
    mixed = 0.5 * d.number("completion") + 0.3 * d.number("acceptance")
    return np.asarray(np.clip((mixed + 0.2 * d.number("eta_accuracy") - 0.9) / 0.1, 0, 1))


def fairness_part(drivers: pd.DataFrame) -> Floats:
    """1 for who earned least an hour among those available, 0 for who earned most."""
    available = drivers["available"].to_numpy(bool)
    earned = drivers["earnings_per_hour"].where(available)
    rank = earned.rank(method="average").to_numpy("float64") - 1
    return np.asarray(1 - np.nan_to_num(rank, nan=0.0) / max(available.sum() - 1, 1))


def constraints(
    r: _Columns, d: _Columns, eta: Floats, vehicle: Floats, params: MatchingParams
) -> dict[str, Bools]:
    """Hard constraints, never traded: for each the pairs that it forbids."""
    floor = {c.value: TIERS.index(t.value) for c, t in params.tier_floor.items()}
    needed = np.array([floor.get(c, 0) for c in CLASSES])[r.rank("service_class", CLASSES)]
    refused = [driver in blocked for driver, blocked in
               zip(d.words("driver_id"), r.words("do_not_pair"), strict=True)]  # fmt: skip
    return {
        "not_available": ~d.flag("available"),
        "eta": eta > params.max_eta_minutes,
        "vehicle": vehicle == 0,
        "tier": d.rank("tier", TIERS) < needed,
        **{name: r.flag(name) & ~d.flag(name) for name in EQUIPMENT},
        "women_only": r.flag("women_only") & ~d.flag("accepts_women_only"),
        "corporate": r.flag("corporate") & ~d.flag("corporate_eligible"),
        "do_not_pair": np.array(refused, dtype=bool),
        "fatigue": d.number("online_hours_24h") > params.max_online_hours,
    }
