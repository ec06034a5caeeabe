"""The escalation rules as they stand in the store, in the order they are checked."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from core.errors import NotThere
from store.db import read
from store.tables import Base, EscalationRule

RULE = Base.metadata.tables[EscalationRule.__tablename__]
ORDER = RULE.c.priority, RULE.c.rule_name


def active_rules(engine: Engine) -> list[dict[str, Any]]:
    """rule_name, condition, action of every active rule, priority 1 first."""
    chosen = sa.select(RULE.c.rule_name, RULE.c.condition, RULE.c.action).where(RULE.c.active)

    def work(connection: Connection) -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in connection.execute(chosen.order_by(*ORDER))]

    return read(engine, work)


def every(connection: Connection) -> list[Row[Any]]:
    """All rules, those that rest too."""
    return list(connection.execute(sa.select(RULE).order_by(*ORDER)).all())


def find(connection: Connection, rule_id: uuid.UUID) -> Row[Any]:
    """One rule; NotThere without it."""
    row: Row[Any] | None = connection.execute(
        sa.select(RULE).where(RULE.c.id == rule_id)
    ).one_or_none()
    if row is None:
        raise NotThere(f"there is no escalation rule {rule_id}")
    return row


def create(connection: Connection, values: Mapping[str, Any], at: datetime) -> uuid.UUID:
    """A new rule; its id."""
    rule_id = uuid.uuid4()
    connection.execute(RULE.insert().values(id=rule_id, **values, created_at=at))
    return rule_id


def change(connection: Connection, rule_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """The rule as it is from now on; NotThere without it."""
    if connection.execute(RULE.update().where(RULE.c.id == rule_id).values(**values)).rowcount != 1:
        raise NotThere(f"there is no escalation rule {rule_id}")


def delete(connection: Connection, rule_id: uuid.UUID) -> None:
    """Gone."""
    connection.execute(RULE.delete().where(RULE.c.id == rule_id))
