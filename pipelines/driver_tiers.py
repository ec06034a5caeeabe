"""Each night: every driver is qualified anew, with reasons, as known at the end of a day."""

from typing import Any

import pandas as pd

from core.partition import last_day
from engines.premium import qualify
from features.driver_qualification import NOW, Windows, features
from pipelines.artefacts import champion
from pipelines.context import Context
from pipelines.datasets.driver_qualification import MOST_DAYS
from pipelines.datasets.lake_rows import days_until, query, snapshot
from store import releases
from store.rows import replace_rows
from store.tables import DriverQualification

NAME = "driver_qualification"
SQL = """
SELECT d.driver_id, d.joined_on, d.licence_valid_until, d.insurance_valid_until,
       d.background_check, v.year AS vehicle_year
FROM drivers d LEFT JOIN vehicles v USING (vehicle_id)
"""


def evaluate(key: str, ctx: Context) -> dict[str, Any]:
    """Write one row per driver and evaluation; counts by tier, and by what was decided.

    Without a champion the rule policy decides (meets the standards now), and the rows say so: their
    probability is empty. Running it again replaces the day's rows.
    """
    day = last_day(key)
    params = ctx.params.driver_qualification
    days = days_until("driver_days", key, MOST_DAYS, ctx)
    rows = query("SELECT * FROM driver_days", {"driver_days": ctx.lake.paths("driver_days", days)})
    drivers = query(SQL, {name: [snapshot(name, key, ctx)] for name in ("drivers", "vehicles")})
    windows = Windows(params.window_days, params.long_days)
    known = features(rows, drivers, day, windows, params.standards).set_index(
        "driver_id", drop=False
    )
    found = drivers.set_index("driver_id").reindex(known.index)
    papers = qualify.Papers(
        found["licence_valid_until"],
        found["insurance_valid_until"],
        found["background_check"],
        found["vehicle_year"],
    )
    passed = qualify.gates(known, papers, day, params.standards)
    judged = _judged(known, passed, ctx)
    written = replace_rows(
        ctx.engine,
        DriverQualification,
        {"evaluated_on": day},
        _stored(known, passed, judged, ctx),
    )
    return {
        "day": day.isoformat(),
        "drivers": written,
        "decided_by": judged["by"],
        "qualified": int(judged["qualified"].sum()),
        "share_qualified": round(float(judged["qualified"].mean()), 4),
        "tiers": qualify.counts(judged["tier"]),
    }


def _judged(known: pd.DataFrame, passed: pd.DataFrame, ctx: Context) -> dict[str, Any]:
    """Probability, qualified, tier and contributions of every driver."""
    params = ctx.params.driver_qualification
    allowed = passed.all(axis=1)
    artefact = champion(NAME, ctx)
    if artefact is None:
        probability = known[NOW].astype("float64")
        qualified, threshold, parts = allowed & (probability > 0), 1.0, None
    else:
        from models.premium import qualification

        model = qualification.load(artefact)
        guess = model.predict(known)
        probability, threshold = guess["probability"], model.threshold.value
        qualified = allowed & guess["qualifies"].astype(bool)
        parts = model.explain(known)
    tier = qualify.tiers(qualified, probability, known["rating"], threshold, params)
    return {
        "by": qualify.RULE if artefact is None else qualify.MODEL,
        "probability": None if artefact is None else probability,
        "threshold": None if artefact is None else threshold,
        "tier": tier,
        "qualified": tier != "NONE",
        "contributions": parts,
    }


def _stored(
    known: pd.DataFrame, passed: pd.DataFrame, judged: dict[str, Any], ctx: Context
) -> list[dict[str, Any]]:
    params = ctx.params.driver_qualification
    pointer = releases.pointer(ctx.engine, "premium")
    score = qualify.quality_score(known, params)
    reasons = qualify.reasons(passed, known, judged["contributions"], params.standards)
    version = pointer.manifest["members"][NAME]["version"] if pointer else None
    frame = pd.DataFrame(
        {
            "qualified": judged["qualified"],
            "gates_passed": passed.all(axis=1),
            "tier": judged["tier"],
            "probability": judged["probability"],
            "rating": known["rating"],
            "quality_score": score,
        },
        index=known.index,
    )
    return [
        {
            **{str(name): None if pd.isna(value) else value for name, value in row.items()},
            "driver_id": driver,
            "threshold": judged["threshold"],
            "reasons": told,
            "model_version": version,
            "release_id": pointer.release_id if pointer else None,
        }
        for driver, row, told in zip(
            known.index.tolist(), frame.to_dict("records"), reasons, strict=True
        )
    ]
