"""Tweets of customers to airlines with their sentiment (benchmark only)."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers.base import WHOLE, Batch, Importer, Options, query, schema, source

KIND = "airline_tweets"
ABOUT = """Customer tweets to airlines, three sentiments; one file. Benchmark only: a model trained
on them is never shipped.
maps:     tweet_id to text_id, text, airline_sentiment to label, its confidence, airline, reason of
          a negative one, tweet_created as the file words it (some are no times)
derives:  split is always 'all': the set has none
NULL:     reason of tweets that are not negative; its confidence
key:      all; the second copy of a tweet goes to quarantine"""

SCHEMA = schema(
    f"text_{KIND}",
    "text_id:s text:s label:s split:s confidence:f? airline:s reason:s? reason_confidence:f? "
    "tweet_created:s?",
    key="text_id",
)
SQL = """
SELECT CAST(tweet_id AS VARCHAR) AS text_id, text, airline_sentiment AS label, 'all' AS split,
  airline_sentiment_confidence AS confidence, airline, negativereason AS reason,
  negativereason_confidence AS reason_confidence, tweet_created
FROM tweets ORDER BY n
"""
NEEDED = {
    "tweet_id": "f",
    "text": "s",
    "airline": "s",
    "airline_sentiment": "s",
    "airline_sentiment_confidence": "f",
    "negativereason": "s",
    "negativereason_confidence": "f",
    "tweet_created": "s",
}


def read(path: Path, options: Options) -> Iterator[Batch]:
    """One partition."""
    yield Batch(SCHEMA.name, SCHEMA, WHOLE, query(SQL, {"tweets": source(path, NEEDED)}))


IMPORTER = Importer(KIND, ABOUT, "sentiment/airline_tweets.parquet", read)
