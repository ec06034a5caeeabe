"""What a possible match is worth and what forbids it: five parts and the hard constraints.

What depends on the request's wishes and the driver alone is worked out once for each kind of
request; pairs then differ by kind, driver and minutes only.

Source
------
docs/domain.md, section 4.2.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.params.decisions import MatchingParams
from models.premium.batch import CLASSES, EQUIPMENT, TIERS, VEHICLES, VERTICALS, Table, size

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MICRO = 1_000_000
PARTS = ("eta", "rating", "reliability", "fairness", "vehicle")
WISHES = {
    **{name: name for name in EQUIPMENT},
    "women_only": "accepts_women_only",
    "corporate": "corporate_eligible",
}
"""What a request may insist on, and the column that says that a driver offers it."""
FIXED = ("not_available", "vehicle", "tier", *WISHES, "fatigue")
"""Constraints that follow from the kind of request and the driver."""
DO_NOT_PAIR, ETA, WAITS = "do_not_pair", "eta", "waits_for_a_better_score"
CONSTRAINTS = (*FIXED, DO_NOT_PAIR, ETA, WAITS)
_KIND = ("vertical", "service_class", *WISHES, "prefer_female")


@dataclass(frozen=True)
class Scoring:
    """Requests and drivers of a window with what their pairs share."""

    requests: Table
    drivers: Table
    params: MatchingParams

    @cached_property
    def _kinds(self) -> tuple[Ints, Ints]:
        columns = np.stack([self.requests[name].astype(np.int64) for name in _KIND], axis=1)
        if not len(columns):
            return columns, np.zeros(0, np.int64)
        kinds, kind = np.unique(columns, axis=0, return_inverse=True)
        return kinds, kind.reshape(-1)

    @property
    def kind(self) -> Ints:
        """Which kind each request is of."""
        return self._kinds[1]

    def wish(self, name: str) -> Ints:
        """What each kind asks for; shape (kinds,)."""
        return self._kinds[0][:, _KIND.index(name)]

    @cached_property
    def vehicle(self) -> Floats:
        """1 for exactly the class asked for, 0.5 for a better one, 0 where a vehicle cannot do it.

        Shape (kinds, drivers), as everything of kinds and drivers.
        """
        can = np.zeros((len(VERTICALS), len(VEHICLES)), bool)
        for vertical, allowed in self.params.vehicles.items():
            can[VERTICALS.index(vertical.value), [VEHICLES.index(v.value) for v in allowed]] = True
        best = np.zeros(len(VEHICLES), np.int64)
        for vehicle, service in self.params.vehicle_class.items():
            best[VEHICLES.index(vehicle.value)] = CLASSES.index(service.value)
        asked = self.wish("service_class")[:, None]
        part = np.where(best < asked, 0.0, np.where(best > asked, 0.5, 1.0))
        of_type = part * can[self.wish("vertical")]
        return np.ascontiguousarray(of_type[:, self.drivers["vehicle_type"]])

    @cached_property
    def forbidden(self) -> dict[str, Bools]:
        """For each of the `FIXED` constraints the kinds and drivers that it keeps apart."""
        d, shape = self.drivers, (len(self._kinds[0]), size(self.drivers))
        floor = np.zeros(len(CLASSES), np.int64)
        for service, tier in self.params.tier_floor.items():
            floor[CLASSES.index(service.value)] = TIERS.index(tier.value)
        tired = d["online_hours_24h"] > self.params.max_online_hours
        return {
            "not_available": np.broadcast_to(~d["available"], shape),
            "vehicle": self.vehicle == 0,
            "tier": d["tier"] < floor[self.wish("service_class")][:, None],
            **{
                wish: (self.wish(wish) == 1)[:, None] & ~d[offered]
                for wish, offered in WISHES.items()
            },
            "fatigue": np.broadcast_to(tired, shape),
        }

    @cached_property
    def patterns(self) -> tuple[Bools, dict[str, Ints]]:
        """Different rows of what is forbidden, and for each constraint the row of each kind.

        Many kinds share them: counting by patterns costs less than by kinds.
        """
        rows: list[Bools] = []
        where = {}
        for name, mask in self.forbidden.items():
            known: dict[bytes, int] = {}
            of = [known.setdefault(row.tobytes(), len(known)) for row in mask]
            where[name] = np.array(of, np.int64) + sum(map(len, rows))
            rows.append(np.frombuffer(b"".join(known), bool).reshape(len(known), mask.shape[1]))
        return np.concatenate(rows), where

    @cached_property
    def allowed(self) -> Bools:
        """Kinds and drivers that no `FIXED` constraint keeps apart."""
        forbidden = np.zeros(self.vehicle.shape, bool)
        for mask in self.forbidden.values():
            forbidden |= mask
        return ~forbidden

    @cached_property
    def driver_parts(self) -> dict[str, Floats]:
        """Parts that the driver alone decides; shape (drivers,)."""
        d = self.drivers
        mixed = 0.5 * d["completion"] + 0.3 * d["acceptance"] + 0.2 * d["eta_accuracy"]
        return {
            "rating": np.clip((d["rating"] - 4.7) / 0.3, 0, 1),
            "reliability": np.clip((mixed - 0.9) / 0.1, 0, 1),
            "fairness": fairness_part(d),
        }

    @cached_property
    def base(self) -> Floats:
        """Score of kinds and drivers without the minutes."""
        p = self.params
        alone = sum(getattr(p, f"weight_{name}") * v for name, v in self.driver_parts.items())
        liked = (self.wish("prefer_female") == 1)[:, None] & self.drivers["female"]
        total = alone + p.weight_vehicle * self.vehicle + p.prefer_female_bonus * liked
        return np.ascontiguousarray(total)  # read row by row

    def score(self, kind: Ints, driver: Ints, minutes: Floats) -> Ints:
        """Score of pairs in millionths, by kind of request, driver and minutes to drive."""
        total = self.params.weight_eta * self.eta_part(minutes)
        total += self.base.reshape(-1).take(kind * self.base.shape[1] + driver)
        total *= MICRO
        return np.rint(total, out=total).astype(np.int64)

    def eta_part(self, minutes: Floats) -> Floats:
        """1 for a driver on the spot, 0 for one as far as a driver may be."""
        return np.maximum(0.0, 1 - minutes / self.params.max_eta_minutes)

    def waits(self, request: Ints, score: Ints) -> Bools:
        """Pairs that are left for a better one while the request is young."""
        if self.params.min_score <= 0:
            return np.zeros(len(score), bool)
        young = self.requests["age_s"][request] < self.params.wait_for_better_s
        return np.asarray((score < round(self.params.min_score * MICRO)) & young)

    @cached_property
    def refused(self) -> tuple[Ints, Ints]:
        """Requests and drivers that must not be paired, by request."""
        lists = self.requests["do_not_pair"]
        named = [place for place, ids in enumerate(lists.tolist()) if ids]
        if not named:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        place_of = {name: place for place, name in enumerate(self.drivers["driver_id"].tolist())}
        found = [(r, place_of[i]) for r in named for i in set(lists[r]) if i in place_of]
        pairs = np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def parts(self, request: Ints, driver: Ints, minutes: Floats) -> dict[str, Floats]:
        """The five parts of pairs."""
        kind = self.kind[request]
        of_driver = {name: part[driver] for name, part in self.driver_parts.items()}
        found = {"eta": self.eta_part(minutes), "vehicle": self.vehicle[kind, driver], **of_driver}
        return {name: found[name] for name in PARTS}

    def broken(self, request: Ints, driver: Ints, minutes: Floats) -> dict[str, Bools]:
        """For each of the `CONSTRAINTS` which pairs it forbids."""
        kind, drivers = self.kind[request], size(self.drivers)
        r, d = self.refused
        return {
            **{name: mask[kind, driver] for name, mask in self.forbidden.items()},
            DO_NOT_PAIR: np.isin(request * drivers + driver, r * drivers + d),
            ETA: minutes > self.params.max_eta_minutes,
            WAITS: self.waits(request, self.score(kind, driver, minutes)),
        }


def fairness_part(drivers: Table) -> Floats:
    """1 for who earned least an hour among those available, 0 for who earned most."""
    available = drivers["available"]
    part = np.ones(len(available))
    if available.any():
        _, of, equal = np.unique(
            drivers["earnings_per_hour"][available], return_inverse=True, return_counts=True
        )
        rank = np.cumsum(equal) - equal + (equal - 1) / 2  # who earned the same shares the middle
        part[available] = 1 - rank[of] / max(available.sum() - 1, 1)
    return part
