"""Reports that people read by the week and the month, out of the nightly rows."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter

from serving.api.callers import Found, Staff
from serving.api.days import Days
from serving.api.problems import documented
from serving.schemas import Closed
from serving.support.analytics import BOTH, As, Format, Report, as_format
from store import analytics
from store.db import read

router = APIRouter(
    prefix="/analytics/reports", tags=["analytics"], responses=documented(401, 403, 422, 429, 503)
)


class AutomationOut(Closed):
    """One ISO week; shares are of all its conversations, empty where there were none."""

    week: str
    days: int
    conversations: int
    containment: float | None
    automated_resolution: float | None
    escalated: float | None
    savings_cents: int


class SatisfactionOut(Closed):
    """One month: mean marks weighted by the conversations of each day."""

    month: str
    days: int
    conversations: int
    satisfaction: float | None
    satisfaction_ai: float | None
    satisfaction_human: float | None
    first_contact_resolution: float | None


@router.get("/automation", response_model=Report, responses=BOTH)
def automation(days: Days, _who: Staff, found: Found, form: As = Format.JSON) -> Any:
    """How much the assistant did alone, week by week."""
    rows = read(found.engine, lambda c: analytics.performance(c, days.first, days.last))
    weeks = [
        AutomationOut(
            week=week,
            days=len(mine),
            conversations=sum(row.total_conversations for row in mine),
            containment=_mean(mine, "automation_rate"),
            automated_resolution=_mean(mine, "automated_resolution_rate"),
            escalated=_mean(mine, "escalation_rate"),
            savings_cents=sum(row.savings_cents for row in mine),
        )
        for week, mine in _by(rows, lambda day: "{}-W{:02}".format(*day.isocalendar()[:2]))
    ]
    return as_format(form, [week.model_dump() for week in weeks])


@router.get("/satisfaction", response_model=Report, responses=BOTH)
def satisfaction(days: Days, _who: Staff, found: Found, form: As = Format.JSON) -> Any:
    """How content people were, month by month."""
    rows = read(found.engine, lambda c: analytics.performance(c, days.first, days.last))
    months = [
        SatisfactionOut(
            month=month,
            days=len(mine),
            conversations=sum(row.total_conversations for row in mine),
            satisfaction=_mean(mine, "user_satisfaction_score"),
            satisfaction_ai=_mean(mine, "user_satisfaction_score_ai"),
            satisfaction_human=_mean(mine, "user_satisfaction_score_human"),
            first_contact_resolution=_mean(mine, "first_contact_resolution_rate"),
        )
        for month, mine in _by(rows, lambda day: f"{day:%Y-%m}")
    ]
    return as_format(form, [month.model_dump() for month in months])


def _by(rows: Iterable[Any], name: Callable[[date], str]) -> list[tuple[str, list[Any]]]:
    """Rows of days by the name of their week or month, in order."""
    found = defaultdict(list)
    for row in rows:
        found[name(row.day)].append(row)
    return sorted(found.items())


def _mean(rows: Sequence[Any], column: str) -> float | None:
    """The mean of a column over conversations; days that have no value have no part in it."""
    known = [(getattr(row, column), row.total_conversations) for row in rows]
    known = [(value, weight) for value, weight in known if value is not None]
    weight = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / weight if weight else None
