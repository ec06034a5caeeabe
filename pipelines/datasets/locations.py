"""Rows for the tagger of places: annotated messages of our own, and held-out ones."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from engines.support.entities import Entity, find
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import annotated, texts
from pipelines.datasets.annotated import Marked

FILES = [annotated.LEARNED, annotated.HELD_OUT]
LOCATION = "location"


def inputs(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the annotated files."""
    return texts.inputs(FILES, {})


def build(key: str, ctx: Context, artefacts: dict[str, Artefact]) -> Dataset:
    """Train and validate on bundled messages, test on those of another hand."""
    train, validate = texts.split(rows(annotated.LEARNED), ctx.params.locations.validate_share)
    return Dataset(
        train,
        validate,
        rows(annotated.HELD_OUT),
        texts.inputs(FILES, {})["files"],
        texts.about(FILES),
    )


def rows(path: Path) -> pd.DataFrame:
    """text; as JSON, [start, end] of each place named (``places``) and of what rules find first
    (``taken``)."""
    messages = annotated.read(path)
    places = [[e for e in m.entities if e.type == LOCATION] for m in messages]
    return pd.DataFrame(
        {
            "text": [m.text for m in messages],
            "places": [_places(found) for found in places],
            "taken": [_places(find(m.text)) for m in messages],
        }
    )


def _places(found: Sequence[Marked | Entity]) -> str:
    return json.dumps([[entity.start, entity.end] for entity in found])
