"""The simulated city delivers: landing/<day>/<asset>.parquet, and the hidden truth beside it.

The city is a source system. The real engines price its slots and answer its messages; it hands
over files, once, and only this module ever touches its truth.
"""

import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.errors import BadInput
from core.partition import days_of, range_key
from core.schema import asset_schema
from pipelines.context import Context
from pipelines.step import plain, read_json, write_json
from simulator.book import Book
from simulator.calibration import load_calibration
from simulator.city import City, make_city
from simulator.company import load_company
from simulator.day import simulate_day
from simulator.policies import Policies
from simulator.texts import load_texts
from store.lake import Landing, conform, write_whole

ROOT = Path(__file__).resolve().parent.parent
CALIBRATION = ROOT / "data" / "calibration.json"
COMPANY = ROOT / "data" / "policies.yaml"
TEXTS = ROOT / "simulator" / "texts" / "messages.csv"
TRUTH = "truth"
STAGING = "staging"
CLOCK = {"last_day", "days", "history_days"}
"""How much of a city is delivered; more days of it may follow."""


def city_of(ctx: Context, texts: Path = TEXTS) -> City:
    """The city that the parameters mean."""
    return make_city(
        ctx.params.simulator,
        ctx.params.pricing,
        load_calibration(CALIBRATION),
        load_company(COMPANY),
        load_texts(texts),
    )


def whole_key(ctx: Context) -> str:
    """The key of everything the city has: its history and its days of orders."""
    p = ctx.params.simulator
    first = date.fromordinal(p.last_day.toordinal() - max(p.history_days, p.days) + 1)
    return range_key(first, p.last_day)


def simulate(
    key: str, ctx: Context, policies: Policies | None = None, texts: Path = TEXTS
) -> dict[str, int]:
    """Deliver every day of ``key`` that was not delivered yet; rows delivered by asset.

    Days before the first order carry driver_days, rider_days and market_hours only. A day appears
    in landing whole or not at all: it is written aside and moved in with one rename.

    Raises
    ------
    NotAPartition
        If the key is no day or range.
    BadInput
        For days before the city's history, or when landing holds days of another city.
    """
    _require_same_city(ctx)
    wanted = [day for day in days_of(key) if not _delivered(ctx, day)]
    if not wanted:
        return {}
    if policies is None:
        from pipelines.city_policies import real_policies

        policies = real_policies(ctx)
    book = Book(city_of(ctx, texts), policies)
    write_json(_city_file(ctx), _fingerprint(ctx))
    rows: dict[str, int] = {}
    for day in wanted:
        delivered, truth = simulate_day(book, day)
        _write_truth(ctx, day, truth)
        _deliver(ctx, day, delivered)
        for asset, table in delivered.items():
            rows[asset] = rows.get(asset, 0) + table.num_rows
    return rows


def forget(ctx: Context) -> None:
    """Take back everything the city delivered into this home; for snapshots that are made anew."""
    for part in (ctx.landing.root, ctx.home / TRUTH):
        shutil.rmtree(part, ignore_errors=True)


def driver_groups(day: date, ctx: Context) -> Path | None:
    """The file that says which groups drivers belong to, for fairness reports alone.

    Columns: driver_id, woman, age_group, home_zone. None where no city delivered that day.
    """
    path = ctx.home / TRUTH / str(day) / "drivers.parquet"
    return path if path.exists() else None


def _city_file(ctx: Context) -> Path:
    return ctx.home / TRUTH / "city.json"


def _fingerprint(ctx: Context) -> dict[str, Any]:
    """What must stay the same for two days to be of one city."""
    found: dict[str, Any] = plain(ctx.params.simulator.model_dump(mode="json", exclude=CLOCK))
    return found


def _require_same_city(ctx: Context) -> None:
    there, wanted = read_json(_city_file(ctx)), _fingerprint(ctx)
    if there is None or there == wanted:
        return
    other = [f"{n} {there.get(n)} (now {wanted[n]})" for n in wanted if there.get(n) != wanted[n]]
    raise BadInput(
        f"expected the city whose days lie in {ctx.landing.root}, got another: it was delivered "
        f"with {', '.join(other)}. Set TRIPO_HOME to an empty folder for another city."
    )


def _delivered(ctx: Context, day: date) -> bool:
    return (ctx.landing.root / str(day)).exists()


def _write_truth(ctx: Context, day: date, truth: dict[str, pa.Table]) -> None:
    for name, table in truth.items():
        write_whole(table, ctx.home / TRUTH / str(day) / f"{name}.parquet")


def _deliver(ctx: Context, day: date, tables: dict[str, pa.Table]) -> None:
    """Write beside landing, then rename the folder; what a killed run left there is replaced."""
    aside = Landing(ctx.home / STAGING / f"landing.{os.getpid()}")
    try:
        for asset, table in tables.items():
            aside.write(day, asset, conform(table, asset_schema(asset)))
        ctx.landing.root.mkdir(parents=True, exist_ok=True)
        (aside.root / str(day)).rename(ctx.landing.root / str(day))
    finally:
        shutil.rmtree(aside.root, ignore_errors=True)
