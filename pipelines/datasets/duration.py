"""Real trips for the duration model."""

from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import real_months
from pipelines.datasets.lake_rows import digests


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the lake files read; they do not depend on the key."""
    return digests(real_months.tables(ctx))


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Trips of the training and the test month."""
    return real_months.dataset(*real_months.split(ctx))
