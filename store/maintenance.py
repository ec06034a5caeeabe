"""Keep the store fast, and know whether its copies keep up."""

import time
from contextlib import closing
from typing import Any

from sqlalchemy.engine import Connection, Engine

from store.db import answering, read
from store.stats import total_bytes


def optimize(engine: Engine) -> dict[str, Any]:
    """Give free space back and renew what the planner knows: ``{"before_bytes", "after_bytes",
    "seconds"}``.

    Safe beside readers and writers; SQLite waits until nobody writes.
    """
    before, began = total_bytes(engine), time.perf_counter()
    with answering(engine):
        (_vacuum_server if engine.dialect.name == "postgresql" else _vacuum_file)(engine)
    return {
        "before_bytes": before,
        "after_bytes": total_bytes(engine),
        "seconds": round(time.perf_counter() - began, 2),
    }


def _vacuum_server(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")


def _vacuum_file(engine: Engine) -> None:
    # not through a Connection: ours begin a transaction, in which SQLite refuses to vacuum
    with closing(engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
        for statement in (
            "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "ANALYZE", "PRAGMA optimize",
        ):  # fmt: skip
            cursor.execute(statement)


def replication(engine: Engine) -> dict[str, Any]:
    """``{"role", "replicas": [{name, state, lag_bytes, lag_seconds}]}``; SQLite has none."""
    if engine.dialect.name != "postgresql":
        return {"role": "single", "replicas": []}
    return read(engine, _replicas)


def _replicas(connection: Connection) -> dict[str, Any]:
    standby = bool(connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar())
    if standby:
        lag = "SELECT EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp())"
        seconds = connection.exec_driver_sql(lag).scalar()
        behind = None if seconds is None else float(seconds)
        return {"role": "standby", "behind_seconds": behind, "replicas": []}
    query = (
        "SELECT application_name AS name, state, "
        "pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint AS lag_bytes, "
        "EXTRACT(EPOCH FROM replay_lag)::float AS lag_seconds FROM pg_stat_replication"
    )
    rows = [dict(row._mapping) for row in connection.exec_driver_sql(query)]
    return {"role": "primary", "replicas": rows}
