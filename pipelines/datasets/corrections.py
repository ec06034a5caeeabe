"""Messages that people corrected and reviewers accepted, as far as they may be learned from."""

import hashlib
from datetime import timedelta

import pandas as pd
import sqlalchemy as sa

from core.partition import last_day, midnight
from features.corrections import trustworthy
from pipelines.context import Context
from store import labels
from store.db import read
from store.tables import LabelReview


def accepted(key: str, ctx: Context) -> pd.DataFrame:
    """text, label, writer of what was accepted up to the end of ``key``; a store that was never
    migrated has none."""
    if not sa.inspect(ctx.engine).has_table(LabelReview.__tablename__):
        return pd.DataFrame(columns=["text", "label", "writer"])
    before = midnight(last_day(key) + timedelta(days=1))
    rows = read(ctx.engine, lambda connection: labels.accepted(connection, before))
    return pd.DataFrame(
        [row._asdict() for row in rows], columns=["text", "label", "writer"], dtype="str"
    )


def digest(rows: pd.DataFrame) -> str:
    """One hash of what was accepted."""
    return hashlib.sha256(rows.to_json(orient="records").encode()).hexdigest()


def to_learn(key: str, ctx: Context, known: pd.Series) -> pd.DataFrame:
    """text, label of accepted corrections that no one person or quarrel decides."""
    params = ctx.params.intent
    rows = accepted(key, ctx)
    return trustworthy(rows, known, params.corrections_per_writer, params.corrections_share)
