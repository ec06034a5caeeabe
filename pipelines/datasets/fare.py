"""Real trips for the fare model: those whose fare is one the meter can show."""

from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import real_months
from pipelines.datasets.lake_rows import digests


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the lake files read; they do not depend on the key."""
    return digests(real_months.tables(ctx))


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Trips of the training and the test month with a plausible fare."""
    parts, about, digest = real_months.split(ctx)
    low, high = ctx.params.real_trips.min_fare_cents, ctx.params.real_trips.max_fare_cents
    kept = {name: rows[rows["gross_fare"].between(low, high)] for name, rows in parts.items()}
    about["fares"] = f"{low} to {high} cents"
    return real_months.dataset(kept, about, digest)
