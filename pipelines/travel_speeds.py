"""Learn driving speeds by zone and hour from real trips in the lake, and keep them for matching."""

from pathlib import Path

from models.premium.speeds import Speeds, fit, judge
from pipelines.context import Context
from pipelines.datasets.real_months import split
from pipelines.step import read_json, write_json


def build(ctx: Context) -> dict[str, float]:
    """Fit on the first month but its last days, judge on the second; what `judge` tells.

    PartitionMissing names the days that were not imported.
    """
    parts, _, _ = split(ctx)
    speeds = fit(parts["train"], ctx.params.matching)
    told = judge(speeds, parts["test"], ctx.params.matching)
    path = _path(ctx)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, speeds.as_json())
    return told


def fitted(ctx: Context) -> Speeds | None:
    """What `build` learned; None before it ran."""
    told = read_json(_path(ctx))
    return None if told is None else Speeds.of_json(told)


def _path(ctx: Context) -> Path:
    return ctx.home / "premium" / "travel_speeds.json"
