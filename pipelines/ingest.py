"""What the source systems delivered passes the gate into the lake.

A landing day becomes the lake partition of the same day, whatever times its rows carry: a late row
is filed under the day that brought it. The run that covers the first day with orders also loads
the aggregates that were delivered for the days before it.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import BadInput, DataRejected, PartitionMissing, TripoError
from core.partition import day_of, days_of, midnight
from core.schema import ASSETS, asset_schema
from pipelines.context import Context
from pipelines.gate import Delivery, Split, split_all
from pipelines.gate_rules import Rule, rules_of, sources
from pipelines.real_data import ingest_real
from pipelines.step import files_digest, run_step

KNOWN_ZONES = "known_zones"
Counts = dict[str, Any]


def ingest(key: str, ctx: Context) -> dict[str, Any]:
    """Gate every delivery of the key's days, and the real data that settings name, into the lake.

    Returns ``{"assets": {name: {rows_in, rows_out, quarantined, source}}}``. An asset that was
    ingested from the same bytes with the same rules is not touched.

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
    return {"assets": counts | ingest_real(ctx)}


def validate(asset: str, key: str, ctx: Context) -> dict[str, Any]:
    """What the gate says of the deliveries of one asset; nothing is written.

    Returns rows_in, rows_out, quarantined, and the rows by first broken rule.
    """
    asset_schema(asset)
    days = days_of(key)
    zones = zones_of(days, ctx)
    splits = _split(asset, days, zones, ctx, tolerated=1.0)
    broken = pa.concat_tables([s.bad.select(["rule"]) for s in splits])
    rules = broken.group_by("rule").aggregate([("rule", "count")]).sort_by("rule").to_pylist()
    share = _total(splits)["quarantined"] / max(1, _total(splits)["rows_in"])
    return {
        "asset": asset,
        "key": key,
        **_total(splits),
        "accepted": share <= ctx.params.gate.tolerated_share,
        "rules": {row["rule"]: row["rule_count"] for row in rules},
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

    def work() -> dict[str, Any]:
        splits = _split(asset, days, zones, ctx, ctx.params.gate.tolerated_share)
        for split in splits:
            ctx.lake.quarantine(asset, split.key, split.bad)
            ctx.lake.write(asset, split.key, split.good)
        return _total(splits)

    landed = [ctx.landing.path(day, asset) for day in days]
    done = run_step(
        ctx.home / "ingest" / asset / key,
        modules=["pipelines.ingest"],
        inputs={"landing": files_digest(landed), "rules": files_digest(sources(asset))},
        params={"days": days, "zones": zones, "gate": ctx.params.gate.model_dump()},
        work=work,
        present=lambda: all(ctx.lake.has(asset, day) for day in days),
    )
    return {**done.result, "source": "simulated"}


def _split(
    asset: str, days: Iterable[date], zones: list[str], ctx: Context, tolerated: float
) -> list[Split]:
    known = {KNOWN_ZONES: zones} if zones else {}
    deliveries = [
        Delivery(str(day), midnight(day + timedelta(days=1)), read_landing(day, asset, ctx))
        for day in days
    ]
    return split_all(deliveries, asset_schema(asset), rules(asset, ctx), tolerated, known=known)


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
    """The zones the city has: those of its market hours, which list every zone in every hour."""
    there = (day for day in days if ctx.landing.path(day, "market_hours").exists())
    tables = [read_landing(day, "market_hours", ctx) for day in there]
    found: set[str] = set()
    for table in tables:
        if "zone_id" in table.column_names:
            found |= {str(z) for z in pc.unique(table.column("zone_id")).to_pylist() if z}
    return sorted(found)


def _total(splits: Iterable[Split]) -> dict[str, int]:
    total = {"rows_in": 0, "rows_out": 0, "quarantined": 0}
    for split in splits:
        total = {name: total[name] + number for name, number in split.counts.items()}
    return total
