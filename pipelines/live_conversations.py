"""Conversations of the live store enter the lake beside the delivered ones, day by day.

``live_conversations/<day>`` and the like are written anew while a day is near enough for its
conversations to change, so that KPIs see resolutions, marks and returns. Users go in under
pseudonyms, what they wrote without personal values; ids of orders stay, as orders have them.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from core.partition import days_of, midnight, window
from core.schema import asset_schema
from engines.support.redaction import redact
from pipelines.context import Context
from store.conversations import CONVERSATION, FEEDBACK, MESSAGE
from store.db import read
from store.lake import LIVE, arrow_schema, conform
from store.pseudonyms import pseudonyms

OWN = {"client_message_id", "audio_url"}
"""Columns that mean something inside the store only."""


def export(key: str, ctx: Context) -> dict[str, int]:
    """Write the days of the key, and those before whose rows may still change; rows by asset.

    A day without a conversation has no partition; one whose users were all erased is emptied.
    """
    asked = days_of(key)
    recent = window(asked[-1], ctx.params.ai_performance.final_after_days)
    counts = {"conversations": 0, "messages": 0, "feedback": 0}
    for day in sorted({*asked, *recent}):
        for asset, table in _day(day, ctx).items():
            if table.num_rows or ctx.lake.has(f"{LIVE}{asset}", day):
                ctx.lake.write_free(f"{LIVE}{asset}", day, table)
            counts[asset] += table.num_rows
    return counts


def _day(day: date, ctx: Context) -> dict[str, pa.Table]:
    """The conversations that began on a day, with all their messages and marks."""
    since, until = midnight(day), midnight(day + timedelta(days=1))
    mine = (CONVERSATION.c.created_at >= since) & (CONVERSATION.c.created_at < until)
    ids = sa.select(CONVERSATION.c.id).where(mine)

    def work(connection: Connection) -> list[list[Any]]:
        chosen = sa.select(CONVERSATION).where(mine).order_by(CONVERSATION.c.created_at)
        theirs = (
            sa.select(table)
            .where(table.c.conversation_id.in_(ids))
            .order_by(table.c.created_at, table.c.id)
            for table in (MESSAGE, FEEDBACK)
        )
        return [list(connection.execute(query).all()) for query in (chosen, *theirs)]

    rows, said, marks = read(ctx.engine, work)
    named = pseudonyms(ctx.engine, (row.user_id for row in rows), until)
    return {
        "conversations": _table(
            "conversations",
            rows,
            # the reason of a hand-over can be the user's own words
            {"user_id": lambda user: named[user], "escalation_reason": redact},
        ),
        "messages": _table("messages", said, {"content": redact, "sources": json.dumps}),
        "feedback": _table("feedback", marks, {"user_comment": redact}),
    }


def _table(asset: str, rows: Iterable[Any], changed: dict[str, Callable[[Any], Any]]) -> pa.Table:
    """Rows of the store as the asset has them."""
    schema = asset_schema(asset)
    shown = [
        {column.name: _shown(column.name, row, changed) for column in schema.columns}
        for row in rows
    ]
    return conform(pa.Table.from_pylist(shown, schema=arrow_schema(schema)), schema)


def _shown(name: str, row: Any, changed: dict[str, Callable[[Any], Any]]) -> Any:
    value = getattr(row, name)
    if value is None or name in OWN:
        return None
    if name == "id" or name.endswith("_id"):
        value = str(value)
    return changed[name](value) if name in changed else value
