"""SciFact (BEIR): our BM25 and the encoder as published, each on a scale from 0 to 1, added up.

The way of fusing was chosen on the 809 training queries, where it beat reciprocal ranks.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.support import encoder, network
from models.support.bm25 import Bm25
from pipelines.context import Context

DEPTH = 100
TOKENS = 256
Floats = NDArray[np.float64]


def ndcg(folder: Path, ctx: Context) -> dict[str, float]:
    """nDCG@10 over the 300 test queries: ``fused`` and each part alone.

    Source
    ------
    Bruch, Gai and Ingber (2023), An Analysis of Fusion Functions for Hybrid Retrieval.
    """
    corpus, queries, relevant = _read(folder)
    documents = (corpus["title"] + ". " + corpus["text"]).tolist()
    asked = queries["text"].tolist()
    base = ctx.params.knowledge_base
    lexical = Bm25(documents, base.bm25_k1, base.bm25_b).scores(asked)
    dense = _dense(documents, asked, ctx)
    fused = _scaled(lexical) + _scaled(dense)
    parts = {"fused": fused, "BM25 alone": lexical, "MiniLM as published alone": dense}
    return {name: _ndcg_at_10(scores, relevant) for name, scores in parts.items()}


def _read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.float64]]:
    """Documents, test queries, and relevance of shape (queries, documents)."""
    corpus = pd.read_parquet(folder / "scifact_corpus.parquet")
    marks = pd.read_parquet(folder / "scifact_qrels.parquet").query("split == 'test'")
    queries = pd.read_parquet(folder / "scifact_queries.parquet")
    queries = queries[queries["query_id"].isin(marks["query_id"])].reset_index(drop=True)
    relevant = np.zeros((len(queries), len(corpus)))
    row = pd.Series(queries.index, queries["query_id"])
    column = pd.Series(range(len(corpus)), corpus["doc_id"])
    relevant[row[marks["query_id"]], column[marks["doc_id"]]] = marks["score"]
    return corpus, queries, relevant


def _dense(documents: list[str], asked: list[str], ctx: Context) -> Floats:
    """Cosines of shape (queries, documents) by MiniLM as it was published, int8."""
    params = ctx.params.encoder.model_copy(update={"recipe": "plain", "max_tokens": TOKENS})
    model = encoder.load(
        {
            encoder.MODEL: network.make(pd.DataFrame(), params),
            encoder.TOKENIZER: (network.source() / encoder.TOKENIZER).read_bytes(),
            encoder.META: json.dumps(params.model_dump()).encode(),
        }
    )
    return (model.embed(asked) @ model.embed(documents).T).astype("float64")


def _scaled(scores: Floats) -> Floats:
    """0 for the document at place ``DEPTH`` of a query and below, 1 for its best."""
    top = -np.sort(-scores, axis=1)[:, :DEPTH]
    lowest, best = top[:, -1:], top[:, :1]
    return np.clip((scores - lowest) / np.maximum(best - lowest, 1e-9), 0, 1)


def _ndcg_at_10(scores: Floats, relevant: Floats) -> float:
    """Mean over queries; gain is the mark, discount the binary logarithm of the rank plus one."""
    discount = 1 / np.log2(np.arange(2, 12))
    best = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    gained = (np.take_along_axis(relevant, best, axis=1) * discount).sum(axis=1)
    ideal = (-np.sort(-relevant, axis=1)[:, :10] * discount).sum(axis=1)
    return float((gained / ideal).mean())
