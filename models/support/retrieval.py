"""Which item of the knowledge base answers a question: BM25 and sentence vectors, fused.

Exact search: at this size a matrix product is faster than any index. An item is found by the best
of its question and variants. Items for another audience or language are out before ranking.
"""

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.enums import Audience
from core.params.language import KnowledgeBaseParams
from models.contract import Artefact, Card

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "knowledge_base"
BASELINE = "bm25"
PRIMARY = "recall_at_1"
HIGHER_IS_BETTER = True
INPUTS = ("text", "embedding", "audience", "language_code")
ABOUT = Card(
    purpose="finding the item of the knowledge base that answers a question",
    limits="English items; questions the base does not cover still find their nearest item",
    not_for="answering without the policy of the support engine in between",
)
ITEM_FIELDS = [
    "kb_code", "item_version", "intent", "category", "question", "answer", "audience",
    "language_code",
]  # fmt: skip
WORD = re.compile(r"[a-z0-9]+")
Floats = NDArray[np.float64]


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers, a plural's s dropped."""
    return [w[:-1] if len(w) > 3 and w.endswith("s") else w for w in WORD.findall(text.lower())]


class Bm25:
    """Okapi BM25 over documents; the whole score of a query is one sparse product.

    Source
    ------
    Robertson and Zaragoza (2009), The Probabilistic Relevance Framework: BM25 and Beyond.
    """

    def __init__(self, documents: list[str], k1: float, b: float) -> None:
        from scipy.sparse import csr_matrix

        counts = [Counter(words_of(text)) for text in documents]
        self.vocabulary = {w: n for n, w in enumerate(sorted(set().union(*counts)))}
        length = np.array([sum(c.values()) for c in counts], float)
        norm = k1 * (1 - b + b * length / max(length.mean(), 1e-9))
        rows, columns, values = [], [], []
        for row, count in enumerate(counts):
            for word, n in count.items():
                rows.append(row)
                columns.append(self.vocabulary[word])
                values.append(n * (k1 + 1) / (n + norm[row]))
        shape = (len(documents), len(self.vocabulary))
        weights = csr_matrix((values, (rows, columns)), shape=shape)
        seen = np.bincount(columns, minlength=shape[1])
        idf = np.log1p((len(documents) - seen + 0.5) / (seen + 0.5))
        self.matrix = weights.multiply(idf).T.tocsr()

    def scores(self, texts: list[str]) -> Floats:
        """Shape (queries, documents)."""
        from scipy.sparse import csr_matrix

        pairs = [
            (row, self.vocabulary[word])
            for row, text in enumerate(texts)
            for word in set(words_of(text))
            if word in self.vocabulary
        ]
        rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
        shape = (len(texts), len(self.vocabulary))
        queries = csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=shape)
        return np.asarray((queries @ self.matrix).todense())


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: KnowledgeBaseParams) -> Artefact:
    """The items with the vectors of their questions and variants; nothing else is learned."""
    from safetensors.numpy import save

    vectors = np.vstack([_stack(train), _stack(validate)]).astype("float32")
    place = {code: n for n, code in enumerate(train["kb_code"])}
    owner = np.array([place[c] for c in [*train["kb_code"], *validate["kb_code"]]], np.int64)
    meta = {
        **params.model_dump(),
        "encoder_sha256": str(train["encoder_sha256"].iloc[0]),
        "texts": [*train["text"], *validate["text"]],
    }
    fields = train[[*ITEM_FIELDS, "keywords"]].assign(keywords=train["keywords"].map(json.loads))
    return {
        "vectors.safetensors": save({"vectors": vectors, "owner": owner}),
        "items.json": fields.to_json(orient="records").encode(),
        "meta.json": json.dumps(meta, sort_keys=True).encode(),
    }


def _stack(rows: pd.DataFrame) -> Floats:
    return np.stack([np.asarray(v, "float64") for v in rows["embedding"]])


class Retriever:
    """Search over the items of one snapshot."""

    def __init__(self, artefact: Artefact) -> None:
        from safetensors.numpy import load as unpack

        meta = json.loads(artefact["meta.json"])
        arrays = unpack(artefact["vectors.safetensors"])
        self.items = pd.DataFrame(json.loads(artefact["items.json"]))
        self.vectors, self.owner = arrays["vectors"].astype("float64"), arrays["owner"]
        self.weight, self.top_k = float(meta["bm25_weight"]), int(meta["top_k"])
        texts = pd.Series(meta["texts"]).groupby(self.owner).agg(" ".join).sort_index()
        documents = [
            f"{text} {' '.join(words)}"
            for text, words in zip(texts, self.items["keywords"], strict=True)
        ]
        self.bm25 = Bm25(documents, meta["bm25_k1"], meta["bm25_b"])
        self.audience = self.items["audience"].to_numpy()
        self.language = self.items["language_code"].to_numpy()

    def scores(
        self, texts: list[str], vectors: Floats, audience: list[str], language: list[str]
    ) -> tuple[Floats, Floats, Floats]:
        """Fused, lexical and dense scores, each (queries, items); -inf where not for the asker."""
        similar = vectors @ self.vectors.T
        dense = np.full((len(texts), len(self.items)), -1.0)
        np.maximum.at(dense.T, self.owner, similar.T)
        lexical = self.bm25.scores(texts)
        lexical = lexical / np.maximum(lexical.max(1, keepdims=True), 1e-9)
        fused = self.weight * lexical + (1 - self.weight) * dense
        asks = np.asarray(audience)[:, None]
        meant = (self.audience == Audience.ALL.value) | (self.audience == asks)
        meant &= self.language == np.asarray(language)[:, None]
        return np.where(meant, fused, -np.inf), lexical, dense

    def search(
        self, texts: list[str], vectors: Floats, audience: list[str], language: list[str]
    ) -> pd.DataFrame:
        """The best items of each query.

        Columns: place (list of row numbers in ``items``, best first), scores (list), top, gap,
        dense (similarity of the best), lexical (its share of the best lexical score).
        """
        fused, lexical, dense = self.scores(texts, vectors, audience, language)
        order = np.argsort(-fused, axis=1, kind="stable")[:, : self.top_k]
        best = np.take_along_axis(fused, order, 1)
        rows = np.arange(len(texts))
        second = best[:, 1] if best.shape[1] > 1 else np.zeros(len(texts))
        with np.errstate(invalid="ignore"):
            gap = np.nan_to_num(best[:, 0] - second, posinf=1.0, nan=0.0)
        return pd.DataFrame(
            {
                "place": order.tolist(),
                "scores": best.tolist(),
                "top": np.maximum(best[:, 0], -1.0),
                "gap": np.clip(gap, 0, 2),
                "dense": dense[rows, order[:, 0]],
                "lexical": lexical[rows, order[:, 0]],
            }
        )

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """kb_1..kb_k (codes, best first) and score of the best."""
        found = self.search(
            rows["text"].tolist(),
            _stack(rows),
            rows["audience"].tolist(),
            rows["language_code"].tolist(),
        )
        return self._named(np.array(found["place"].tolist()), found["top"], rows.index)

    def _named(self, places: NDArray[Any], top: Any, index: pd.Index) -> pd.DataFrame:
        codes = self.items["kb_code"].to_numpy()[places]
        named = {f"kb_{n + 1}": codes[:, n].astype(str) for n in range(codes.shape[1])}
        return pd.DataFrame({**named, "score": np.asarray(top, float)}, index=index)


def load(artefact: Artefact) -> Retriever:
    """Rebuild the retriever from verified bytes."""
    return Retriever(artefact)


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: KnowledgeBaseParams) -> pd.DataFrame:
    """BM25 alone, over the same texts."""
    documents = [
        " ".join([q, *json.loads(v), *json.loads(k)])
        for q, v, k in zip(train["question"], train["variants"], train["keywords"], strict=True)
    ]
    scores = Bm25(documents, params.bm25_k1, params.bm25_b).scores(test["text"].tolist())
    meant = train["audience"].to_numpy() == test["audience"].to_numpy()[:, None]
    meant |= train["audience"].to_numpy() == Audience.ALL.value
    order = np.argsort(-np.where(meant, scores, -np.inf), axis=1, kind="stable")[:, : params.top_k]
    codes = train["kb_code"].to_numpy()[order]
    named = {f"kb_{n + 1}": codes[:, n] for n in range(codes.shape[1])}
    return pd.DataFrame({**named, "score": scores.max(1)}, index=test.index)


def _ranks(predictions: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.float64]:
    """The place of the right item, 1 for the best; infinite where it was not found."""
    codes = predictions.filter(like="kb_").to_numpy()
    right = codes == rows["kb_code"].to_numpy()[:, None]
    return np.where(right.any(1), right.argmax(1) + 1.0, np.inf)


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Recall at 1 and 5, and the mean reciprocal rank."""
    ranks = _ranks(predictions, rows)
    return {
        "recall_at_1": float((ranks <= 1).mean()),
        "recall_at_5": float((ranks <= 5).mean()),
        "mrr": float((1 / ranks).mean()),
    }


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.float64]:
    """1 for a question whose item is not the first one found."""
    return (_ranks(predictions, rows) > 1).astype("float64")


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """By category and by who asks."""
    return {"category": rows["category"], "audience": rows["audience"]}


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, "Figure"]:
    """How far down the right item is found."""
    from matplotlib.figure import Figure

    ranks = np.minimum(_ranks(predictions, rows), 6)
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(1, 7), [(ranks == n).mean() for n in range(1, 7)])
    axes.set_xticks(range(1, 7), ["1", "2", "3", "4", "5", "not found"])
    axes.set(xlabel="place of the right item", ylabel="share of questions")
    return {"ranks": figure}
