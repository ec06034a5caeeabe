"""CLINC150: 150 intents and out-of-scope messages."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers.base import WHOLE, Batch, Importer, Options, query, schema, source

KIND = "clinc150"
ABOUT = """CLINC150 intents; one file with the splits train, val and test.
maps:     text, intent to label, split, domain, oos to out_of_scope
derives:  text_id from the place in the file
NULL:     domain of out-of-scope messages
key:      all"""

SCHEMA = schema(
    f"text_{KIND}", "text_id:s text:s label:s split:s domain:s? out_of_scope:b", key="text_id"
)
NEEDED = {"split": "s", "text": "s", "intent": "s", "domain": "s", "oos": "b"}
SQL = """
SELECT format('clinc150-{:06d}', n) AS text_id, text, intent AS label, split, domain,
  oos AS out_of_scope
FROM texts ORDER BY n
"""


def read(path: Path, options: Options) -> Iterator[Batch]:
    """One partition."""
    yield Batch(SCHEMA.name, SCHEMA, WHOLE, query(SQL, {"texts": source(path, NEEDED)}))


IMPORTER = Importer(KIND, ABOUT, "intents/clinc150_full.parquet", read)
