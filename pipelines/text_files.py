"""Measure a text model's recipe on files of one's own: any ``text,label`` in, metrics out.

The same code as for the bundled text: an encoder tuned on the rows, exported as int8, a head on its
vectors, calibrated on rows that neither has learned from. Nothing is registered or served.
"""

import json
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from core.enums import Sentiment
from core.errors import BadInput
from core.intents import UNKNOWN
from features.text import normalise
from models.catalog import spec_of
from models.contract import Artefact, Dataset
from pipelines.context import Context
from pipelines.datasets import texts
from pipelines.training import judging_rules

MODELS = ("intent", "sentiment")
COLUMNS = ("text", "label")
FEWEST_PER_LABEL = 2
Progress = Callable[[int, int, float], None]


def learn_from_files(
    name: str,
    train: Path,
    test: Path,
    ctx: Context,
    validate: Path | None = None,
    progress: Progress = lambda step, steps, loss: None,
) -> dict[str, Any]:
    """``{"model", "recipe", "metrics", "interval", "baseline", "rows", "seconds"}``.

    Without ``validate``, ``text_files.validate_share`` of the training rows are kept aside for the
    temperature and the out-of-scope threshold. Training rows whose text stands in ``test`` or
    ``validate`` are left out and counted.

    Raises
    ------
    BadInput
        For another model, an unreadable file, missing columns, empty texts or labels, a label with
        one training row, or a test label that training does not have.
    """
    began = time.monotonic()
    if name not in MODELS:
        raise BadInput(f"expected one of {MODELS} to learn from text,label; got {name!r}")
    dataset, left_out = _dataset(name, train, test, validate, ctx)
    encoder = _encoder(dataset.train.assign(task=name), ctx, progress)
    judged = _judged(name, dataset, encoder, ctx)
    return {
        "model": name,
        "recipe": ctx.params.encoder.recipe,
        **judged.summary(),
        "rows": {
            "train": len(dataset.train),
            "validate": len(dataset.validate),
            "test": len(dataset.test),
            "left_out": left_out,
        },
        "seconds": round(time.monotonic() - began, 1),
    }


def _dataset(
    name: str, train: Path, test: Path, validate: Path | None, ctx: Context
) -> tuple[Dataset, int]:
    known, asked = read(train), read(test)
    if validate is None:
        known, kept = texts.split(known, ctx.params.text_files.validate_share)
    else:
        kept = read(validate)
    elsewhere = {text.casefold() for text in [*asked["text"], *kept["text"]]}
    fresh = known[~known["text"].str.casefold().isin(elsewhere)].reset_index(drop=True)
    _check(name, fresh, kept, asked)
    judged = asked.assign(acceptable=asked["label"], kind="file")
    return Dataset(fresh, kept, judged, ""), len(known) - len(fresh)


def read(path: Path) -> pd.DataFrame:
    """text (normalised), label of a CSV or Parquet file; BadInput says what is wrong with it."""
    try:
        if path.suffix == ".parquet":
            rows = pd.read_parquet(path)
        else:
            rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: expected CSV or Parquet with text,label; got {error}") from None
    missing = [column for column in COLUMNS if column not in rows]
    if missing:
        raise BadInput(f"{path}: expected columns text,label; missing {missing}")
    rows = rows[list(COLUMNS)].astype("string").fillna("")
    clean = rows.assign(text=rows["text"].map(normalise), label=rows["label"].str.strip())
    empty = (clean["text"] == "") | (clean["label"] == "")
    if empty.any() or clean.empty:
        where = (
            f"row {int(empty.to_numpy().argmax()) + 1} lacks one"
            if len(clean)
            else "there are none"
        )
        raise BadInput(f"{path}: expected a text and a label in every row; {where}")
    return clean.astype("object").reset_index(drop=True)


def _check(name: str, train: pd.DataFrame, kept: pd.DataFrame, asked: pd.DataFrame) -> None:
    counts = train["label"].value_counts()
    rare = counts[counts < FEWEST_PER_LABEL].index.tolist()
    if len(counts) < FEWEST_PER_LABEL or rare:
        found = f"one row of {rare[:5]}" if rare else f"only {counts.index.tolist()}"
        raise BadInput(f"expected two labels or more with two training rows each; got {found}")
    if name == "sentiment" and (odd := sorted(set(counts.index) ^ {*map(str, Sentiment)})):
        raise BadInput(f"sentiment: expected the labels {[*map(str, Sentiment)]}; differs in {odd}")
    for part, rows in {"validation": kept, "test": asked}.items():
        outside = {UNKNOWN} if name == "intent" else set()  # asked about, never learned
        odd = sorted(set(rows["label"]) - set(counts.index) - outside)
        if odd:
            raise BadInput(f"expected {part} labels that training has; got {odd[:5]} besides")


def _encoder(rows: pd.DataFrame, ctx: Context, progress: Progress) -> Artefact:
    from models.support import encoder, network

    params = ctx.params.encoder
    return {
        encoder.MODEL: network.make(rows, params, progress),
        encoder.TOKENIZER: (network.source() / encoder.TOKENIZER).read_bytes(),
        encoder.META: json.dumps(params.model_dump()).encode(),
    }


def _judged(name: str, dataset: Dataset, encoder: Artefact, ctx: Context) -> Any:
    from models import judging
    from models.support.encoder import encoder_sha256, load

    network, sha = load(encoder), encoder_sha256(encoder)

    def embedded(rows: pd.DataFrame) -> pd.DataFrame:
        vectors = network.embed(rows["text"].tolist())
        return rows.assign(embedding=list(vectors), encoder_sha256=sha)

    spec = spec_of(name)
    module, params = import_module(spec.module), getattr(ctx.params, spec.params)
    train, validate, test = map(embedded, (dataset.train, dataset.validate, dataset.test))
    whole = Dataset(train, validate, test, "")
    model = module.load(module.fit(whole.train, whole.validate, params))
    return judging.judge(module, model, whole, params, judging_rules(ctx))
