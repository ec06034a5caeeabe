"""Schema-Guided Dialogue: what users say in task dialogues, ride sharing among them."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers.base import WHOLE, Batch, Importer, Options, query, schema, source

KIND = "sgd_user_turns"
ABOUT = """User turns of the Schema-Guided Dialogue set; one file.
maps:     text, active_intent to label, split, dialogue_id, turn, service, prev_system, user_acts
derives:  text_id from split, dialogue and turn
NULL:     prev_system of a first turn
key:      all"""

SCHEMA = schema(
    f"text_{KIND}",
    "text_id:s text:s label:s split:s dialogue_id:s turn:i service:s prev_system:s? user_acts:s?",
    key="text_id",
)
SQL = """
SELECT format('sgd-{}-{}-{}', split, dialogue_id, turn) AS text_id, text, active_intent AS label,
  split, dialogue_id, turn, service, prev_system, user_acts
FROM texts ORDER BY n
"""
NEEDED = {
    "split": "s",
    "dialogue_id": "s",
    "turn": "f",
    "service": "s",
    "text": "s",
    "active_intent": "s",
    "prev_system": "s",
    "user_acts": "s",
}


def read(path: Path, options: Options) -> Iterator[Batch]:
    """One partition."""
    yield Batch(SCHEMA.name, SCHEMA, WHOLE, query(SQL, {"texts": source(path, NEEDED)}))


IMPORTER = Importer(KIND, ABOUT, "conversations/sgd_user_turns.parquet", read)
