"""A range of days that a report is asked for."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Depends, Query

from core.errors import BadInput
from serving.schemas import LATEST, Closed

LONGEST_DAYS = 400


class Span(Closed):
    """A range of UTC days, both ends in it."""

    first: date
    last: date


def span(
    start_date: Annotated[date, Query(description="first day, UTC")],
    end_date: Annotated[date, Query(description="last day, UTC")],
) -> Span:
    """Both days; BadInput when they are the wrong way round or too far apart."""
    if not timedelta(0) <= end_date - start_date <= timedelta(days=LONGEST_DAYS):
        raise BadInput(
            f"expected start_date up to end_date and at most {LONGEST_DAYS} days, "
            f"got {start_date} to {end_date}"
        )
    if end_date > LATEST.date():
        raise BadInput(f"end_date: expected a day up to {LATEST.date()}, got {end_date}")
    return Span(first=start_date, last=end_date)


Days = Annotated[Span, Depends(span)]
