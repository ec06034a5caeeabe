"""Look-ups in the lake's partitions, as new as the last night: for a platform that stands alone.

DuckDB reads the partitions that hold the id (`serving.company.places`) as they lie there now, so
that one written again is seen. Of an id that stands in several the newest row counts.
"""

from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

from core.enums import LoyaltyTier, OrderStatus, PaymentStatus, Vertical
from core.errors import LookupUnavailable
from engines.support.ports import Order, Payment, Trip, User
from serving.company.places import Places
from serving.company.riders import Riders

ORDER = (
    "order_id, rider_id, vertical, status, requested_at, completed_at, cancelled_at, cancelled_by, "
    "quoted_fare, currency"
)
TRIP = "trip_id, order_id, driver_id, started_at, ended_at, distance_km, duration_minutes, status"
PAYMENT = 'payment_id, order_id, kind, status, amount, currency, "at"'
OF_ORDERS = ("orders", "trips", "payments")


class LakeCompany:
    """Used by many threads; every look-up has a cursor of its own."""

    def __init__(self, lake: Path) -> None:
        self._lake = lake
        self._database = duckdb.connect()
        self._database.execute("SET threads = 1; SET TimeZone = 'UTC'")
        self._making = Lock()
        self._places = {asset: Places(lake / asset, "order_id") for asset in OF_ORDERS}
        self._riders = Riders(lake / "riders")

    def order(self, order_id: str) -> Order | None:
        rows = self._of_order("orders", ORDER, order_id)
        if not rows:
            return None
        row = rows[-1]
        found = {**row, "vertical": Vertical(row["vertical"]), "status": OrderStatus(row["status"])}
        return Order(**found)

    def trip(self, order_id: str) -> Trip | None:
        rows = self._of_order("trips", TRIP, order_id)
        return Trip(**rows[-1]) if rows else None

    def payments(self, order_id: str) -> list[Payment]:
        rows = self._of_order("payments", PAYMENT, order_id)
        once = {row["payment_id"]: row for row in rows}
        return [Payment(**{**row, "status": PaymentStatus(row["status"])}) for row in once.values()]

    def user(self, user_id: str) -> User | None:
        """As the newest day of riders has them."""
        try:
            row = self._riders.of(user_id)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable("riders", error) from None
        return User(user_id, LoyaltyTier(row["loyalty_tier"]), row["plan"]) if row else None

    def close(self) -> None:
        self._database.close()

    def _of_order(self, asset: str, columns: str, order_id: str) -> list[dict[str, Any]]:
        """Rows about an order, oldest partition first; none where nothing lies.

        Where there is none, another order's row is read and forgotten: the time that a look-up
        takes does not tell which orders there are.
        """
        places, cursor = self._places[asset], self._cursor()
        try:
            rows = _rows(cursor, columns, "order_id", places.of(cursor, order_id), order_id)
            if not rows and (instead := places.example()):
                _rows(cursor, columns, "order_id", [instead[0]], instead[1])
            return rows
        except (duckdb.Error, OSError) as error:
            raise self._unreadable(asset, error) from None
        finally:
            cursor.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._making:
            return self._database.cursor()

    def _unreadable(self, asset: str, error: Exception) -> LookupUnavailable:
        return LookupUnavailable(
            f"expected readable partitions of {asset} in {self._lake}: {error}"
        )


def _rows(
    cursor: duckdb.DuckDBPyConnection, columns: str, key: str, files: list[Path], wanted: str
) -> list[dict[str, Any]]:
    """Rows whose ``key`` is ``wanted``, in the order of the files' names."""
    if not files:
        return []
    # the columns and the key are ours, the value is bound
    query = (
        f"SELECT {columns} FROM read_parquet(?, union_by_name = true, filename = true) "  # noqa: S608
        f"WHERE {key} = ? ORDER BY filename"
    )
    answer = cursor.execute(query, [[str(path) for path in files], wanted])
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
