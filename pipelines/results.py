"""What each step reported: one JSON file per name and key, for run.json and `tripo status`."""

from typing import Any

from pipelines.context import Context
from pipelines.step import read_json, write_json

FOLDER = "results"


def record(ctx: Context, name: str, key: str, result: dict[str, Any]) -> str:
    """Keep the result of step ``name`` for ``key``; its path. Writing again replaces it."""
    return str(write_json(ctx.home / FOLDER / name / f"{key}.json", result))


def read(ctx: Context, name: str, key: str) -> dict[str, Any] | None:
    """What step ``name`` last reported for ``key``; None if it never ran."""
    return read_json(ctx.home / FOLDER / name / f"{key}.json")
