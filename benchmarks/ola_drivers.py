"""Driver-months of a company in India: next quarter's rating, and who will be gone, from the past.

Age, gender and city are for the fairness report; they are never features.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.real_drivers import Say, Task, measured, public
from benchmarks.report import Row
from models import fairness
from pipelines.context import Context

Bools = NDArray[np.bool_]


def driver_months(ctx: Context, say: Say) -> list[Row]:
    """Ola: at the end of a quarter, who will be rated well in the next, and who will be gone."""
    path = public(ctx) / "drivers" / "ola_driver_months.parquet"
    rows = _quarters(pd.read_parquet(path))
    task = _ola(rows, "rated")
    rated, known, scores = measured(task, ctx, say)
    # as many as were rated well on validation rows: no threshold has the precision of premium
    limit = float(np.quantile(known, 1 - task.validate["label"].mean()))
    gone = measured(_ola(rows, "gone"), ctx, say)[0]
    return [*rated, *gone, *_fair(task.test, scores >= limit, ctx)]


OLA = (
    "rating", "rating_before", "rating_mean", "value_month", "value_quarter", "value_mean",
    "negative_months", "zero_months", "income", "income_rose", "grade", "grade_joined",
    "education", "months_seen", "years_since_joining",
)  # fmt: skip
GOOD_RATING = 3


def _quarters(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each driver who is there in the last month of a quarter and is not leaving in it.

    ``rated``: a rating of 3 or 4 in the next quarter (gone is not). ``gone``: no row in the month
    that ends it. LastWorkingDate is of two orders of day and month in the file, so that only its
    presence in the row of the month itself is used, to leave those out who leave in it.
    """
    month = pd.to_datetime(table["MMM-YY"], format="%m-%d-%Y").dt.to_period("M")
    table = table.assign(month=month, value=table["Total Business Value"].astype("float64"))
    table = table.sort_values(["Driver_ID", "month"], ignore_index=True)
    parts = [
        _at(table, pd.Period(f"{year}-{number:02d}", "M"))
        for year in (2019, 2020)
        for number in (3, 6, 9, 12)
        if (year, number) != (2020, 12)
    ]
    return pd.concat(parts, ignore_index=True)


def _at(table: pd.DataFrame, end: pd.Period) -> pd.DataFrame:
    """The rows of one quarter's end: features up to its last month, labels from the next three."""
    past = table[table["month"] <= end]
    by_driver = past.groupby("Driver_ID")
    last = by_driver.tail(1).set_index("Driver_ID")
    here = last[(last["month"] == end) & last["LastWorkingDate"].isna()]
    quarter = past[past["month"] > end - 3].groupby("Driver_ID")["value"]
    earlier = past[past["month"] <= end - 3].groupby("Driver_ID")["Quarterly Rating"].last()
    then = table[table["month"] == end + 3].set_index("Driver_ID")["Quarterly Rating"]
    columns = {
        "rating": here["Quarterly Rating"],
        "rating_before": earlier,
        "rating_mean": by_driver["Quarterly Rating"].mean(),
        "value_month": here["value"],
        "value_quarter": quarter.sum(),
        "value_mean": by_driver["value"].mean(),
        "negative_months": (past["value"] < 0).groupby(past["Driver_ID"]).sum(),
        "zero_months": quarter.agg(lambda values: (values == 0).sum()),
        "income": here["Income"],
        "income_rose": here["Income"] - by_driver["Income"].first(),
        "grade": here["Grade"],
        "grade_joined": here["Joining Designation"],
        "education": here["Education_Level"],
        "months_seen": by_driver.size(),
        "years_since_joining": end.year - here["Dateofjoining"].str[-4:].astype(int),
    }
    found = pd.DataFrame({name: values.reindex(here.index) for name, values in columns.items()})
    age = here["Age"]
    return found.astype("float64").assign(
        who=here.index,
        end=end,
        rated=then.reindex(here.index).ge(GOOD_RATING),
        gone=~here.index.isin(then.index),
        gender=here["Gender"].map({0.0: "0", 1.0: "1"}),
        age=pd.cut(age, [0, 30, 35, 40, 99], labels=["to 30", "31-35", "36-40", "over 40"])
        .astype("object"),
        city=here["City"],
    )  # fmt: skip


def _ola(rows: pd.DataFrame, label: str) -> Task:
    """Trained on 2019, validated on March 2020, tested on June and September 2020."""
    rows = rows.assign(label=rows[label].astype(bool))
    ends = sorted(rows["end"].unique())
    side = 1 if label == "rated" else -1
    return Task(
        f"Ola, {label} next quarter",
        rows[rows["end"].isin(ends[:4])], rows[rows["end"] == ends[4]],
        rows[rows["end"].isin(ends[5:])], OLA,
        lambda part: side * part["rating"].to_numpy("float64"),
        {"rating": side, "rating_before": side, "rating_mean": side},
        "trained on the quarters of 2019, validated on March 2020, tested on June and September "
        "2020; rule: the rating now",
    )  # fmt: skip


def _fair(test: pd.DataFrame, chosen: Bools, ctx: Context) -> list[Row]:
    """Gaps between groups of real drivers, and the features that tell the groups."""
    least, params = ctx.params.evaluate.slice_min_rows, ctx.params.driver_qualification
    known = {name: test[name] for name in ("gender", "age", "city")}
    deserved = test["label"].to_numpy(bool)
    found = fairness.groups(chosen, deserved, known, least)
    gaps = [
        Row(
            f"Ola, {gap.measure}: gap by {gap.attribute}", (gap.value,), "share", None,
            higher_is_better=False,
            note=f"{gap.low:.3f} to {gap.high:.3f}, between {gap.highest} and {gap.lowest}",
        )
        for gap in fairness.gaps(found, least)
    ]  # fmt: skip
    ranked = fairness.proxies(test, OLA, known, least)
    named = [p for p in ranked if p.low >= params.proxy_auc]
    telling = float(len({p.feature for p in named}))
    said = ", ".join(f"{p.feature} of {p.attribute} {p.value} {p.auc:.2f}" for p in named[:6])
    return [
        *gaps,
        Row(
            "Ola: features that tell a group", (telling,), "features", None,
            higher_is_better=False, note=said or "none",
        ),
    ]  # fmt: skip
