"""Whether a driver qualifies for premium rides, in which tier, and every reason why or why not.

A proposed suspension closes no gate: a person decides it, and until then only a night above the
standards can lift it. One that took effect closes a gate until an appeal is upheld.

Source
------
docs/domain.md, section 4.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from core.enums import DriverTier, ServiceClass, Vertical
from core.params.decisions import MatchingParams
from core.params.tabular import DriverQualificationParams, StandardsParams
from features.driver_measures import MEASURES, WORSE_WHEN_HIGHER, margins

MODEL, RULE = "model", "rule"
TOP_REASONS = 3
MAX_PROBABILITY = 0.99
IN_FORCE, NO_SUSPENSION = "IN_FORCE", "NONE"


@dataclass(frozen=True, slots=True)
class Papers:
    """What the gates look at besides behaviour; one entry a driver, arrays of one length."""

    licence_valid_until: pd.Series
    insurance_valid_until: pd.Series
    background_check: pd.Series
    vehicle_year: pd.Series
    vehicle_type: pd.Series
    suspension: pd.Series


@dataclass(frozen=True, slots=True)
class Gates:
    """The hard gates, nothing trades against them: a column each, one row a driver.

    ``needed`` is the least that ``seen`` must reach, or the words one of which they must be.
    """

    seen: pd.DataFrame
    needed: Mapping[str, Any]
    passed: pd.DataFrame


def gates(
    rows: pd.DataFrame,
    papers: Papers,
    as_of: date,
    standards: StandardsParams,
    vehicle_types: Sequence[str],
) -> Gates:
    """What each gate sees of each driver; ``vehicle_types`` are those of `premium_vehicles`."""
    day = pd.Timestamp(as_of)
    looked_at: dict[str, tuple[pd.Series, Any]] = {
        "licence": (pd.to_datetime(papers.licence_valid_until), day),
        "insurance": (pd.to_datetime(papers.insurance_valid_until), day),
        "background_check": (papers.background_check, ("VALID",)),
        "suspension": (papers.suspension, (NO_SUSPENSION,)),
        "vehicle_year": (papers.vehicle_year, standards.min_vehicle_year),
        "vehicle_class": (papers.vehicle_type, tuple(vehicle_types)),
        "rides": (rows["rides_known"], standards.min_rides),
        "tenure": (rows["tenure_days"], standards.min_tenure_days),
        "recent_rides": (rows["rides"], standards.min_window_rides),
    }
    passed = {
        name: value.isin(needed) if isinstance(needed, tuple) else value >= needed
        for name, (value, needed) in looked_at.items()
    }
    return Gates(
        pd.DataFrame({name: value for name, (value, _) in looked_at.items()}, index=rows.index),
        {name: needed for name, (_, needed) in looked_at.items()},
        pd.DataFrame(passed, index=rows.index).fillna(False),
    )


def premium_vehicles(params: MatchingParams) -> tuple[str, ...]:
    """The vehicle types that can serve a class with a tier floor, the lowest class first.

    A plain sedan serves STANDARD only: the matcher never gives it a premium ride.
    """
    rides, best = params.vehicles[Vertical.RIDE], params.vehicle_class
    return tuple(
        kind.value
        for service in ServiceClass
        if service in params.tier_floor
        for kind in rides
        if best.get(kind) == service
    )


def tiers(
    qualified: pd.Series,
    probability: pd.Series,
    rating: pd.Series,
    threshold: float,
    params: DriverQualificationParams,
) -> pd.Series:
    """The highest tier whose probability and rating are both reached; NONE if not qualified."""
    found = pd.Series(DriverTier.NONE.value, index=qualified.index)
    for tier, step in params.tiers.items():
        # rounded: 0.80 + 0.02 is a hair above 0.82
        wanted = min(round(threshold + step.above_threshold, 9), MAX_PROBABILITY)
        found = found.mask(
            qualified & (probability >= wanted) & (rating >= step.rating), tier.value
        )
    return found


def quality_score(rows: pd.DataFrame, params: DriverQualificationParams) -> pd.Series:
    """0..100, for the order within a tier and in lists; it decides nothing."""
    limits = params.standards.limits()

    def part(measure: str, best: float) -> pd.Series:
        return ((rows[measure] - limits[measure]) / (best - limits[measure])).clip(0, 1)

    parts = {
        "rating": part("rating", 5.0),
        "acceptance": part("acceptance", 1.0),
        "cancellation": part("cancellation", 0.0),
        "reliability": (part("eta_accuracy", 1.0) + part("on_time", 1.0)) / 2,
        "experience": (rows["rides_known"] / params.experienced_rides).clip(0, 1),
    }
    score = sum(
        (weight * parts[name] for name, weight in params.score_weights.items()),
        pd.Series(0.0, index=rows.index),
    )
    return (100 * score).fillna(0.0).clip(0, 100)


def reasons(
    gates: Gates,
    rows: pd.DataFrame,
    contributions: pd.DataFrame | None,
    standards: StandardsParams,
) -> list[list[dict[str, Any]]]:
    """For each driver: failed gates, standards missed and by how much, what weighed most.

    ``change`` is the smallest change that would open the gate or meet the standard; the days that
    a date must move, or the word that must stand there.
    """
    strongest = _strongest(contributions) if contributions is not None else [[]] * len(rows)
    told: list[list[dict[str, Any]]] = [[] for _ in strongest]
    _add_closed(told, gates)
    _add_missed(told, rows, margins(rows, standards), standards.limits())
    for found, most in zip(told, strongest, strict=True):
        found.extend(most)
    return told


def _add_closed(told: list[list[dict[str, Any]]], gates: Gates) -> None:
    """Tell each driver the failed gates, with what would open them."""
    for name, needed in gates.needed.items():
        failed = np.flatnonzero(~gates.passed[name].to_numpy(bool))
        for place, value in zip(failed, gates.seen[name].iloc[failed], strict=True):
            told[place].append(
                {
                    "kind": "gate",
                    "name": name,
                    "passed": False,
                    "value": _shown(value),
                    "needed": _wanted(needed),
                    "change": _change(value, needed),
                }
            )


def _wanted(needed: Any) -> str:
    return " or ".join(needed) if isinstance(needed, tuple) else f">= {_shown(needed)}"


def _change(value: Any, needed: Any) -> Any:
    """None where the value is not known."""
    if isinstance(needed, tuple):
        return needed[0]
    gap = needed - value
    return gap.days if isinstance(gap, pd.Timedelta) else _plain(gap)


def _shown(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value if isinstance(value, str | int) else _plain(value)


def _add_missed(
    told: list[list[dict[str, Any]]],
    rows: pd.DataFrame,
    gaps: pd.DataFrame,
    limits: Mapping[str, float],
) -> None:
    """Tell each driver the missed standards; a measure that is not known is missed."""
    for m in MEASURES:
        gap = gaps[m].to_numpy("float64")
        missed = np.flatnonzero(~(gap >= 0))
        values = rows[m].to_numpy("float64")[missed].tolist()
        needed = f"{'<=' if m in WORSE_WHEN_HIGHER else '>='} {limits[m]}"
        for place, value, short in zip(missed, values, (-gap[missed]).tolist(), strict=True):
            reason = {"kind": "standard", "name": m, "value": _plain(value)}
            told[place].append({**reason, "needed": needed, "change": _plain(short)})


def _strongest(contributions: pd.DataFrame) -> list[list[dict[str, Any]]]:
    """The features that moved each driver's log-odds most, signed."""
    parts = contributions.drop(columns="bias")
    values = parts.to_numpy("float64")
    order = np.argsort(-np.abs(values), axis=1)[:, :TOP_REASONS]
    names = parts.columns.to_numpy()
    return [
        [
            {"kind": "model", "name": str(names[c]), "log_odds": round(float(values[row, c]), 4)}
            for c in columns
        ]
        for row, columns in enumerate(order)
    ]


def _plain(value: Any) -> float | None:
    return None if pd.isna(value) else round(float(value), 4)


def counts(found: Mapping[str, Any] | pd.Series) -> dict[str, int]:
    """How many drivers stand in each tier, every tier named."""
    seen = pd.Series(found).value_counts()
    return {tier.value: int(seen.get(tier.value, 0)) for tier in DriverTier}
