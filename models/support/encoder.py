"""The sentence encoder that every text model shares: MiniLM-L6, tuned, int8, ONNX Runtime.

Exported once with mean pooling and unit length inside the graph. Loading needs no torch. Tuning
takes minutes, so the network it gave is bundled (``data/encoder``) with what it was made from.
"""

import hashlib
import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from cachetools import LRUCache
from numpy.typing import NDArray

from core.errors import ArtefactTampered
from core.params.language import EncoderParams
from features.text import hashed_grams, normalise
from models.contract import Artefact, Card
from models.support import network

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "encoder"
BASELINE = "TF-IDF nearest neighbour"
PRIMARY = "recall_at_1"
HIGHER_IS_BETTER = True
INPUTS = ("text",)
ABOUT = Card(
    purpose="Turns a message into 384 numbers from which intent, sentiment and answers are found.",
    limits="English above all; a text is cut after `max_tokens` word pieces. Batches are "
    "quantised together, so the same text may differ by about 0.01 in cosine between batches.",
    not_for="Judging people, or comparing texts of languages it was not trained on.",
)
WIDTH = 384
BUNDLED = Path(__file__).parents[2] / "data" / "encoder"
RECIPE = "recipe.json"
INTENT = "intent"
MODEL, TOKENIZER, META, PROBE = "model.onnx", "tokenizer.json", "meta.json", "probe.safetensors"
_BASELINE_DIMENSIONS = 2**15

Floats = NDArray[np.float32]


class TextEncoder:
    """Texts in, unit vectors out. ``predict`` names the label of the nearest known text."""

    def __init__(self, artefact: Artefact) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self._artefact = artefact
        self._meta: dict[str, Any] = json.loads(artefact[META])
        self._tokenizer = Tokenizer.from_str(artefact[TOKENIZER].decode())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._meta["max_tokens"])
        self._known: LRUCache[str, Floats] = LRUCache(self._meta["cached_texts"])
        self._lock = threading.Lock()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._meta["threads"]
        options.inter_op_num_threads = 1
        # a thread that spins while it waits takes the core that a neighbour computes on
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            artefact[MODEL], options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def sha256(self) -> str:
        """Which encoder this is; heads record it."""
        return encoder_sha256(self._artefact)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of unit length, shape (n, 384), in the order of ``texts``.

        A text met lately is not computed again: people greet, thank and ask where their driver is
        in the same words.
        """
        clean = [normalise(text) for text in texts]
        with self._lock:
            found = {text: self._known[text] for text in set(clean) & self._known.keys()}
        fresh = sorted(set(clean) - found.keys())
        if fresh:
            rows = self._computed(fresh)
            # copies: a view would keep the whole batch in memory
            computed = {text: row.copy() for text, row in zip(fresh, rows, strict=True)}
            found |= computed
            with self._lock:
                self._known.update(computed)
        return np.stack([found[text] for text in clean]) if clean else np.empty((0, WIDTH), "f4")

    def _computed(self, texts: list[str]) -> Floats:
        """Texts of like length go together: padding is computed like any other token."""
        ids = [e.ids for e in self._tokenizer.encode_batch(texts)]
        lengths = np.fromiter(map(len, ids), "int64", len(ids))
        order = np.argsort(lengths, kind="stable")
        vectors = np.empty((len(ids), WIDTH), "float32")
        for start in range(0, len(order), self._meta["batch_size"]):
            batch = order[start : start + self._meta["batch_size"]]
            vectors[batch] = self._forward([ids[i] for i in batch])
        return vectors

    def _forward(self, ids: list[list[int]]) -> Floats:
        longest = max(map(len, ids))
        tokens = np.zeros((len(ids), longest), "int64")
        mask = np.zeros_like(tokens)
        for row, numbers in enumerate(ids):
            tokens[row, : len(numbers)] = numbers
            mask[row, : len(numbers)] = 1
        given = {"input_ids": tokens, "attention_mask": mask}
        vectors: Floats = self._session.run(None, given)[0]
        return vectors

    @cached_property
    def _probe(self) -> Floats:
        from safetensors.numpy import load

        return load(self._artefact[PROBE])["vectors"].astype("float32")

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``nearest``, the label of the nearest text it was probed with, and its ``similarity``."""
        vectors = self.embed(rows["text"].tolist())
        similarity = vectors @ self._probe.T
        best = similarity.argmax(axis=1)
        labels = np.asarray(self._meta["probe_labels"], dtype=object)
        return pd.DataFrame(
            {"nearest": labels[best], "similarity": similarity.max(axis=1).astype("float64")},
            index=rows.index,
        )


def encoder_sha256(artefact: Artefact) -> str:
    """SHA-256 of the network's bytes."""
    return hashlib.sha256(artefact[MODEL]).hexdigest()


def fit(train: pd.DataFrame, validate: pd.DataFrame, params: EncoderParams) -> Artefact:
    """The network that ``params.recipe`` names, and the messages it is probed with.

    ``train``: text, label, task. ``bundled`` takes the network that lies in ``data/encoder``,
    ``quick`` and ``full`` make it from these rows, ``plain`` exports MiniLM as it was published.
    """
    from safetensors.numpy import save

    # that module loads encoders, so it stands on this one
    from models.support.known_vectors import embed

    made = params.recipe != "bundled"
    content = network.make(train, params) if made else bundled()
    known = _probed(train, params)
    meta = {
        **params.model_dump(),
        "source": network.PACKAGE,
        "probe_labels": known["label"].tolist(),
    }
    artefact = {
        MODEL: content,
        TOKENIZER: (network.source() / TOKENIZER).read_bytes(),
        META: json.dumps(meta, sort_keys=True).encode(),
    }
    vectors = embed(known["text"].tolist(), artefact)
    artefact[PROBE] = save({"vectors": vectors.astype("float16")})
    return artefact


def _probed(train: pd.DataFrame, params: EncoderParams) -> pd.DataFrame:
    """The messages a test message may find as its nearest: as many of every intent."""
    messages = train[train["task"] == INTENT]
    return messages.groupby("label").head(params.probe_per_label)


def bundled() -> bytes:
    """The network in ``data/encoder``, if its bytes are those its recipe records.

    Raises
    ------
    ArtefactTampered
        If they are not.
    """
    content = (BUNDLED / MODEL).read_bytes()
    wanted = json.loads((BUNDLED / RECIPE).read_text())["sha256"]
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ArtefactTampered(f"{BUNDLED / MODEL}: expected SHA-256 {wanted}, got {found}")
    return content


def load(artefact: Artefact) -> TextEncoder:
    """The encoder from verified bytes; ONNX Runtime and tokenizers only."""
    return TextEncoder(artefact)


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: EncoderParams) -> pd.DataFrame:
    """The label of the training text with the nearest n-grams, rare ones weighing more."""
    train = _probed(train, params)
    known = hashed_grams(train["text"].tolist(), _BASELINE_DIMENSIONS)
    rarity = np.log(len(train) / (1 + known.getnnz(axis=0)))
    asked = hashed_grams(test["text"].tolist(), _BASELINE_DIMENSIONS).multiply(rarity).tocsr()
    known = known.multiply(rarity).tocsr()
    similarity = (asked @ known.T).toarray() / _lengths(known) / _lengths(asked)[:, None]
    labels = train["label"].to_numpy(dtype=object)
    return pd.DataFrame(
        {"nearest": labels[similarity.argmax(axis=1)], "similarity": similarity.max(axis=1)},
        index=test.index,
    )


def _lengths(rows: Any) -> NDArray[np.float64]:
    """Euclidean length of each sparse row, never zero."""
    return np.maximum(np.sqrt(rows.power(2).sum(axis=1)).A1, 1e-9)


def from_mean_loss(loss: float) -> float:
    """Recall at 1 of an acceptable label."""
    return 1 - loss


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Share of texts whose nearest known text has an acceptable label."""
    return {
        "recall_at_1": from_mean_loss(float(losses(predictions, rows).mean())),
        "mean_similarity": float(predictions["similarity"].mean()),
    }


def losses(predictions: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.float64]:
    """0 where the nearest known text has an acceptable label, else 1."""
    pairs = zip(predictions["nearest"], rows["acceptable"], strict=True)
    return np.array([float(near not in fair.split("|")) for near, fair in pairs])


def slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """By how the message is written."""
    return {"kind": rows["kind"]}


def plots(predictions: pd.DataFrame, rows: pd.DataFrame) -> "dict[str, Figure]":
    """How similar the nearest known text is, where its label is right and where it is wrong."""
    from matplotlib.figure import Figure

    wrong = losses(predictions, rows).astype(bool)
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    parts = [predictions["similarity"][~wrong], predictions["similarity"][wrong]]
    axes.hist(parts, bins=30, stacked=True, label=["right", "wrong"])
    axes.set(xlabel="cosine to the nearest known text", ylabel="messages")
    axes.legend()
    return {"similarity": figure}
