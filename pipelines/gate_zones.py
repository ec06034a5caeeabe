"""Which zones the city has, as its market hours say: they list every zone in every hour.

A row cannot name a zone into being, and neither can a stray row of market hours: a zone is known
when the lake's market hours have it, or when a delivery lists it in all 24 hours.
"""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import SchemaMismatch
from core.schema import asset_schema
from pipelines.gate_types import conform
from store.lake import Lake

KNOWN_ZONES = "known_zones"
MARKET_HOURS = "market_hours"
HOURS = 24


def zones_of_lake(lake: Lake, before: str | None = None) -> set[str]:
    """Zones in the lake's market hours, of all days or of those before a day."""
    keys = [key for key in lake.keys(MARKET_HOURS) if before is None or key < before]
    if not keys:
        return set()
    return set(pc.unique(lake.read(MARKET_HOURS, keys, ["zone_id"]).column("zone_id")).to_pylist())


def zones_of_whole_days(deliveries: Iterable[pa.Table]) -> set[str]:
    """Zones that a delivery of market hours lists in each of the 24 hours.

    Deliveries whose columns do not fit know no zone: the gate refuses them by themselves.
    """
    found: set[str] = set()
    for table in deliveries:
        try:
            typed, _ = conform(table, asset_schema(MARKET_HOURS))
        except SchemaMismatch:
            continue
        hours = pa.table({"zone": typed.column("zone_id"), "hour": pc.hour(typed.column("hour"))})
        counted = hours.group_by("zone").aggregate([("hour", "count_distinct")]).to_pylist()
        found |= {row["zone"] for row in counted if row["hour_count_distinct"] == HOURS}
    return found - {None, ""}
