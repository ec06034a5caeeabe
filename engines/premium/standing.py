"""Where a driver stands after many nights: a bad night warns, bad nights propose, people decide.

Source
------
docs/domain.md, section 4.1, last paragraph.
"""

from datetime import date

import pandas as pd

from core.enums import DriverTier
from core.params.tabular import DriverQualificationParams

NOT_QUALIFIED, QUALIFIED, WARNING, PROPOSED, LAPSED = (
    "NOT_QUALIFIED", "QUALIFIED", "WARNING", "SUSPENSION_PROPOSED", "LAPSED",
)  # fmt: skip


def standing(
    evaluations: pd.DataFrame, day: date, params: DriverQualificationParams
) -> pd.DataFrame:
    """Status of every driver evaluated in the ``lapse_days`` that end with ``day``.

    ``evaluations`` has driver_id, evaluated_on, qualified, tier, quality_score. Returns one row a
    driver: driver_id, status, tier, quality_score, nights_below_standard, qualified_since,
    evaluated_on. A tier is kept through warnings and proposals, until a person decides; who was
    evaluated before but not in the last ``lapse_days`` has lapsed.
    """
    past = evaluations[pd.to_datetime(evaluations["evaluated_on"]) <= pd.Timestamp(day)]
    past = past.sort_values(["driver_id", "evaluated_on"], ignore_index=True)
    fine = past["qualified"].astype(bool)
    driver = past["driver_id"]
    last = past.groupby("driver_id").tail(1).set_index("driver_id")
    # nights after the last good one; all of them where there was none
    since_good = (~fine).astype(int).groupby([driver, fine.groupby(driver).cumsum()]).sum()
    below = since_good.groupby(level=0).last()
    good = past[fine].groupby("driver_id")
    kept = good["tier"].last().reindex(last.index)
    status = pd.Series(QUALIFIED, index=last.index)
    status = status.mask(below >= params.warning_nights, WARNING)
    status = status.mask(below >= params.suspension_nights, PROPOSED)
    status = status.mask(kept.isna(), NOT_QUALIFIED)
    age = (pd.Timestamp(day) - pd.to_datetime(last["evaluated_on"])).dt.days
    status = status.mask(age >= params.lapse_days, LAPSED)
    stands = ~status.isin([NOT_QUALIFIED, LAPSED])
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
