"""Read the escalation rules as they stand in the store, in the order they are checked."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from store.db import read
from store.tables import EscalationRule


def active_rules(engine: Engine) -> list[dict[str, Any]]:
    """rule_name, condition, action of every active rule, priority 1 first."""
    table = EscalationRule.__table__
    chosen = (
        sa.select(table.c.rule_name, table.c.condition, table.c.action)
        .where(table.c.active)
        .order_by(table.c.priority, table.c.rule_name)
    )

    def work(connection: Connection) -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in connection.execute(chosen)]

    return read(engine, work)
