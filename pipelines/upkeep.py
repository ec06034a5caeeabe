"""Nightly upkeep: a backup that was restored and compared, then retention in store and lake."""

from datetime import date
from typing import Any

from core.errors import ArtefactTampered
from core.partition import last_day
from pipelines.context import Context
from store import backup, retention


def upkeep(key: str, ctx: Context, today: date) -> dict[str, Any]:
    """Back up the store as it stands, check the copy, then remove what is past its retention.

    Retention counts back from the key's last day, never from the clock. The backup comes first: a
    wrong retention setting must not be able to lose a row for good. Running a key again checks the
    backup it has and removes what is past retention now; with unchanged data nothing changes.

    Returns
    -------
    ``backup`` (key, rows per table, taken or checked), ``removed_rows`` per table and
    ``removed_files`` per asset.

    Raises
    ------
    BadInput
        For a day after ``today``: counted back from there, too much would be past its retention.
    """
    day, params = last_day(key), ctx.params.upkeep
    retention.require_come(day, today)
    cut = retention.cutoffs(day, params.conversation_days, params.feedback_days, params.log_days)
    saved = _backed_up(day.isoformat(), ctx)
    return {
        "key": key,
        "backup": saved,
        "removed_rows": retention.clean_store(ctx.engine, day, cut),
        "removed_files": retention.clean_lake(ctx.lake, ctx.landing, cut),
    }


def _backed_up(day: str, ctx: Context) -> dict[str, Any]:
    """The day's backup: checked if it is there and whole, taken otherwise."""
    root = ctx.home / "backups"
    manifest, taken = None, False
    if day in backup.keys(root):
        try:
            manifest = backup.check(ctx.engine, root, day)
        except ArtefactTampered:
            manifest = None  # damaged since: take it again
    if manifest is None:
        manifest = backup.backup(ctx.engine, root, day, ctx.params.upkeep.backups_kept)
        taken = True
    rows = {table: found["rows"] for table, found in manifest["tables"].items()}
    return {"key": day, "taken": taken, "kept": len(backup.keys(root)), "rows": rows}
