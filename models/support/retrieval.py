"""Which item of the knowledge base answers a question: BM25 and sentence vectors, fused.

Exact search: at this size a matrix product is faster than any index. Items for another audience
or language are out before ranking. How much each way of matching counts, and how far the result can
be trusted, is learned from questions that another hand wrote and from messages that no item
answers.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import ReleaseRefused
from core.params.language import KnowledgeBaseParams
from features.text import normalise
from models.contract import Artefact, Card
from models.support import fusion, heads
from models.support import mistakes as pages
from models.support.bm25 import Bm25
from models.support.fusion import Found, Index

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "knowledge_base"
BASELINE = "bm25"
PRIMARY = "recall_at_1"
HIGHER_IS_BETTER = True
INPUTS = ("text", "embedding", "intent_probabilities", "audience", "language_code")
ABOUT = Card(
    purpose="Finds the item of the knowledge base that answers a question.",
    limits="English items, a core of them in Spanish and French; a question the base does not "
    "cover still finds its nearest item, with a low confidence.",
    not_for="Answering without the policy of the support engine in between.",
)
ITEMS, TEXTS, VECTORS, META = "items.json", "texts.json", "embeddings.safetensors", "meta.json"
SHOWN_MISTAKES = 60
Embed = Callable[[Sequence[str]], NDArray[np.float32]]
ITEM_FIELDS = [
    "kb_code", "item_version", "intent", "category", "question", "answer", "audience",
    "language_code",
]  # fmt: skip


class Retriever:
    """Search over the items of one snapshot."""

    def __init__(self, artefact: Artefact) -> None:
        from safetensors.numpy import load as unpack

        self._artefact = artefact
        self._meta: dict[str, Any] = json.loads(artefact[META])
        if self._meta["signals"] != fusion.SIGNALS:
            raise ReleaseRefused(
                f"expected an index ranked by {', '.join(fusion.SIGNALS)}; this one knows "
                f"{', '.join(self._meta['signals'])}: train knowledge_base again"
            )
        self.encoder_sha256: str = self._meta["encoder_sha256"]
        self.items: list[dict[str, Any]] = json.loads(artefact[ITEMS])
        self._texts: list[str] = json.loads(artefact[TEXTS])
        arrays = unpack(artefact[VECTORS])
        self._vectors, self._owner = arrays["vectors"], arrays["owner"]
        self._answers = arrays["answers"]
        self._index = Index(
            pd.DataFrame(self.items),
            self._texts,
            arrays["vectors"].astype("float32"),
            self._owner,
            self._answers,
            (self._meta["bm25_k1"], self._meta["bm25_b"]),
        )
        self._weights = np.asarray(self._meta["fusion"])
        self._confidence = np.asarray(self._meta["confidence"])

    def search(
        self,
        texts: Sequence[str],
        embeddings: NDArray[np.float32],
        probabilities: NDArray[np.float64],
        audiences: Sequence[str],
        languages: Sequence[str],
    ) -> Found:
        """The best items of each question, with the probability that the first is right.

        ``probabilities``: of the question's intent, shape (n, 44).
        """
        signals = self._index.signals(texts, embeddings)
        allowed = self._index.allowed(audiences, languages)
        return fusion.rank(
            signals, allowed, self._index.intents, probabilities, self._weights,
            self._confidence, self._meta["top_k"],
        )  # fmt: skip

    def over(self, items: Sequence[Mapping[str, Any]], embed: Embed) -> "Retriever":
        """The same ranking and trust over other items; what is known already is not embedded again.

        ``items``: mappings of ITEM_FIELDS and variants. Further wordings of an item stay with it as
        long as its question does.
        """
        known = dict(zip(self._texts, self._vectors, strict=True))
        own = {item["kb_code"]: item for item in self.items}
        wordings, answers = self._by_item()
        rows = []
        for item in items:
            fields = {name: item[name] for name in ITEM_FIELDS}
            code = item["kb_code"]
            said, answer = wordings.get(code, []), answers.get(code, "")
            if own.get(code) != fields:  # else nothing of it is new
                before = own.get(code, {})
                same = normalise(item["question"]) == normalise(before.get("question", ""))
                now = [normalise(text) for text in (item["question"], *item["variants"])]
                said = list(dict.fromkeys([*now, *(said if same else [])]))
                answer = normalise(item["answer"])
            rows += [{**fields, "part": "wording", "text": text} for text in said]
            rows.append({**fields, "part": "answer", "text": answer})
        train = pd.DataFrame(rows)
        fresh = [text for text in dict.fromkeys(train["text"]) if text not in known]
        known |= dict(zip(fresh, embed(fresh), strict=True)) if fresh else {}
        vectors = [known[text] for text in train["text"]]
        train = train.assign(embedding=vectors, encoder_sha256=self.encoder_sha256)
        return Retriever(reindexed(self._artefact, train))

    def _by_item(self) -> tuple[dict[str, list[str]], dict[str, str]]:
        """Wordings and answer of every item, normalised, by its code."""
        wordings: dict[str, list[str]] = {}
        answers: dict[str, str] = {}
        for text, place, answer in zip(self._texts, self._owner, self._answers, strict=True):
            code = self.items[place]["kb_code"]
            if answer:
                answers[code] = text
            else:
                wordings.setdefault(code, []).append(text)
        return wordings, answers

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """kb_1..kb_k (codes, best first; empty where nothing is allowed), score, confidence."""
        found = self.search(
            rows["text"].tolist(),
            heads.stack(rows["embedding"].tolist()),
            np.array(rows["intent_probabilities"].tolist()),
            rows["audience"].tolist(),
            rows["language_code"].tolist(),
        )
        codes = np.array([*(item["kb_code"] for item in self.items), ""], dtype=object)
        named = {f"kb_{n + 1}": codes[places] for n, places in enumerate(found.places.T)}
        return pd.DataFrame(
            {**named, "score": found.scores[:, 0], "confidence": found.confidence},
            index=rows.index,
        )


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: KnowledgeBaseParams) -> Artefact:
    """Index ``train`` (one row a text of an item) and learn from ``validate`` how to trust it.

    ``train``: kb_code and the item's fields, text, part (question, variant, answer), embedding.
    ``validate``: text, embedding, intent_probabilities, audience, language_code, kb_code (empty:
    nothing answers it).
    """
    files, items, owner = _indexed(train)
    texts, vectors = train["text"].tolist(), heads.stack(train["embedding"].tolist())
    place = {code: n for n, code in enumerate(items["kb_code"])}
    index = Index(
        items, texts, vectors.astype("float16").astype("float32"), owner,
        (train["part"] == "answer").to_numpy(), (params.bm25_k1, params.bm25_b),
    )  # fmt: skip
    signals, allowed, right = _asked(index, validate, place)
    weights = fusion.learn_weights(signals, allowed, right, params.penalty)
    probabilities = np.array(validate["intent_probabilities"].tolist())
    confidence = fusion.learn_confidence(
        signals, allowed, index.intents, probabilities, right, weights
    )
    meta = {
        "top_k": params.top_k,
        "bm25_k1": params.bm25_k1,
        "bm25_b": params.bm25_b,
        "signals": fusion.SIGNALS,
        "fusion": weights.tolist(),
        "confidence": confidence.tolist(),
        "encoder_sha256": heads.encoder_of(train),
    }
    return {**files, META: json.dumps(meta, sort_keys=True).encode()}


def reindexed(artefact: Artefact, train: pd.DataFrame) -> Artefact:
    """The same ranking and trust over other items; ``train`` as in ``fit``, by the same encoder."""
    sha256 = json.loads(artefact[META])["encoder_sha256"]
    if heads.encoder_of(train) != sha256:
        raise ReleaseRefused(f"expected vectors of encoder {sha256}, got {heads.encoder_of(train)}")
    return {**_indexed(train)[0], META: artefact[META]}


def _indexed(train: pd.DataFrame) -> tuple[Artefact, pd.DataFrame, NDArray[np.int64]]:
    """The files of an index, its items, and which of them each text belongs to."""
    from safetensors.numpy import save

    items = train.drop_duplicates("kb_code")[ITEM_FIELDS].reset_index(drop=True)
    place = {code: n for n, code in enumerate(items["kb_code"])}
    owner = train["kb_code"].map(place).to_numpy("int64")
    answers = (train["part"] == "answer").to_numpy()
    vectors = heads.stack(train["embedding"].tolist()).astype("float16")
    files = {
        ITEMS: items.to_json(orient="records").encode(),
        TEXTS: json.dumps(train["text"].tolist()).encode(),
        VECTORS: save({"vectors": vectors, "owner": owner, "answers": answers}),
    }
    return files, items, owner


def _asked(
    index: Index, rows: pd.DataFrame, place: dict[str, int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Signals, allowed items and the right one (-1: none) of each question."""
    embeddings = heads.stack(rows["embedding"].tolist())
    signals = index.signals(rows["text"].tolist(), embeddings)
    allowed = index.allowed(rows["audience"].tolist(), rows["language_code"].tolist())
    right = rows["kb_code"].map(place).fillna(-1).to_numpy()
    return signals, allowed, right.astype("int64")


def load(artefact: Artefact) -> Retriever:
    """Rebuild the retriever from verified bytes."""
    return Retriever(artefact)


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: KnowledgeBaseParams) -> pd.DataFrame:
    """BM25 alone over all that is known of an item, the same items allowed."""
    items = train.drop_duplicates("kb_code").reset_index(drop=True)
    documents = train.groupby("kb_code", sort=False)["text"].agg(" ".join)
    scores = Bm25(documents.tolist(), params.bm25_k1, params.bm25_b).scores(test["text"].tolist())
    allowed = fusion.allowed(items, test["audience"].tolist(), test["language_code"].tolist())
    order = np.argsort(-np.where(allowed, scores, -1.0), axis=1, kind="stable")[:, : params.top_k]
    codes = items["kb_code"].to_numpy(dtype=object)
    named = {f"kb_{n + 1}": codes[places] for n, places in enumerate(order.T)}
    best = np.take_along_axis(scores, order[:, :2], axis=1)
    share = best[:, 0] / np.maximum(best.sum(axis=1), 1e-9)
    return pd.DataFrame({**named, "score": best[:, 0], "confidence": share}, index=test.index)


def _ranks(predictions: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.float64]:
    """The place of the right item, 1 for the best; infinite where it was not found."""
    codes = predictions.filter(regex=r"^kb_\d+$").to_numpy()
    right = codes == rows["kb_code"].to_numpy()[:, None]
    return np.where(right.any(axis=1), right.argmax(axis=1) + 1.0, np.inf)


def from_mean_loss(loss: float) -> float:
    """Recall at 1."""
    return 1 - loss


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Recall at 1 and 5, mean reciprocal rank, and how honest the confidence is."""
    from models.judging import expected_calibration_error

    ranks = _ranks(predictions, rows)
    confidence = predictions["confidence"].to_numpy("float64")
    return {
        "recall_at_1": from_mean_loss(float(losses(predictions, rows).mean())),
        "recall_at_5": float((ranks <= 5).mean()),
        "mrr": float((1 / ranks).mean()),
        "calibration_error": expected_calibration_error(confidence, ranks <= 1),
    }


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.float64]:
    """1 for a question whose item is not the first one found."""
    return (_ranks(predictions, rows) > 1).astype("float64")


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """By category and by who asks."""
    return {"category": rows["category"], "audience": rows["audience"]}


def mistakes(predictions: pd.DataFrame, rows: pd.DataFrame) -> str:
    """Questions whose item was not found first, the surest errors first, with what was found."""
    ranks = _ranks(predictions, rows)
    found = predictions.filter(regex=r"^kb_[123]$").to_numpy()
    order = np.argsort(-predictions["confidence"].to_numpy("float64"), kind="stable")
    wrong = [row for row in order if ranks[row] > 1]
    width = predictions.filter(regex=r"^kb_\d+$").shape[1]
    cells = (
        (
            pages.cell(str(rows["text"].iloc[row])),
            str(rows["kb_code"].iloc[row]),
            f"{ranks[row]:.0f}" if ranks[row] <= width else "not found",
            ", ".join(found[row]),
            f"{predictions['confidence'].iloc[row]:.2f}",
        )
        for row in wrong[:SHOWN_MISTAKES]
    )
    return pages.listed(
        f"{len(wrong)} of {len(rows)} questions did not find their item first.",
        ("question", "its item", "its place", "found", "confidence"),
        cells,
    )


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """How far down the right item is found; how honest the confidence is."""
    from matplotlib.figure import Figure

    from models.support import pictures

    ranks = np.minimum(_ranks(predictions, rows), 6)
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.bar(range(1, 7), [float((ranks == n).mean()) for n in range(1, 7)])
    axes.set_xticks(range(1, 7), ["1", "2", "3", "4", "5", "not found"])
    axes.set(xlabel="place of the right item", ylabel="share of questions")
    confidence = predictions["confidence"].to_numpy("float64")
    return {"ranks": figure, "reliability": pictures.reliability(confidence, ranks <= 1)}
