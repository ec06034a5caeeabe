"""Where a driver stands after many nights: bad nights warn, more propose, people decide.

Source
------
docs/domain.md, section 4.1, last paragraph.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from core.enums import DriverTier
from core.params.tabular import DriverQualificationParams

NOT_QUALIFIED, QUALIFIED, WARNING, PROPOSED, SUSPENDED, LAPSED = (
    "NOT_QUALIFIED", "QUALIFIED", "WARNING", "SUSPENSION_PROPOSED", "SUSPENDED", "LAPSED",
)  # fmt: skip

Decisions = Sequence[Mapping[str, Any]]
"""What people decided, oldest first: driver_id, on (a day), suspended; not suspended is cleared."""


def in_force(decisions: Decisions, day: date) -> frozenset[str]:
    """Who is suspended at the end of ``day``: the last decision on a driver holds."""
    last = {d["driver_id"]: d["suspended"] for d in decisions if d["on"] <= day}
    return frozenset(driver for driver, suspended in last.items() if suspended)


def standing(
    evaluations: pd.DataFrame,
    day: date,
    params: DriverQualificationParams,
    decisions: Decisions = (),
) -> pd.DataFrame:
    """Status of every driver evaluated in the ``lapse_days`` that end with ``day``.

    ``evaluations`` has driver_id, evaluated_on, qualified, tier, quality_score. Returns one row a
    driver: driver_id, status, tier, quality_score, nights_below_standard, qualified_since,
    evaluated_on. A tier is kept through warnings and proposals, until a person decides; nights
    before the day on which one cleared a driver do not count. Decisions after ``day`` hold too, so
    that a night that runs again does not undo them. Who was evaluated before but not in the last
    ``lapse_days`` has lapsed.
    """
    past = evaluations[pd.to_datetime(evaluations["evaluated_on"]) <= pd.Timestamp(day)]
    past = past.sort_values(["driver_id", "evaluated_on"], ignore_index=True)
    fine = past["qualified"].astype(bool)
    driver = past["driver_id"]
    last = past.groupby("driver_id").tail(1).set_index("driver_id")
    cleared = {d["driver_id"]: pd.Timestamp(d["on"]) for d in decisions if not d["suspended"]}
    counts = ~(pd.to_datetime(past["evaluated_on"]) < pd.to_datetime(driver.map(cleared)))
    # nights after the last good one; all of them where there was none
    bad = (~fine & counts).astype(int)
    since_good = bad.groupby([driver, fine.groupby(driver).cumsum()]).sum()
    below = since_good.groupby(level=0).last()
    good = past[fine].groupby("driver_id")
    kept = good["tier"].last().reindex(last.index)
    status = pd.Series(QUALIFIED, index=last.index)
    status = status.mask(below >= params.warning_nights, WARNING)
    status = status.mask(below >= params.suspension_nights, PROPOSED)
    status = status.mask(kept.isna(), NOT_QUALIFIED)
    status = status.mask(status.index.isin(in_force(decisions, date.max)), SUSPENDED)
    age = (pd.Timestamp(day) - pd.to_datetime(last["evaluated_on"])).dt.days
    status = status.mask(age >= params.lapse_days, LAPSED)
    stands = ~status.isin([NOT_QUALIFIED, SUSPENDED, LAPSED])
    return pd.DataFrame(
        {
            "status": status,
            "tier": kept.where(stands).fillna(DriverTier.NONE.value),
            "quality_score": last["quality_score"],
            "nights_below_standard": below.where(kept.notna(), 0).astype(int),
            "qualified_since": _since(past, fine).reindex(last.index).where(stands),
            "evaluated_on": last["evaluated_on"],
        }
    ).reset_index()


def _since(past: pd.DataFrame, fine: pd.Series) -> pd.Series:
    """The first good night after the last bad one; of those below the standard, the last run's."""
    driver = past["driver_id"]
    run = (fine != fine.groupby(driver).shift(fill_value=False)).groupby(driver).cumsum()
    runs = past[fine].assign(run=run[fine])
    newest = runs[runs["run"] == runs.groupby("driver_id")["run"].transform("max")]
    return newest.groupby("driver_id")["evaluated_on"].first()
