"""Look-ups in the lake's partitions, as new as the last night: for a platform that stands alone.

Each is one pass of DuckDB over the files as they lie there now, so that a partition written again
is seen. Of an id that stands in several the newest row counts.
"""

from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from core.enums import LoyaltyTier, OrderStatus, PaymentStatus, Vertical
from core.errors import LookupUnavailable
from engines.support.ports import Order, Payment, Trip, User

ORDER = (
    "order_id, rider_id, vertical, status, requested_at, completed_at, cancelled_at, cancelled_by, "
    "quoted_fare, currency"
)
TRIP = "trip_id, order_id, driver_id, started_at, ended_at, distance_km, duration_minutes, status"
PAYMENT = 'payment_id, order_id, kind, status, amount, currency, "at"'
RIDER = "rider_id, loyalty_tier, plan"


class LakeCompany:
    """Used by many threads; every look-up has a cursor of its own."""

    def __init__(self, lake: Path) -> None:
        self._lake = lake
        self._database = duckdb.connect()
        self._database.execute("SET threads = 1; SET TimeZone = 'UTC'")
        self._making = Lock()

    def order(self, order_id: str) -> Order | None:
        rows = self._rows("orders", ORDER, "order_id", order_id)
        if not rows:
            return None
        row = rows[-1]
        found = {**row, "vertical": Vertical(row["vertical"]), "status": OrderStatus(row["status"])}
        return Order(**found)

    def trip(self, order_id: str) -> Trip | None:
        rows = self._rows("trips", TRIP, "order_id", order_id)
        return Trip(**rows[-1]) if rows else None

    def payments(self, order_id: str) -> list[Payment]:
        rows = self._rows("payments", PAYMENT, "order_id", order_id)
        once = {row["payment_id"]: row for row in rows}
        return [Payment(**{**row, "status": PaymentStatus(row["status"])}) for row in once.values()]

    def user(self, user_id: str) -> User | None:
        """As the newest day of riders has them."""
        days = sorted((self._lake / "riders").glob("[0-9]*.parquet"))
        rows = self._rows("riders", RIDER, "rider_id", user_id, days[-1].name) if days else []
        if not rows:
            return None
        return User(user_id, LoyaltyTier(rows[-1]["loyalty_tier"]), rows[-1]["plan"])

    def close(self) -> None:
        self._database.close()

    def _rows(
        self, asset: str, columns: str, key: str, wanted: str, files: str = "[0-9]*.parquet"
    ) -> list[dict[str, Any]]:
        """Rows whose ``key`` is ``wanted``, oldest partition first; none where nothing lies."""
        found = self._lake / asset / files
        if not any(found.parent.glob(files)):
            return []
        # the columns and the key are ours, the value is bound
        query = (
            f"SELECT {columns} FROM read_parquet(?, union_by_name = true, filename = true) "  # noqa: S608
            f"WHERE {key} = ? ORDER BY filename"
        )
        with self._making:
            cursor = self._database.cursor()
        try:
            answer = cursor.execute(query, [str(found), wanted])
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
        except duckdb.Error as error:
            raise LookupUnavailable(
                f"expected readable partitions of {asset} in {self._lake}: {error}"
            ) from None
        finally:
            cursor.close()
