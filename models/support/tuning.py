"""Fine-tune the sentence encoder on all that the support models learn from its vectors.

Three tasks share one network and one vector: intents and sentiments by cross-entropy on a cosine
head that starts at the class means, and the knowledge base by contrast, where the wordings and the
answer of one item belong together. The heads serve here only: the real ones are learned afterwards
on the finished vectors. Needs torch; takes minutes, so it runs when asked for (`encoder.recipe`).
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.params.language import TuningParams
from features.text import mistype, normalise
from models.support.bodies import Body, UpperBody, WholeBody, batches

RETRIEVAL = "retrieval"
SCALE = 20.0
"""What cosines are multiplied by before the softmax; sentence-transformers' default."""
Places = NDArray[np.int64]
Progress = Callable[[int, int, float], None]
"""Called with the step, the number of steps and the running loss."""


def tune(
    network: Any,
    tokenizer: Any,
    rows: pd.DataFrame,
    params: TuningParams,
    progress: Progress = lambda step, steps, loss: None,
) -> Any:
    """The network (token ids and mask in, unit vectors out), trained in place and returned.

    ``rows``: text, label, task. Every task but ``retrieval`` is a classification of its own; rows
    of ``retrieval`` with the same label are texts of one item.
    """
    import torch

    torch.manual_seed(params.seed)
    chance = np.random.default_rng(params.seed)
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    body = (UpperBody if params.frozen_layers else WholeBody)(network, tokenizer, params)
    _learn(network, body, rows, params, chance, progress)
    return network.to("cpu").eval()


def _learn(
    network: Any,
    body: Body,
    rows: pd.DataFrame,
    params: TuningParams,
    chance: np.random.Generator,
    progress: Progress,
) -> None:
    import torch

    tasks = {str(name): _Task(str(name), part, body) for name, part in
             rows.groupby("task", sort=True)}  # fmt: skip
    learned = [p for p in network.parameters() if p.requires_grad]
    heads = [task.centres for task in tasks.values() if task.centres is not None]
    optimiser = torch.optim.AdamW(
        [{"params": learned, "lr": params.learning_rate},
         {"params": heads, "lr": params.head_learning_rate, "weight_decay": 0.0}],
        weight_decay=0.01,
    )  # fmt: skip
    plan = [step for _ in range(params.epochs) for step in _epoch(tasks, params.batch_size, chance)]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _warm_then_down(len(plan)))
    body.train()
    running = 0.0
    for number, (task, places) in enumerate(plan):
        loss = tasks[task].loss(places, params, chance)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        schedule.step()
        running = loss.item() if number == 0 else 0.98 * running + 0.02 * loss.item()
        progress(number + 1, len(plan), running)


class _Task:
    """The rows of one task, and the head that they are learned with."""

    def __init__(self, name: str, rows: pd.DataFrame, body: Body) -> None:
        import torch

        self.name, self._body = name, body
        self.texts = [normalise(text) for text in rows["text"]]
        codes, classes = pd.factorize(rows["label"], sort=True)
        self.codes: Places = codes.astype("int64")
        self.centres: Any = None
        body.prepare(self.texts)
        if name == RETRIEVAL:
            self.mates = [np.flatnonzero(self.codes == n) for n in range(len(classes))]
            return
        order = np.argsort([len(text) for text in self.texts], kind="stable")
        with torch.no_grad():
            parts = batches([self.texts[i] for i in order])
            vectors = torch.cat([body.embed(part) for part in parts])
        places = torch.as_tensor(self.codes[order], device=vectors.device)
        means = torch.stack([vectors[places == n].mean(0) for n in range(len(classes))])
        self.centres = torch.nn.Parameter(torch.nn.functional.normalize(means, dim=1))

    def loss(self, places: Places, params: TuningParams, chance: np.random.Generator) -> Any:
        """Cross-entropy of one batch."""
        import torch

        texts = [self._garbled(i, params.typo_share, chance) for i in places]
        if self.name != RETRIEVAL:
            centres = torch.nn.functional.normalize(self.centres, dim=1)
            logits = SCALE * self._body.embed(texts) @ centres.T
            return torch.nn.functional.cross_entropy(
                logits,
                torch.as_tensor(self.codes[places], device=logits.device),
                label_smoothing=params.smoothing,
            )
        others = [self.texts[self._mate(i, chance)] for i in places]
        near = SCALE * self._body.embed(texts) @ self._body.embed(others).T
        own = torch.arange(len(places), device=near.device)
        loss = torch.nn.functional.cross_entropy
        return params.retrieval_weight * (loss(near, own) + loss(near.T, own)) / 2

    def _garbled(self, place: int, share: float, chance: np.random.Generator) -> str:
        text = self.texts[place]
        return mistype(text, chance) if chance.random() < share else text

    def _mate(self, place: int, chance: np.random.Generator) -> int:
        """Another text of the same item."""
        mates = self.mates[self.codes[place]]
        return int(chance.choice(mates[mates != place]))


def _epoch(
    tasks: dict[str, _Task], size: int, chance: np.random.Generator
) -> Iterator[tuple[str, Places]]:
    """Every row once, in batches of one task, the batches of all tasks mixed.

    A batch holds texts of like length (less padding); one of retrieval holds every item once, so
    that no text of the same item counts as wrong.
    """
    batches: list[tuple[str, Places]] = []
    for name, task in tasks.items():
        order = chance.permutation(len(task.texts))
        if name == RETRIEVAL:
            turn = pd.Series(task.codes[order]).groupby(task.codes[order]).cumcount().to_numpy()
            order = order[np.argsort(turn, kind="stable")]
            whole = [order[turn[np.argsort(turn, kind="stable")] == n] for n in np.unique(turn)]
            batches += [(name, part) for rows in whole for part in _cut(rows, size)]
            continue
        for pool in _cut(order, size * 16):
            lengths = np.array([len(task.texts[i]) for i in pool])
            batches += [(name, part) for part in _cut(pool[np.argsort(lengths)], size)]
    for place in chance.permutation(len(batches)):
        yield batches[place]


def _cut(rows: Places, size: int) -> list[Places]:
    """Pieces of ``size`` rows; a last piece too small to learn from is left out."""
    pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [piece for piece in pieces if len(piece) > size // 4 or len(pieces) == 1]


def _warm_then_down(steps: int, warm: float = 0.1) -> Callable[[int], float]:
    """Share of the learning rate at a step: up over the first tenth, then straight down."""
    return lambda step: min((step + 1) / (warm * steps), (steps - step) / ((1 - warm) * steps))
