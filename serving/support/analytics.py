"""Endpoints of analytics: nightly performance, intents, marks, gaps, service levels, savings."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from sqlalchemy.engine import Row

from core.enums import Priority
from engines.support.gaps import gaps
from serving.api.callers import Admin, Found, Staff
from serving.api.days import Days
from serving.api.problems import documented
from serving.schemas import Closed
from store import analytics
from store.db import read
from store.tables.ai_performance import SliceDimension

router = APIRouter(
    prefix="/analytics", tags=["analytics"], responses=documented(401, 403, 422, 429, 503)
)
MOST_QUESTIONS = 2000
MOST_GAPS = 50


class Format(StrEnum):
    """How a report comes."""

    JSON = "json"
    CSV = "csv"


As = Annotated[Format, Query(alias="format")]
Report = list[dict[str, Any]]
BOTH: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}


@router.get("/performance", response_model=Report, responses=BOTH)
def performance(
    days: Days,
    _who: Staff,
    found: Found,
    by: SliceDimension | None = None,
    form: As = Format.JSON,
) -> Any:
    """AIPerformanceMetrics as the nightly run left them, a row a day (and value of a slice)."""
    if by is None:
        rows = read(found.engine, lambda c: analytics.performance(c, days.first, days.last))
    else:
        rows = read(found.engine, lambda c: analytics.slices(c, days.first, days.last, by))
    return as_format(form, [dict(row._mapping) for row in rows])


@router.get("/intents", response_model=Report, responses=BOTH)
def intents(days: Days, _who: Staff, found: Found, form: As = Format.JSON) -> Any:
    """Conversations of each intent: how many, escalated, resolved, reopened."""
    rows = read(found.engine, lambda c: analytics.intents(c, days.first, days.last))
    return as_format(form, [dict(row._mapping) for row in rows])


@router.get("/feedback", response_model=Report, responses=BOTH)
def feedback(days: Days, _who: Staff, found: Found, form: As = Format.JSON) -> Any:
    """What users said of the answers, by intent."""
    rows = read(found.engine, lambda c: analytics.feedback(c, days.first, days.last))
    return as_format(form, [dict(row._mapping) for row in rows])


class GapOut(Closed):
    """Questions of one meaning that nothing answered."""

    example: str
    count: int
    questions: list[str]


@router.get("/gaps")
def list_gaps(days: Days, _who: Staff, found: Found) -> list[GapOut]:
    """What the knowledge base lacks: unanswered questions by meaning, the largest group first."""
    rows = read(
        found.engine, lambda c: analytics.unanswered(c, days.first, days.last, MOST_QUESTIONS)
    )
    clusters = gaps(found.support().encoder, [row.content for row in rows])
    return [
        GapOut(example=gap.example, count=len(gap.questions), questions=list(gap.questions[:20]))
        for gap in clusters[:MOST_GAPS]
    ]


class LevelOut(Closed):
    """How often people were in time for one priority; shares are empty where nothing is due."""

    priority: Priority
    escalated: int
    first_response_minutes: int
    resolution_minutes: int
    first_response_share: float | None
    resolution_share: float | None


@router.get("/sla")
def service_levels(days: Days, _who: Staff, found: Found) -> list[LevelOut]:
    """Escalated conversations against their targets, by priority; one that waits counts as late
    once its time is over."""
    rows = read(found.engine, lambda c: analytics.escalated(c, days.first, days.last))
    by_priority: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_priority[row.priority].append(row)
    targets = found.params.ai_performance.sla_minutes
    now = found.clock()
    levels = []
    for priority in reversed(Priority):
        first, whole = targets[priority]
        mine = by_priority[priority]
        levels.append(
            LevelOut(
                priority=priority,
                escalated=len(mine),
                first_response_minutes=first,
                resolution_minutes=whole,
                first_response_share=_in_time(mine, "first_agent_reply_at", first, now),
                resolution_share=_in_time(mine, "resolved_at", whole, now),
            )
        )
    return levels


def _in_time(rows: Iterable[Row[Any]], moment: str, minutes: int, now: Any) -> float | None:
    allowed = timedelta(minutes=minutes)
    judged = []
    for row in rows:
        done = getattr(row, moment)
        if done is not None or now - row.escalated_at > allowed:
            judged.append(done is not None and done - row.escalated_at <= allowed)
    return sum(judged) / len(judged) if judged else None


class SavingsOut(Closed):
    """What conversations cost, and would have cost with people alone."""

    conversations: int
    human_handled: int
    cost_cents: int
    savings_cents: int


@router.get("/savings")
def savings(days: Days, _who: Admin, found: Found) -> SavingsOut:
    """The cost of the conversations of these days (docs/domain.md, section 3)."""
    total, human = read(found.engine, lambda c: analytics.handled(c, days.first, days.last))
    params = found.params.ai_performance
    cost = params.cost_ai_cents * (total - human) + params.cost_human_cents * human
    return SavingsOut(
        conversations=total,
        human_handled=human,
        cost_cents=cost,
        savings_cents=params.cost_human_cents * total - cost,
    )


def as_format(form: Format, rows: list[dict[str, Any]]) -> Any:
    """Rows as the caller wants them."""
    return rows if form == Format.JSON else PlainTextResponse(_csv(rows), media_type="text/csv")


def _csv(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(_safe(row) for row in rows)
    return text.getvalue()


def _safe(row: Mapping[str, Any]) -> dict[str, Any]:
    """No cell that a spreadsheet would take for a formula."""
    risky = ("=", "+", "@", "\t", "\r")
    return {
        name: f"'{value}" if isinstance(value, str) and value.startswith(risky) else value
        for name, value in row.items()
    }
