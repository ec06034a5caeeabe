"""Partition keys: a run is about a UTC day (2026-11-21) or a range (2026-10-18..2026-11-21)."""

from datetime import UTC, date, datetime, timedelta

from core.errors import NotAPartition

RANGE = ".."


def day_of(key: str | None) -> date:
    """``"2026-11-21"`` -> that day.

    Raises
    ------
    NotAPartition
        For anything else, ``None`` included: that is what Airflow hands to a run started without
        a key, and pandas would read it as NaT and carry on.
    """
    try:
        parsed = datetime.strptime(key or "", "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise NotAPartition(f"expected a day like 2026-11-21, got {key!r}") from None
    if parsed.isoformat() != key:
        raise NotAPartition(f"expected a day like {parsed.isoformat()}, got {key!r}")
    return parsed


def days_of(key: str | None) -> list[date]:
    """Every day of a key, oldest first; a single day gives a list of one.

    Raises
    ------
    NotAPartition
        If the key is neither a day nor a range whose first day is not after its last.
    """
    if key is None or RANGE not in key:
        return [day_of(key)]
    first, _, last = key.partition(RANGE)
    start, end = day_of(first), day_of(last)
    if start > end:
        raise NotAPartition(f"expected a range that goes forward in time, got {key!r}")
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def range_key(first: date, last: date) -> str:
    """The key of a range of days; a single day when both ends are the same."""
    return first.isoformat() if first == last else f"{first.isoformat()}{RANGE}{last.isoformat()}"


def last_day(key: str | None) -> date:
    """The day a key's result is known at: its last one."""
    return days_of(key)[-1]


def window(last: date, days: int) -> list[date]:
    """The ``days`` days that end with ``last``, oldest first."""
    return [last - timedelta(days=n) for n in range(days - 1, -1, -1)]


def midnight(day: date) -> datetime:
    """00:00 UTC of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
