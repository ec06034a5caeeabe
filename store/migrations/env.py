"""Alembic runs this: it hands the connection of ``store.migrate`` to the migration steps."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from store.tables import Base
from store.tables.base import UtcDateTime


def plain_type(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """A migration names database types, so that it stays true when our classes change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.JSON):
        return "JSON"  # script.py.mako defines it, and words()
    if kind == "type" and isinstance(item, sa.Enum):
        return f"words({', '.join(map(repr, (item.name, *item.enums)))})"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by rebuilding it
    render_item=plain_type,
)
with context.begin_transaction():
    context.run_migrations()
