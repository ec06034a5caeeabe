"""New York's applications for a driver licence: what tells an approval, and when it is known.

A snapshot lists applications with their steps as of its own day; no step has a date.
"""

import numpy as np
import pandas as pd

from benchmarks.real_drivers import Say, Task, measured, public
from benchmarks.report import Row
from pipelines.context import Context


def applications(ctx: Context, say: Say) -> list[Row]:
    """TLC: who is approved, from what is known on the day of application, and from steps later."""
    path = public(ctx) / "drivers" / "tlc_driver_applications.parquet"
    table = pd.read_parquet(path)
    table = table.assign(snapshot=pd.to_datetime(table["snapshot"]))
    tasks = [
        _on_the_day(table),
        _from_steps(table, leaking=False),
        _from_steps(table, leaking=True),
    ]
    return [row for task in tasks for row in measured(task, ctx, say)[0]]


STEPS = ("Drug Test", "WAV Course", "Defensive Driving", "Driver Exam", "Medical Clearance Form")


def _on_the_day(table: pd.DataFrame) -> Task:
    """What the day of application tells: its kind, the calendar, how many others applied.

    Applications 30 to 120 days old at a snapshot: time enough to be approved, and not yet purged.
    The steps in a snapshot are as of the snapshot, so none of them is known on the day.
    """
    age = (table["snapshot"] - table["App Date"]).dt.days
    rows = table[age.between(30, 120)].copy()
    day = rows["App Date"]
    rows = rows.assign(
        who=rows["App No"],
        label=rows["Status"].str.startswith("Approved"),
        weekday=day.dt.day_of_week.astype("float64"),
        month=day.dt.month.astype("float64"),
        ordinary=(rows["Type"] == "HDR").astype("float64"),
        # of the same week before: nothing later counts
        lately=_applied_lately(table, rows).to_numpy("float64"),
    )
    cuts = sorted(rows["snapshot"].unique())
    return Task(
        "TLC approval, on the day of application",
        rows[rows["snapshot"] <= cuts[1]],
        rows[rows["snapshot"] == cuts[2]],
        rows[rows["snapshot"] == cuts[3]],
        ("weekday", "month", "ordinary", "lately"),
        lambda part: part["ordinary"].to_numpy("float64"),
        {},
        f"trained on snapshots of 2018 and May 2022, validated on October 2022, tested on 2024; "
        f"rule: an ordinary licence ({len(STEPS)} steps are dated in no row)",
    )


def _applied_lately(table: pd.DataFrame, rows: pd.DataFrame, days: int = 7) -> pd.Series:
    """Applications known at a row's own snapshot, filed in the days before it; one a row."""
    found = pd.Series(0.0, index=rows.index)
    for snapshot, group in rows.groupby("snapshot"):
        dates = np.sort(table.loc[table["snapshot"] == snapshot, "App Date"].to_numpy())
        day = group["App Date"].to_numpy()
        before = np.searchsorted(dates, day) - np.searchsorted(
            dates, day - np.timedelta64(days, "D")
        )
        found.loc[group.index] = before
    return found


def _from_steps(table: pd.DataFrame, leaking: bool) -> Task:
    """Steps of May 2022 and what had become of them in October; or both of one day, for contrast.

    Only applications that both snapshots list: most approved ones leave the list, so few are seen.
    """
    rows = _steps(table)
    dates = sorted(rows["snapshot"].unique())
    if leaking:
        parts = [
            rows[rows["snapshot"].isin(dates[:2])],
            *(rows[rows["snapshot"] == d] for d in dates[2:]),
        ]
        name, note = "TLC approval, steps and outcome of one snapshot", "LEAKS: not a forecast"
    else:
        later = rows.loc[rows["snapshot"] == dates[2], ["who", "label"]].rename(
            columns={"label": "then"}
        )
        early = rows[(rows["snapshot"] == dates[1]) & ~rows["label"]].merge(later, on="who")
        early = early.assign(label=early["then"]).sort_values("App Date", ignore_index=True)
        thirds = np.array_split(np.arange(len(early)), 3)
        parts = [early.iloc[part] for part in thirds]
        name = "TLC approval by October, from steps of May 2022"
        note = "of the applications listed twice; thirds by date of application"
    return Task(
        name, parts[0], parts[1], parts[2], (*STEPS, "complete", "open_items", "age_days"),
        lambda part: part["complete"].to_numpy("float64") - part["open_items"].to_numpy("float64"),
        {"complete": 1, "open_items": -1}, note + "; rule: steps complete, items open",
    )  # fmt: skip


def _steps(table: pd.DataFrame) -> pd.DataFrame:
    done = {step: (table[step] == "Complete").astype("float64") for step in STEPS}
    return table.assign(
        **done,
        who=table["App No"],
        label=table["Status"].str.startswith("Approved"),
        complete=pd.DataFrame(done).sum(axis=1),
        open_items=(table["Other Requirements"] != "Not Applicable").astype("float64"),
        age_days=(table["snapshot"] - table["App Date"]).dt.days.astype("float64"),
    )
