"""Real data through the gate into the lake: public sets by kind, and one's own files.

Trips of public sets get lake assets of their own (``orders_nyc_green``), so that the KPIs of the
city stay clean; texts are ``text_<kind>``. One's own files fill the assets of the contract.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import BadInput, PartitionImmutable
from core.partition import days_of, midnight
from core.schema import ASSETS, AssetSchema
from pipelines.context import Context
from pipelines.gate import Delivery, Split, split_all
from pipelines.gate_once import days_before, keys_before
from pipelines.gate_rules import Rule, rules_of, schema_rules, sources
from pipelines.gate_zones import KNOWN_ZONES, MARKET_HOURS, zones_of_lake, zones_of_whole_days
from pipelines.importers.base import Batch, Importer, Options
from pipelines.step import files_digest, read_json, run_step
from store.lake import QUARANTINE, Lake, conform

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


@dataclass(frozen=True)
class Judged:
    """One lake asset of an import after the gate, before anything is written."""

    asset: str
    schema: AssetSchema
    parts: Sequence[Split]


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


def import_file(
    kind: str, path: Path, ctx: Context, day: date | None = None, *, replace: bool = False
) -> Counts:
    """Import a file, or a folder of files: all of it passes the gate, or nothing is written.

    ``kind`` is a kind of public data, or an asset's name for files in canonical columns; ``day``
    is the day of a snapshot. The same own file again changes nothing; other rows of a day that is
    there need ``replace``. Returns rows_in, rows_out, quarantined for every lake asset.

    Raises
    ------
    BadInput, SchemaMismatch
        If the file is missing, malformed, or has other columns.
    DataRejected
        If too much of it, or of one of its days, breaks the contract.
    PartitionImmutable
        If an own file holds a day that the simulated city has delivered, or that an earlier import
        filled with other rows.
    """
    if kind in ASSETS:
        from pipelines.importers.canonical import read

        batches = list(read(kind, path, day))
        _require_own(kind, [batch.key for batch in batches], ctx)
        own = _judge_own(kind, batches, ctx)
        if not replace:
            _require_same(own, ctx.lake)
        return _write([own], ctx)[0]
    options = Options(ctx.params.pricing.driver_share)
    batches = list(importer(kind).read(path, options))
    return _write(_judge(batches, ctx.params.gate.tolerated_real[kind], ctx), ctx)[0]


def take_back(asset: str, key: str, ctx: Context) -> int:
    """Remove days that an own file brought, with their quarantine; how many files went.

    Raises
    ------
    BadInput
        If there is no such asset, or nothing of these days in the lake.
    PartitionImmutable
        If the simulated city delivered one of the days.
    """
    if asset not in ASSETS:
        raise BadInput(f"expected one of {', '.join(ASSETS)}, got {asset!r}")
    days = [str(day) for day in days_of(key)]
    _require_own(asset, days, ctx)
    gone = sum(ctx.lake.remove(asset, day) for day in days)
    if not gone:
        raise BadInput(f"expected {asset} of {key} in the lake, there is none")
    return gone


def ingest_real(ctx: Context) -> tuple[Counts, list[str]]:
    """Import every kind of public data that lies in the data folder; the counts, and the kinds
    that do not lie there. BadInput if none does.

    A kind is skipped when the same bytes were imported by the same code before.
    """
    data = ctx.settings.data
    if data is None:
        return {}, []
    found = {kind: importer(kind).files_in(data) for kind in KINDS}
    if not any(found.values()):
        raise BadInput(
            f"TRIPO_DATA is {data}; expected one of "
            f"{', '.join(importer(kind).found for kind in KINDS)} in it"
        )
    counts: Counts = {}
    for kind in (kind for kind in KINDS if found[kind]):
        counts |= _import_once(kind, data / importer(kind).found, found[kind], ctx)
    return counts, [kind for kind in KINDS if not found[kind]]


def _import_once(kind: str, path: Path, files: list[Path], ctx: Context) -> Counts:
    output = ctx.home / "ingest" / "real" / kind
    options = Options(ctx.params.pricing.driver_share)
    tolerated = ctx.params.gate.tolerated_real[kind]

    def work() -> dict[str, Any]:
        judged = _judge(list(importer(kind).read(path, options)), tolerated, ctx)
        counts, keys = _write(judged, ctx)
        return {"assets": counts, "keys": keys}

    def present() -> bool:
        meta = read_json(output.with_name(f"{output.name}.meta.json"))
        keys = meta["result"]["keys"] if meta else {}
        return all(ctx.lake.has(asset, key) for asset in keys for key in keys[asset])

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


def _deliveries(batches: Iterable[Batch], ctx: Context) -> list[Delivery]:
    found = found_at(ctx)
    return [Delivery(b.key, found, b.table, b.refused) for b in batches]


def _judge(batches: Iterable[Batch], tolerated: float, ctx: Context) -> list[Judged]:
    """All assets of public data through the gate: what is wrong there stays wrong, on any day."""
    by_asset: dict[str, list[Batch]] = {}
    for batch in batches:
        by_asset.setdefault(batch.asset, []).append(batch)
    return [
        Judged(
            asset,
            its[0].schema,
            split_all(
                _deliveries(its, ctx),
                its[0].schema,
                _rules(its[0].schema, ctx),
                tolerated,
                asset=asset,
            ),
        )
        for asset, its in by_asset.items()
    ]


def _judge_own(asset: str, batches: list[Batch], ctx: Context) -> Judged:
    """An own file through the gate, as strictly as a delivery, beside what the lake knows."""
    schema, rules, gate = ASSETS[asset], _rules(ASSETS[asset], ctx), ctx.params.gate
    zones = zones_of_lake(ctx.lake)
    if asset == MARKET_HOURS:
        zones |= zones_of_whole_days(batch.table for batch in batches)
    before = days_before(ctx.lake, asset, [batch.key for batch in batches], rules)
    parts = split_all(
        _deliveries(batches, ctx),
        schema,
        rules,
        gate.tolerated_share,
        tolerated_day=gate.tolerated_day_share,
        known={KNOWN_ZONES: sorted(zones)} if zones else {},
        earlier=keys_before(ctx.lake, asset, before, rules),
    )
    return Judged(asset, schema, parts)


def _write(judged: Iterable[Judged], ctx: Context) -> tuple[Counts, dict[str, list[str]]]:
    """Write all assets of an import; the counts, and the keys that have rows now."""
    counts: Counts = {}
    keys: dict[str, list[str]] = {}
    for one in judged:
        keys[one.asset] = [part.key for part in one.parts if _write_part(one, part, ctx.lake)]
        each = [part.counts for part in one.parts]
        totals = {name: sum(count[name] for count in each) for name in each[0]}
        counts[one.asset] = {**totals, "source": "real"}
    return counts, keys


def _write_part(one: Judged, part: Split, lake: Lake) -> bool:
    """Write quarantine and good rows of a partition; without a good row there is none.

    What an earlier import wrote under the key goes: it would stay as what this one has refused.
    """
    if not part.good.num_rows:
        lake.remove(one.asset, part.key)
    lake.quarantine(one.asset, part.key, part.bad)
    if part.good.num_rows:
        lake.write_free(one.asset, part.key, conform(part.good, one.schema))
    return bool(part.good.num_rows)


def found_at(ctx: Context) -> datetime:
    """When an import finds bad rows: the end of the platform's last day, never the clock."""
    return midnight(ctx.params.simulator.last_day + timedelta(days=1))


def _rules(schema: AssetSchema, ctx: Context) -> list[Rule]:
    known = schema.name in ASSETS
    return rules_of(schema.name, ctx.home / "gate") if known else schema_rules(schema)


def _require_own(asset: str, keys: Iterable[str], ctx: Context) -> None:
    taken = [key for key in keys if ctx.landing.path(key, asset).exists()]
    if taken:
        raise PartitionImmutable(
            f"{asset}: expected days that nobody delivered, but the simulated city delivered "
            f"{', '.join(taken)}; set another TRIPO_HOME for your own data"
        )


def _require_same(own: Judged, lake: Lake) -> None:
    """Raise PartitionImmutable if the lake has one of the partitions with other rows."""
    other = [part.key for part in own.parts if not _same(own, part, lake)]
    if other:
        raise PartitionImmutable(
            f"{own.asset}: expected days that are not in the lake yet, or the same rows again, but "
            f"{', '.join(other)} came before with other rows; nothing was written. Give --replace "
            "to put this file's rows in their place, or one file with all rows of a day."
        )


def _same(own: Judged, part: Split, lake: Lake) -> bool:
    """Whether a partition is new, or in the lake as it is, quarantine included."""
    refused = f"{QUARANTINE}/{own.asset}"
    if not lake.has(own.asset, part.key) and not lake.has(refused, part.key):
        return True
    pairs = ((own.asset, conform(part.good, own.schema)), (refused, part.bad))
    for asset, rows in pairs:
        names = [name for name in rows.column_names if name != "found_at"]
        there = rows.slice(0, 0)
        if lake.has(asset, part.key):
            there = lake.read(asset, [part.key])
        if not there.select(names).equals(rows.select(names)):
            return False
    return True
