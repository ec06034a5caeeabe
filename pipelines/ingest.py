"""What the source systems delivered passes the gate into the lake.

A landing day becomes the lake partition of the same day, whatever times its rows carry: a late row
is filed under the day that brought it. The run that covers the first day with orders also loads
the aggregates that were delivered for the days before it. What the lake has of earlier days says
which zones and keys are known; it is an input like the deliveries, so that a day which was ingested
before an earlier one is made anew by its next run.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from core.errors import BadInput, DataRejected, PartitionMissing, TripoError
from core.partition import day_of, days_of, midnight
from core.schema import ASSETS, asset_schema
from pipelines.context import Context
from pipelines.gate import Delivery, Split, split_all
from pipelines.gate_once import days_before, keys_before
from pipelines.gate_rules import Rule, rules_of, sources
from pipelines.gate_zones import (
    KNOWN_ZONES,
    MARKET_HOURS,
    zones_of_lake,
    zones_of_whole_days,
)
from pipelines.real_data import ingest_real
from pipelines.step import files_digest, run_step

Counts = dict[str, Any]


def ingest(key: str, ctx: Context) -> dict[str, Any]:
    """Gate every delivery of the key's days, and the real data that settings name, into the lake.

    Returns ``{"assets": {name: {rows_in, rows_out, quarantined, source}}, "missing": kinds}``: the
    kinds of real data that the named folder does not have. An asset that was ingested from the
    same bytes with the same rules is not touched.

    Raises
    ------
    PartitionMissing
        If nothing was delivered for one of the days.
    DataRejected, SchemaMismatch, BadInput
        If an asset is refused: nothing of it is written; every other asset is.
    """
    days = _delivered(key, ctx)
    zones = zones_of(days_of(key), ctx)
    counts: dict[str, Counts] = {}
    errors: list[TripoError] = []
    for asset, its_days in days.items():
        try:
            counts[asset] = _asset(asset, key, its_days, zones, ctx)
        except (BadInput, DataRejected) as error:
            errors.append(error)
    if errors:
        raise type(errors[0])("\n".join(map(str, errors)))
    real, missing = ingest_real(ctx)
    return {"assets": counts | real, "missing": missing}


def validate(asset: str, key: str, ctx: Context) -> dict[str, Any]:
    """What the gate says of the deliveries of one asset; nothing is written.

    Returns rows_in, rows_out, quarantined, and the rows by first broken rule.
    """
    asset_schema(asset)
    days = days_of(key)
    zones = zones_of(days, ctx)
    before = days_before(ctx.lake, asset, map(str, days), rules(asset, ctx))
    splits = _split(asset, days, zones, before, ctx, (1.0, 1.0))
    broken = pa.concat_tables([s.bad.select(["rule"]) for s in splits])
    counted = broken.group_by("rule").aggregate([("rule", "count")]).sort_by("rule").to_pylist()
    return {
        "asset": asset,
        "key": key,
        **_total(split.counts for split in splits),
        "accepted": _accepted(splits, *_tolerated(ctx)),
        "rules": {row["rule"]: row["rule_count"] for row in counted},
    }


def _delivered(key: str, ctx: Context) -> dict[str, list[date]]:
    """The days to ingest of every asset, oldest first."""
    days = days_of(key)
    missing = [str(day) for day in days if not ctx.landing.assets(day)]
    if missing:
        raise PartitionMissing(
            f"expected deliveries for {key} in {ctx.landing.root}; nothing was delivered for "
            f"{', '.join(missing)}. Run `tripo data simulate` or deliver them first."
        )
    wanted = {str(day) for day in days}
    first = min(ctx.landing.days("orders"), default=None)
    unknown = {a for day in days for a in ctx.landing.assets(day)} - set(ASSETS)
    if unknown:
        raise BadInput(f"{key}: expected deliveries of {sorted(ASSETS)}, got {sorted(unknown)}")
    found = {}
    for asset in ASSETS:
        its = ctx.landing.days(asset)
        before = [day for day in its if first in wanted and day < str(first)]
        chosen = sorted({*before, *(day for day in its if day in wanted)})
        if chosen:
            found[asset] = [day_of(day) for day in chosen]
    return found


def _asset(asset: str, key: str, days: list[date], zones: list[str], ctx: Context) -> Counts:
    """Ingest the days of one asset unless that was done before from the same bytes."""
    before = days_before(ctx.lake, asset, map(str, days), rules(asset, ctx))

    def work() -> dict[str, Any]:
        splits = _split(asset, days, zones, before, ctx, _tolerated(ctx))
        for split in splits:
            ctx.lake.quarantine(asset, split.key, split.bad)
            ctx.lake.write(asset, split.key, split.good)
        return _total(split.counts for split in splits)

    landed = [ctx.landing.path(day, asset) for day in days]
    done = run_step(
        ctx.home / "ingest" / asset / key,
        modules=["pipelines.ingest"],
        inputs={
            "landing": files_digest(landed),
            "before": files_digest(ctx.lake.paths(asset, before)),
            "rules": files_digest(sources(asset)),
        },
        params={"days": days, "zones": zones, "gate": ctx.params.gate.model_dump()},
        work=work,
        present=lambda: all(ctx.lake.has(asset, day) for day in days),
    )
    return {**done.result, "source": "simulated"}


def _tolerated(ctx: Context) -> tuple[float, float]:
    """The share of bad rows that is tolerated of all, and of one day."""
    return ctx.params.gate.tolerated_share, ctx.params.gate.tolerated_day_share


def _accepted(splits: Iterable[Split], of_all: float, of_day: float) -> bool:
    counts = [split.counts for split in splits]
    total = _total(counts)
    return total["quarantined"] <= of_all * total["rows_in"] and all(
        c["quarantined"] <= of_day * c["rows_in"] for c in counts
    )


def _split(
    asset: str,
    days: Iterable[date],
    zones: list[str],
    before: list[str],
    ctx: Context,
    tolerated: tuple[float, float],
) -> list[Split]:
    ours = rules(asset, ctx)
    deliveries = [
        Delivery(str(day), midnight(day + timedelta(days=1)), read_landing(day, asset, ctx))
        for day in days
    ]
    of_all, of_day = tolerated
    return split_all(
        deliveries,
        asset_schema(asset),
        ours,
        of_all,
        tolerated_day=of_day,
        known={KNOWN_ZONES: zones} if zones else {},
        earlier=keys_before(ctx.lake, asset, before, ours),
    )


def rules(asset: str, ctx: Context) -> list[Rule]:
    """The compiled rules of an asset, kept in the platform's home."""
    return rules_of(asset, ctx.home / "gate")


def read_landing(day: date, asset: str, ctx: Context) -> pa.Table:
    """One delivery; BadInput if the file is no readable Parquet."""
    try:
        return ctx.landing.read(day, asset)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(
            f"{ctx.landing.path(day, asset)}: expected a whole Parquet file, got: {error}. "
            "Deliver it again under another TRIPO_HOME; landing is never changed."
        ) from None


def zones_of(days: Iterable[date], ctx: Context) -> list[str]:
    """The zones the city has by these days: of the lake's days before them, and those that a
    delivery lists in all 24 hours."""
    ours = sorted(days)
    there = (day for day in ours if ctx.landing.path(day, MARKET_HOURS).exists())
    whole = zones_of_whole_days(read_landing(day, MARKET_HOURS, ctx) for day in there)
    return sorted(whole | zones_of_lake(ctx.lake, before=str(ours[0])))


def _total(counts: Iterable[Counts]) -> dict[str, int]:
    total = {"rows_in": 0, "rows_out": 0, "quarantined": 0}
    for one in counts:
        total = {name: total[name] + number for name, number in one.items()}
    return total
