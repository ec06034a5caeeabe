"""BANKING77: customer messages to a bank, 77 intents."""

from collections.abc import Iterator
from pathlib import Path

from core.errors import BadInput
from pipelines.importers.base import Batch, Importer, Options, files, query, schema, source

KIND = "banking77"
ABOUT = """BANKING77 intents; a folder, or one file, named banking77_<split>.parquet.
maps:     text, intent to label
derives:  split from the file's name, text_id from the place in the file
NULL:     nothing is left out
key:      the split"""

SCHEMA = schema(f"text_{KIND}", "text_id:s text:s label:s split:s", key="text_id")
SQL = """
SELECT format('banking77-{}-{:06d}', $split, n) AS text_id, text, intent AS label, $split AS split
FROM texts ORDER BY n
"""
SPLITS = ("train", "test")
PATTERN = "banking77_*.parquet"


def read(path: Path, options: Options) -> Iterator[Batch]:
    """One partition for each file."""
    for file in files(path, PATTERN):
        split = file.stem.rpartition("_")[2]
        if split not in SPLITS:
            raise BadInput(f"expected a file named banking77_train or banking77_test, got {file}")
        tables = {"texts": source(file, {"text": "s", "intent": "s"})}
        yield Batch(SCHEMA.name, SCHEMA, split, query(SQL, tables, split=split))


IMPORTER = Importer(KIND, ABOUT, "intents", read, PATTERN)
