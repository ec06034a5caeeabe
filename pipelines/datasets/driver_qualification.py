"""Rows for the qualification model: features of past cut-off days with labels that have matured.

With L the last day: test at L-30, validate at L-60, train at L-90 and every week before it that
has enough history. A label lies wholly before the next split's cut-off day ends.
"""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from core.errors import BadInput
from core.params.tabular import DriverQualificationParams
from core.partition import last_day
from features.driver_measures import Windows
from features.driver_qualification import labelled
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets.lake_rows import combined, days_until, digests, query, snapshot, span
from pipelines.simulated_day import driver_groups

MOST_DAYS = 180
DRIVERS = "SELECT driver_id, joined_on, opening_rides FROM drivers"
GROUPS = """
SELECT driver_id, CASE WHEN woman THEN 'woman' ELSE 'man' END AS gender, age_group, home_zone
FROM driver_groups
"""


def tables(key: str, ctx: Context) -> dict[str, list[Path]]:
    """The files read for a key: of the lake, and the groups of drivers where they are known."""
    days = days_until("driver_days", key, MOST_DAYS, ctx)
    groups = driver_groups(last_day(key), ctx)
    return {
        **({"driver_groups": [groups]} if groups is not None else {}),
        "driver_days": ctx.lake.paths("driver_days", days),
        "drivers": [snapshot("drivers", key, ctx)],
    }


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the files read."""
    return digests(tables(key, ctx))


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Labelled driver rows split by time.

    Raises
    ------
    BadInput
        If the history is too short for three cut-off days with a full window before the first.
    """
    files = tables(key, ctx)
    days = days_until("driver_days", key, MOST_DAYS, ctx)
    params = ctx.params.driver_qualification
    cuts = cut_offs(days[0], last_day(key), params)
    rows = query("SELECT * FROM driver_days", {"driver_days": files["driver_days"]})
    drivers = query(DRIVERS, {"drivers": files["drivers"]})
    parts = {name: _rows(rows, drivers, cut, params) for name, cut in cuts.items()}
    if "driver_groups" in files:
        known = query(GROUPS, {"driver_groups": files["driver_groups"]})
        # of the rows that are judged only: nothing is learned from them
        parts["test"] = parts["test"].merge(known, on="driver_id", how="left")
    return Dataset(
        **parts,
        digest=combined(digests(files)),
        about={
            "driver_days": span(days),
            **{f"{name} cut-off": ", ".join(map(str, cut)) for name, cut in cuts.items()},
        },
    )


def cut_offs(first: date, last: date, params: DriverQualificationParams) -> dict[str, list[date]]:
    """Cut-off days of train, validate and test for a history from ``first`` to ``last``."""
    horizon = params.horizon_days
    test, validate, train = (last - timedelta(days=horizon * n) for n in (1, 2, 3))
    earliest = first + timedelta(days=params.window_days - 1)
    if train < earliest:
        raise BadInput(
            f"driver_days: expected history from {train - timedelta(days=params.window_days - 1)} "
            f"or earlier, got {first}: three cut-off days and a window do not fit"
        )
    room = (train - earliest).days // params.train_every_days
    training = [train - timedelta(days=params.train_every_days * n) for n in range(room, -1, -1)]
    return {"train": training, "validate": [validate], "test": [test]}


def _rows(
    days: pd.DataFrame, drivers: pd.DataFrame, cuts: list[date], params: DriverQualificationParams
) -> pd.DataFrame:
    windows = Windows(params.window_days, params.long_days)
    return labelled(days, drivers, cuts, params.horizon_days, windows, params.standards)
