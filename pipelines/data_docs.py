"""Data Docs: what was expected of every asset and what came, as pages a person can open.

Great Expectations validates a sample of the last day as it was delivered, so that broken rows are
seen; whole deliveries are judged by the gate, with the same suites.
"""

import shutil
import warnings
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import PartitionMissing, TripoError
from core.partition import last_day, midnight
from core.schema import ASSETS
from pipelines.context import Context
from pipelines.data_docs_pages import INDEX, Verdict, make_local, write_index
from pipelines.gate_rules import great_expectations, load_suite, sources
from pipelines.gate_sql import take
from pipelines.gate_zones import KNOWN_ZONES
from pipelines.ingest import zones_of
from pipelines.real_data import KINDS
from pipelines.step import file_digest, files_digest, run_step

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite, ValidationDefinition
    from great_expectations.data_context import EphemeralDataContext

SITE, MADE = "data_docs", "data_docs_made"
Samples = dict[str, tuple[str, Path]]
"""Asset -> the contract it is held against, and the file of which some rows are shown."""


def publish(key: str, ctx: Context) -> dict[str, Any]:
    """Validate a sample of every asset at the last day of ``key`` and render the pages.

    Returns ``{"index": path, "assets": {name: {rows, expectations, met}}}``. Pages that were made
    from the same files and rules are left as they are.

    Raises
    ------
    PartitionMissing
        If nothing was delivered up to that day.
    """
    day = last_day(key)
    samples = _delivered(day, ctx) | _real(ctx)
    if not samples:
        raise PartitionMissing(f"expected deliveries up to {day}; run the ingest DAG first")
    zones = zones_of([day], ctx)
    rules = {path for asset in ASSETS for path in sources(asset)}
    done = run_step(
        ctx.home / MADE / str(day),
        modules=[__name__],
        inputs={
            "rules": files_digest(rules),
            **{asset: file_digest(path) for asset, (_, path) in samples.items()},
        },
        params={"zones": zones, "rows": ctx.params.gate.docs_sample_rows},
        work=lambda: _publish(day, samples, zones, ctx),
        present=lambda: (ctx.home / SITE / INDEX).exists(),
    )
    return done.result


def _publish(day: date, samples: Samples, zones: list[str], ctx: Context) -> dict[str, Any]:
    # in memory: a context of files writes its whole configuration anew for every object
    context = great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    site = ctx.home / SITE
    with TemporaryDirectory(prefix="docs.", dir=ctx.home) as folder:
        _set_site(context, Path(folder))
        verdicts, pages = [], []
        for asset, (contract, path) in samples.items():
            suite = _suite(asset, contract, bool(zones))
            rows = _sample(pq.read_table(path), ctx.params.gate.docs_sample_rows)
            verdict, its_pages = _validate(context, suite, rows, zones, day)
            verdicts.append(verdict)
            pages += its_pages
        # all pages at once: each time it is asked, GX writes its index again
        context.build_data_docs(site_names=[SITE], resource_identifiers=pages)
        make_local(Path(folder))
        # GX takes away the pages of days that this context has not seen: its pages are added
        shutil.copytree(folder, site, dirs_exist_ok=True)
    seen = ("rows", "expectations", "met")
    return {
        "index": str(write_index(site, str(day), verdicts)),
        "assets": {v.asset: {name: getattr(v, name) for name in seen} for v in verdicts},
    }


def _validate(
    context: "EphemeralDataContext",
    suite: "ExpectationSuite",
    rows: pa.Table,
    zones: list[str],
    day: date,
) -> tuple[Verdict, list[Any]]:
    """What GX says of some rows, and the pages to render for it."""
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    run = RunIdentifier(run_name=str(day), run_time=midnight(day + timedelta(days=1)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GX uses what pandas is about to change
        found = _definition(context, suite).run(
            batch_parameters={"dataframe": rows.to_pandas()},
            expectation_parameters={KNOWN_ZONES: zones},
            result_format="SUMMARY",
            run_id=run,
        )
    _require_evaluated(suite.name, found.results)
    name = ExpectationSuiteIdentifier(suite.name)
    page = ValidationResultIdentifier(name, run, f"{suite.name}-sample")
    verdict = Verdict(
        suite.name,
        "/".join(("validations", *page.to_tuple())) + ".html",
        rows.num_rows,
        found.statistics["evaluated_expectations"],
        found.statistics["successful_expectations"],
    )
    return verdict, [name, page]


def _require_evaluated(asset: str, results: Iterable[Any]) -> None:
    """Raise if GX could not evaluate an expectation: it would look like broken data."""
    failed = [r for r in results if not r.success and not r.result]
    if failed:
        names = ", ".join(r.expectation_config.type for r in failed)
        raise TripoError(f"{asset}: could not evaluate {names}: {failed[0].exception_info}")


def _delivered(day: date, ctx: Context) -> Samples:
    """The last delivery of every asset up to a day, as it came."""
    found = {}
    for asset in ASSETS:
        days = [d for d in ctx.landing.days(asset) if d <= str(day)]
        if days:
            found[asset] = (asset, ctx.landing.path(days[-1], asset))
    return found


def _real(ctx: Context) -> Samples:
    """The last partition of real orders, trips and payments."""
    found = {}
    for kind in KINDS:
        for contract in ("orders", "trips", "payments"):
            asset = f"{contract}_{kind}"
            keys = ctx.lake.keys(asset)
            if keys:
                found[asset] = (contract, ctx.lake.path(asset, keys[-1]))
    return found


def _sample(table: pa.Table, rows: int) -> pa.Table:
    """At most ``rows`` rows, evenly spread, always the same ones."""
    if table.num_rows <= rows:
        return table
    return take(table, np.linspace(0, table.num_rows - 1, rows).astype(np.int64))


def _suite(asset: str, contract: str, zones_known: bool) -> "ExpectationSuite":
    """The contract's suite under the asset's name, without rules that rest here."""
    suite = load_suite(contract)
    suite.name = asset
    if asset != contract or not zones_known:
        suite.expectations = [
            e for e in suite.expectations if not isinstance(getattr(e, "value_set", None), dict)
        ]
    return suite


def _set_site(context: "EphemeralDataContext", folder: Path) -> None:
    """Let the context write one static site into ``folder``."""
    for site in list(context.list_data_docs_sites()):
        context.delete_data_docs_site(site)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    config = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": store,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site(SITE, config)


def _definition(
    context: "EphemeralDataContext", suite: "ExpectationSuite"
) -> "ValidationDefinition":
    """A frame that is yet to come, validated by a suite."""
    gx = great_expectations()
    source = context.data_sources.add_pandas(suite.name)
    batch = source.add_dataframe_asset("sample").add_batch_definition_whole_dataframe("rows")
    return context.validation_definitions.add(
        gx.ValidationDefinition(name=suite.name, data=batch, suite=context.suites.add(suite))
    )
