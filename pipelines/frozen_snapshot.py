"""The data that DVC's stages learn from: the simulated city's days, through the gate, made whole.

The city's messages go to people here, so that the snapshot depends on no model; the text models
learn from the bundled text.
"""

import shutil
from typing import Any

from core.errors import BadInput
from core.schema import ASSETS
from pipelines.city_policies import without_engine
from pipelines.context import Context
from pipelines.datasets.lake_rows import digests
from pipelines.ingest import ingest
from pipelines.simulated_day import forget, simulate, whole_key
from pipelines.step import write_json

PARTS = ("lake", "ingest")
OUTPUT = "snapshot.json"


def freeze(ctx: Context) -> dict[str, Any]:
    """Simulate and ingest the whole city into ``ctx.home`` anew; counts and digests by asset.

    Raises
    ------
    BadInput
        If the home is a platform's, whose deliveries are never changed.
    """
    if (ctx.home / "airflow").exists():
        raise BadInput(
            f"expected a home for DVC alone, got {ctx.home}, where a platform keeps its data; "
            "set TRIPO_HOME to another folder"
        )
    forget(ctx)
    for part in PARTS:
        shutil.rmtree(ctx.home / part, ignore_errors=True)
    key = whole_key(ctx)
    simulate(key, ctx, without_engine(ctx))
    counts = ingest(key, ctx)["assets"]
    files = {
        asset: ctx.lake.paths(asset, ctx.lake.keys(asset))
        for asset in ASSETS
        if asset not in ("conversations", "messages", "feedback")
    }
    result = {"key": key, "assets": counts, "digests": digests(files)}
    write_json(ctx.home / OUTPUT, result)
    return result
