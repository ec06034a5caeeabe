"""`tripo bench qualification`: 100,000 drivers with reasons, and the method on real drivers.

The fleet is drawn: lasting quality, and chance around it. Real applications and driver-months are
read from the folder that TRIPO_DATA names.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from benchmarks import ola_drivers, tlc_applications
from benchmarks.report import Row
from core.errors import BadInput
from core.params.tabular import DriverQualificationParams
from engines.premium import qualify
from engines.premium.evaluation import evaluated
from features.driver_measures import Windows
from features.driver_qualification import labelled, with_basis
from models.premium import qualification
from pipelines.context import Context
from pipelines.datasets.driver_qualification import cut_offs

DRIVERS = 100_000
LEARNED_FROM = 3_000
HISTORY_DAYS = 180
WORKING_SHARE = 0.4
REPEATS = 3
LAST = date(2026, 11, 21)
Say = Callable[[str], None]


def rows(
    ctx: Context, only: Sequence[str], say: Say, drivers: int = DRIVERS
) -> Iterator[list[Row]]:
    """The rows of each set in turn, as soon as they are measured."""
    sets: dict[str, Callable[[], list[Row]]] = {
        "fleet": lambda: _fleet(ctx, drivers, say),
        "tlc": lambda: tlc_applications.applications(ctx, say),
        "ola": lambda: ola_drivers.driver_months(ctx, say),
    }
    for name in only or sets:
        if name not in sets:
            raise BadInput(f"expected a set out of {', '.join(sets)}; got {name!r}")
        say(name)
        yield sets[name]()


def _fleet(ctx: Context, drivers: int, say: Say) -> list[Row]:
    """From driver-days and from features to gates, probability, tier, reasons and changes."""
    params = ctx.params.driver_qualification
    types = qualify.premium_vehicles(ctx.params.matching)
    model = _model(params)
    days, people = driver_days(drivers, HISTORY_DAYS, seed=11), people_of(drivers, seed=11)
    say(f"{len(days):,} driver-days")
    windows = Windows(params.window_days, params.long_days)
    whole, told = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found, basis = with_basis(days, people, LAST, windows, params.standards)
        middle = time.perf_counter()
        known = found.set_index("driver_id")
        papers = people.set_index("driver_id").loc[known.index]
        gates = qualify.gates(
            known,
            qualify.Papers(**{name: papers[name] for name in qualify.Papers.__slots__}),
            LAST,
            params.standards,
            types,
        )
        judged = evaluated(known, gates, basis, model, params)
        qualify.quality_score(known, params)
        end = time.perf_counter()
        whole.append(end - start)
        told.append(end - middle)
        say(f"  {middle - start:.1f} s features, {end - middle:.1f} s evaluation")
    reached = sum(any(r["kind"] == "change" and r["changes"] for r in x) for x in judged.reasons)
    note = (
        f"{len(known):,} active, {judged.qualified.mean():.1%} qualify; "
        f"{reached:,} told a change that would have done"
    )
    name = f"{drivers:,} drivers qualified with reasons"
    return [
        Row(f"{name}, from features", tuple(told), "s", 20.0, higher_is_better=False, note=note),
        Row(
            f"{name}, from driver-days", tuple(whole), "s", 20.0, higher_is_better=False,
            note=f"{len(days):,} rows in memory",
        ),
    ]  # fmt: skip


def _model(params: DriverQualificationParams) -> qualification.Qualification:
    """Learned from a smaller fleet of the same kind, as the training pipeline splits it."""
    days, people = driver_days(LEARNED_FROM, HISTORY_DAYS, seed=5), people_of(LEARNED_FROM, seed=5)
    windows = Windows(params.window_days, params.long_days)
    first = LAST - timedelta(days=HISTORY_DAYS - 1)
    cuts = cut_offs(first, LAST, params)
    train, validate = (
        labelled(days, people, cuts[part], params.horizon_days, windows, params.standards)
        for part in ("train", "validate")
    )
    return qualification.load(qualification.fit(train, validate, params))


def driver_days(drivers: int, days: int, seed: int) -> pd.DataFrame:
    """Rows of the asset driver_days that end with LAST; a few are good enough for premium."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(-0.5, 0.9, drivers)
    who, when = np.nonzero(rng.random((drivers, days)) < WORKING_SHARE)
    q = quality[who]
    offers = rng.poisson(9, len(who)) + 1
    accepts = rng.binomial(offers, _share(3.2 + q))
    cancels = rng.binomial(accepts, _share(-4.6 - q))
    completed = accepts - cancels
    rated = rng.binomial(completed, 0.6)
    fives = rng.binomial(rated, _share(2.0 + q))
    ids = np.array([f"D{i:06d}" for i in range(drivers)], dtype=object)
    calendar = np.array([LAST - timedelta(days=days - 1 - d) for d in range(days)], "datetime64[D]")
    return pd.DataFrame(
        {
            "driver_id": pd.Categorical.from_codes(who, ids).astype("str"),
            "day": calendar[when].astype("datetime64[us]"),
            "online_minutes": completed * 30.0 + 60,
            "engaged_minutes": completed * 18.0,
            "offers": offers,
            "accepts": accepts,
            "cancels": cancels,
            "completed": completed,
            "on_time": rng.binomial(completed, _share(3.4 + 0.8 * q)),
            "eta_hits": rng.binomial(completed, _share(2.8 + 0.8 * q)),
            "rating_sum": (fives * 5 + (rated - fives) * 4).astype("float64"),
            "rating_count": rated,
        }
    )


def people_of(drivers: int, seed: int) -> pd.DataFrame:
    """Drivers with their papers and vehicle; a few lack what the gates ask for."""
    rng = np.random.default_rng(seed + 1)
    valid = pd.Timestamp(LAST) + pd.to_timedelta(rng.integers(-10, 700, drivers), unit="D")
    kinds = np.array(["SUV", "SEDAN", "LUXURY_SEDAN", "MOTO"])
    return pd.DataFrame(
        {
            "driver_id": [f"D{i:06d}" for i in range(drivers)],
            "joined_on": pd.Timestamp(LAST)
            - pd.to_timedelta(rng.integers(60, 1900, drivers), unit="D"),
            "opening_rides": rng.integers(0, 3000, drivers),
            "licence_valid_until": valid,
            "insurance_valid_until": valid,
            "background_check": np.where(rng.random(drivers) < 0.03, "PENDING", "VALID"),
            "suspension": qualify.NO_SUSPENSION,
            "vehicle_year": rng.integers(2006, 2026, drivers),
            "vehicle_type": kinds[rng.integers(0, 4, drivers)],
        }
    )


def _share(logit: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-logit)))
