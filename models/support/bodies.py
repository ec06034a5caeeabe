"""What is trained of a network: texts in, vectors with gradients out. Needs torch.

`WholeBody` runs every layer. `UpperBody` keeps the lowest layers as they were published and
computes them once a text, so that an epoch costs only the layers above.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from core.params.language import TuningParams

MAX_TOKENS = 64
"""Of a text in training; longer ones are cut."""
BATCH = 64


class WholeBody:
    """Every layer is run and trained."""

    def __init__(self, network: Any, tokenizer: Any, params: TuningParams) -> None:
        self._network, self._tokenizer, self._params = network, tokenizer, params

    def prepare(self, texts: Sequence[str]) -> None:
        """Nothing can be computed ahead."""

    def train(self) -> None:
        self._network.train()

    def embed(self, texts: Sequence[str]) -> Any:
        """Unit vectors, shape (n, width), of the network's current weights."""
        ids, mask = _tokens(self._tokenizer, texts, self._network)
        with _precision(self._params.precision):
            return self._network(ids, mask)


class UpperBody:
    """The lowest layers and the word embeddings stay; their output is remembered."""

    def __init__(self, network: Any, tokenizer: Any, params: TuningParams) -> None:
        transformer, frozen = network.network, params.frozen_layers
        self._network, self._tokenizer, self._params = network, tokenizer, params
        self._words = transformer.embeddings
        self._lower = transformer.encoder.layer[:frozen]
        self._upper = transformer.encoder.layer[frozen:]
        for part in (self._words, self._lower):
            part.requires_grad_(False)
        self._states: dict[str, Any] = {}

    def prepare(self, texts: Sequence[str]) -> None:
        """Compute and keep what the frozen layers make of ``texts``; half precision, per token."""
        self._network.eval()
        for part in batches(sorted(set(texts) - self._states.keys(), key=len)):
            self._states |= dict(zip(part, self._below(part), strict=True))

    def train(self) -> None:
        self._network.train()
        self._words.eval()
        self._lower.eval()

    def embed(self, texts: Sequence[str]) -> Any:
        """Unit vectors, shape (n, width); a text that was not prepared goes through every layer."""
        import torch

        fresh = [text for text in dict.fromkeys(texts) if text not in self._states]
        known = self._states | dict(zip(fresh, self._below(fresh), strict=True))
        rows = [known[text] for text in texts]
        states = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(torch.float32)
        lengths = torch.tensor([len(row) for row in rows], device=states.device)
        mask = torch.arange(states.shape[1], device=states.device) < lengths[:, None]
        with _precision(self._params.precision):
            for layer in self._upper:
                states = layer(states, _additive(mask))
            return self._network.pool(states, mask)

    def _below(self, texts: Sequence[str]) -> list[Any]:
        """States over the frozen layers, one (tokens, width) a text."""
        import torch

        if not texts:
            return []
        with torch.no_grad(), _precision(self._params.precision):
            ids, mask = _tokens(self._tokenizer, texts, self._network)
            states = self._words(input_ids=ids, token_type_ids=torch.zeros_like(ids))
            for layer in self._lower:
                states = layer(states, _additive(mask))
            lengths = mask.sum(1).tolist()
            half = states.to(torch.float16)
        return [row[:length].clone() for row, length in zip(half, lengths, strict=True)]


Body = WholeBody | UpperBody


def batches(texts: Sequence[str], size: int = BATCH) -> Iterable[list[str]]:
    """Pieces of ``size`` texts, in order."""
    return (list(texts[start : start + size]) for start in range(0, len(texts), size))


def _tokens(tokenizer: Any, texts: Sequence[str], network: Any) -> tuple[Any, Any]:
    """Token ids and mask, shape (n, longest), where the network lies."""
    device = next(network.parameters()).device
    found = tokenizer(
        list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    )
    return found["input_ids"].to(device), found["attention_mask"].to(device)


def _additive(mask: Any) -> Any:
    """The mask as a layer adds it to its scores: 0 for a token, very small for padding."""
    return (~mask.bool())[:, None, None, :].float() * -1e9


def _precision(wanted: str) -> Any:
    """Automatic mixed precision; ``auto`` is bfloat16 where the processor multiplies it itself."""
    import torch

    on_gpu = torch.cuda.is_available()
    native = on_gpu or torch.cpu._is_avx512_bf16_supported()
    half = wanted == "bfloat16" or (wanted == "auto" and native)
    return torch.autocast("cuda" if on_gpu else "cpu", torch.bfloat16, enabled=half)
