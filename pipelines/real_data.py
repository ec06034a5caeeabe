"""Real data through the gate into the lake: public sets by kind, and one's own files.

Trips of public sets get lake assets of their own (``orders_nyc_green``), so that the KPIs of the
city stay clean; texts are ``text_<kind>``. One's own files fill the assets of the contract.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import BadInput, PartitionImmutable
from core.partition import midnight
from core.schema import ASSETS, AssetSchema
from pipelines.context import Context
from pipelines.gate import Delivery, Split, split_all
from pipelines.gate_rules import Rule, rules_of, schema_rules, sources
from pipelines.importers.base import Batch, Importer, Options
from pipelines.step import files_digest, run_step
from store.lake import conform

KINDS = (
    "nyc_green",
    "nyc_hvfhv",
    "chicago_taxi",
    "tlc_driver_applications",
    "ola_driver_months",
    "clinc150",
    "banking77",
    "sgd_user_turns",
    "airline_tweets",
)
Counts = dict[str, dict[str, Any]]


def importer(kind: str) -> Importer:
    """The importer of a kind of public data; BadInput names all there are."""
    if kind not in KINDS:
        raise BadInput(
            f"expected a kind of public data ({', '.join(KINDS)}) or an asset for files in "
            f"canonical columns ({', '.join(ASSETS)}), got {kind!r}"
        )
    found: Importer = import_module(f"pipelines.importers.{kind}").IMPORTER
    return found


def about(kind: str) -> str:
    """What an importer maps, derives and leaves NULL."""
    if kind in ASSETS:
        from pipelines.importers.canonical import ABOUT

        return ABOUT
    return importer(kind).about


def import_file(kind: str, path: Path, ctx: Context, day: date | None = None) -> Counts:
    """Import a file, or a folder of files, whole or not at all.

    ``kind`` is a kind of public data, or an asset's name for files in canonical columns; ``day``
    is the day of a snapshot. Returns rows_in, rows_out, quarantined for every lake asset.

    Raises
    ------
    BadInput, SchemaMismatch
        If the file is missing, malformed, or has other columns.
    DataRejected
        If too much of it breaks the contract; nothing is written.
    PartitionImmutable
        If an own file holds a day that the simulated city has delivered.
    """
    if kind in ASSETS:
        from pipelines.importers.canonical import read

        batches = list(read(kind, path, day))
        _require_free(kind, batches, ctx)
        return _write(batches, ctx.params.gate.tolerated_share, ctx)[0]
    options = Options(ctx.params.pricing.driver_share)
    batches = list(importer(kind).read(path, options))
    return _write(batches, ctx.params.gate.tolerated_real[kind], ctx)[0]


def ingest_real(ctx: Context) -> Counts:
    """Import every kind of public data that lies in the data folder; BadInput if none does.

    A kind is skipped when the same bytes were imported by the same code before.
    """
    data = ctx.settings.data
    if data is None:
        return {}
    found = {kind: data / importer(kind).found for kind in KINDS}
    there = {kind: path for kind, path in found.items() if path.exists()}
    if not there:
        raise BadInput(
            f"TRIPO_DATA is {data}; expected one of "
            f"{', '.join(str(path.relative_to(data)) for path in found.values())} in it"
        )
    counts: Counts = {}
    for kind, path in there.items():
        counts |= _import_once(kind, path, ctx)
    return counts


def _import_once(kind: str, path: Path, ctx: Context) -> Counts:
    output = ctx.home / "ingest" / "real" / kind
    options = Options(ctx.params.pricing.driver_share)
    tolerated = ctx.params.gate.tolerated_real[kind]

    def work() -> dict[str, Any]:
        counts, keys = _write(list(importer(kind).read(path, options)), tolerated, ctx)
        return {"assets": counts, "keys": keys}

    def present() -> bool:
        meta = output.with_name(f"{output.name}.meta.json")
        keys = json.loads(meta.read_text())["result"]["keys"] if meta.exists() else {}
        return all(ctx.lake.has(asset, key) for asset in keys for key in keys[asset])

    files = [path] if path.is_file() else sorted(path.glob("*.parquet"))
    suites = {p for asset in ("orders", "trips", "payments") for p in sources(asset)}
    done = run_step(
        output,
        modules=["pipelines.real_data", f"pipelines.importers.{kind}"],
        inputs={"files": files_digest(files), "rules": files_digest(suites)},
        params={"driver_share": options.driver_share, "tolerated": tolerated},
        work=work,
        present=present,
    )
    return dict(done.result["assets"])


def _write(
    batches: Iterable[Batch], tolerated: float, ctx: Context
) -> tuple[Counts, dict[str, list[str]]]:
    """Gate all assets of an import, then write them; the counts, and the keys written."""
    by_asset: dict[str, list[Batch]] = {}
    for batch in batches:
        by_asset.setdefault(batch.asset, []).append(batch)
    found = found_at(ctx)
    split = {
        asset: split_all(
            [Delivery(b.key, found, b.table, b.refused) for b in its],
            its[0].schema,
            _rules(its[0].schema, ctx),
            tolerated,
            asset=asset,
        )
        for asset, its in by_asset.items()
    }
    counts: Counts = {}
    keys: dict[str, list[str]] = {}
    for asset, parts in split.items():
        keys[asset] = _write_asset(asset, by_asset[asset][0].schema, parts, ctx)
        totals = {name: sum(part.counts[name] for part in parts) for name in parts[0].counts}
        counts[asset] = {**totals, "source": "real"}
    return counts, keys


def _write_asset(asset: str, schema: AssetSchema, parts: list[Split], ctx: Context) -> list[str]:
    """Write quarantine and good rows of each partition; keys without a good row are not made."""
    written = []
    for part in parts:
        ctx.lake.quarantine(asset, part.key, part.bad)
        if part.good.num_rows:
            ctx.lake.write_free(asset, part.key, conform(part.good, schema))
            written.append(part.key)
    return written


def found_at(ctx: Context) -> datetime:
    """When an import finds bad rows: the end of the platform's last day, never the clock."""
    return midnight(ctx.params.simulator.last_day + timedelta(days=1))


def _rules(schema: AssetSchema, ctx: Context) -> list[Rule]:
    known = schema.name in ASSETS
    return rules_of(schema.name, ctx.home / "gate") if known else schema_rules(schema)


def _require_free(asset: str, batches: Iterable[Batch], ctx: Context) -> None:
    taken = [b.key for b in batches if ctx.landing.path(b.key, asset).exists()]
    if taken:
        raise PartitionImmutable(
            f"{asset}: expected days that nobody delivered, but the simulated city delivered "
            f"{', '.join(taken)}; set another TRIPO_HOME for your own data"
        )
