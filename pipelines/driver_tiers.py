"""Each night: every driver is qualified anew, with reasons, as known at the end of a day."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from core.partition import last_day, midnight
from engines.premium import qualify
from engines.premium.evaluation import Evaluation, evaluated
from engines.premium.standing import in_force, standing
from features.driver_measures import MEASURES, NOW, Basis, Windows
from features.driver_qualification import rides_known, with_basis
from models.premium import qualification
from pipelines.artefacts import champion
from pipelines.context import Context
from pipelines.datasets.driver_qualification import MOST_DAYS
from pipelines.datasets.lake_rows import days_until, query, snapshot
from store import appeals, releases
from store.db import read
from store.rows import replace_rows, upsert_rows
from store.tables import DriverQualification, FeatureValue, PremiumDriver

NAME = "driver_qualification"
SQL = """
SELECT d.driver_id, d.joined_on, d.opening_rides, d.licence_valid_until, d.insurance_valid_until,
       d.background_check, v.year AS vehicle_year, v.type AS vehicle_type
FROM drivers d LEFT JOIN vehicles v USING (vehicle_id)
"""


def evaluate(key: str, ctx: Context) -> dict[str, Any]:
    """Write one row per driver and evaluation, standing and online features; counts by tier.

    Without a champion the rule policy decides (meets the standards now), and the rows say so: their
    probability is empty. Running it again replaces the day's rows.
    """
    day = last_day(key)
    params = ctx.params.driver_qualification
    days = days_until("driver_days", key, MOST_DAYS, ctx)
    rows = query("SELECT * FROM driver_days", {"driver_days": ctx.lake.paths("driver_days", days)})
    drivers = query(SQL, {name: [snapshot(name, key, ctx)] for name in ("drivers", "vehicles")})
    windows = Windows(params.window_days, params.long_days)
    active, basis = with_basis(rows, drivers, day, windows, params.standards)
    known = _everyone(active, rows, drivers, day)
    found = drivers.set_index("driver_id").reindex(known.index)
    suspended = in_force(read(ctx.engine, appeals.decisions), day)
    found = found.assign(
        suspension=np.where(known.index.isin(suspended), qualify.IN_FORCE, qualify.NO_SUSPENSION)
    )
    papers = qualify.Papers(**{name: found[name] for name in qualify.Papers.__slots__})
    types = qualify.premium_vehicles(ctx.params.matching)
    gates = qualify.gates(known, papers, day, params.standards, types)
    judged = _judged(known, gates, basis, ctx)
    written = replace_rows(
        ctx.engine,
        DriverQualification,
        {"evaluated_on": day},
        _stored(known, gates, judged, ctx),
    )
    _stand(day, ctx)
    upsert_rows(ctx.engine, FeatureValue, _online(known, judged, day))
    return {
        "day": day.isoformat(),
        "drivers": written,
        "decided_by": judged.by,
        "qualified": int(judged.qualified.sum()),
        "share_qualified": round(float(judged.qualified.mean()), 4),
        "tiers": qualify.counts(judged.tier),
    }


def _everyone(
    active: pd.DataFrame, days: pd.DataFrame, drivers: pd.DataFrame, day: date
) -> pd.DataFrame:
    """One row for every driver there is; who did not drive in the window has no measures."""
    ids = drivers["driver_id"].to_numpy()
    known = active.set_index("driver_id").reindex(ids)
    tenure = (pd.Timestamp(day) - pd.to_datetime(drivers["joined_on"])).dt.days.to_numpy()
    rides = known["rides"].fillna(0.0)
    return known.assign(
        rides=rides,
        rides_known=rides_known(days, drivers, known.index),
        tenure_days=tenure,
        driver_id=ids,
        meets_now=known[NOW].fillna(0.0),
    )


def _stand(day: date, ctx: Context) -> None:
    """Renew where drivers stand, unless a later day was evaluated already."""
    table, params = DriverQualification.__table__, ctx.params.driver_qualification
    first = day - timedelta(days=2 * params.lapse_days)
    columns = ("driver_id", "evaluated_on", "qualified", "tier", "quality_score")
    wanted = sa.select(*(table.c[name] for name in columns)).where(table.c.evaluated_on > first)
    with ctx.engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(wanted)]
    if max(row["evaluated_on"] for row in rows) > day:
        return
    past = pd.DataFrame(rows).assign(tier=[str(row["tier"]) for row in rows])
    seen, decided = None, read(ctx.engine, appeals.decisions)
    # again if a person decided meanwhile: what stands there then was computed without it
    while decided != seen:
        upsert_rows(ctx.engine, PremiumDriver, _plain(standing(past, day, params, decided)))
        seen, decided = decided, read(ctx.engine, appeals.decisions)


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None where a value is missing."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _online(known: pd.DataFrame, judged: Evaluation, day: date) -> list[dict[str, Any]]:
    """What the matcher and the desk read online, as known at the end of the day."""
    as_of = midnight(day + timedelta(days=1))
    columns = {f"driver_{name}": known[name] for name in MEASURES}
    if judged.probability is not None:
        columns["driver_premium_probability"] = judged.probability
    return [
        {"feature": name, "entity": driver, "as_of": as_of, "value": float(value)}
        for name, values in columns.items()
        for driver, value in values.dropna().items()
    ]


def _judged(known: pd.DataFrame, gates: qualify.Gates, basis: Basis, ctx: Context) -> Evaluation:
    """The evaluation by the champion, or by the rule where there is none."""
    artefact = champion(NAME, ctx)
    model = qualification.load(artefact) if artefact is not None else None
    return evaluated(known, gates, basis, model, ctx.params.driver_qualification)


def _stored(
    known: pd.DataFrame, gates: qualify.Gates, judged: Evaluation, ctx: Context
) -> list[dict[str, Any]]:
    params = ctx.params.driver_qualification
    pointer = releases.pointer(ctx.engine, "premium")
    score = qualify.quality_score(known, params)
    version = pointer.manifest["members"][NAME]["version"] if pointer else None
    frame = pd.DataFrame(
        {
            "qualified": judged.qualified,
            "gates_passed": gates.passed.all(axis=1),
            "tier": judged.tier,
            "probability": judged.probability,
            "rating": known["rating"],
            "quality_score": score,
        },
        index=known.index,
    )
    return [
        {
            **row,
            "driver_id": driver,
            "threshold": judged.threshold,
            "reasons": told,
            "model_version": version,
            "release_id": pointer.release_id if pointer else None,
        }
        for driver, row, told in zip(
            known.index.tolist(), _plain(frame), judged.reasons, strict=True
        )
    ]
