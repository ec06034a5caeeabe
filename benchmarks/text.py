"""`tripo bench text`: the language models on public data and on our own, beside peers.

Thresholds and settings come from validation rows and params.yaml; the seeds are named before.
Public files are read from the folder that TRIPO_DATA names, our own text is bundled.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import text_peers
from benchmarks.report import Row
from core.errors import BadInput
from pipelines.context import Context
from pipelines.text_files import learn_from_files

FALSE_REJECTS = 0.03
FOLDS = 5
Say = Callable[[str], None]


def rows(
    ctx: Context, only: Sequence[str], recipe: str, seeds: Sequence[int], say: Say
) -> Iterator[list[Row]]:
    """The rows of each set in turn, as soon as they are measured."""
    for name in only or SETS:
        if name not in SETS:
            raise BadInput(f"expected a set out of {', '.join(SETS)}; got {name!r}")
        say(f"{name}, recipe {recipe}, seeds {', '.join(map(str, seeds))}")
        yield SETS[name](ctx, recipe, seeds, say)


def _banking77(ctx: Context, recipe: str, seeds: Sequence[int], say: Say) -> list[Row]:
    folder = _public(ctx) / "intents"
    train = _labelled(folder / "banking77_train.parquet", "intent")
    test = _labelled(folder / "banking77_test.parquet", "intent")
    found = _learned("intent", train, test, None, ctx, recipe, seeds, say)
    return _classified("BANKING77", recipe, found, 0.948, text_peers.classifiers(train, test, say))


def _clinc150(ctx: Context, recipe: str, seeds: Sequence[int], say: Say) -> list[Row]:
    """Trained without out-of-scope rows; those of the validation split choose the score."""
    path = _public(ctx) / "intents" / "clinc150_full.parquet"
    every = _labelled(path, "intent")
    every = every.assign(label=every["label"].mask(every["oos"], "unknown"))
    parts = {name: every[every["split"].str.contains(name)] for name in ("train", "val", "test")}
    train = parts["train"][~parts["train"]["oos"]]
    found = _learned("intent", train, parts["test"], parts["val"], ctx, recipe, seeds, say)
    inside = parts["test"][~parts["test"]["oos"]]
    peers = text_peers.classifiers(train, inside, say)
    accuracy = Row(
        f"CLINC150 in scope, {recipe}",
        _all(found, "first_guess_accuracy"), "accuracy", 0.968, peers=peers,
    )  # fmt: skip
    recall = Row(
        f"CLINC150 out of scope, {recipe}", _all(found, "out_of_scope_recall"), "recall", 0.90,
        note=f"at {FALSE_REJECTS:.0%} false rejects on validation rows; on test rows "
        + ", ".join(f"{share:.2%}" for share in _all(found, "false_reject_rate")),
    )  # fmt: skip
    return [accuracy, recall, *_calibrated("CLINC150", recipe, found)]


def _airline(ctx: Context, recipe: str, seeds: Sequence[int], say: Say) -> list[Row]:
    """Five folds, one a repeat; a tweet that stands twice is kept once."""
    path = _public(ctx) / "sentiment" / "airline_tweets.parquet"
    tweets = _labelled(path, "airline_sentiment").drop_duplicates("tweet_id")
    tweets = tweets.drop_duplicates("text").sample(frac=1, random_state=seeds[0])
    found, vader = [], []
    for fold in range(FOLDS):
        test = tweets.iloc[fold::FOLDS]
        train = tweets.drop(test.index)
        found += _learned("sentiment", train, test, None, ctx, recipe, seeds[:1], say)
        vader.append(text_peers.vader(test))
    tfidf = {"TF-IDF + logistic regression": [f["baseline"] for f in found]}
    return [
        Row(
            f"airline tweets {metric}, {recipe}", _all(found, metric), metric, bar,
            peers={
                "VADER": _mean(vader, metric),
                **{name: _mean(values, metric) for name, values in tfidf.items()},
            },
        )
        for metric, bar in (("accuracy", 0.85), ("macro_f1", 0.80))
    ]  # fmt: skip


def _scifact(ctx: Context, recipe: str, seeds: Sequence[int], say: Say) -> list[Row]:
    """BM25 and the encoder as published, in equal parts; nothing of it is fitted to the test."""
    from benchmarks.scifact import ndcg

    found = ndcg(_public(ctx) / "retrieval", ctx)
    fused = found.pop("fused")
    return [Row("SciFact, BM25 + dense", (fused,), "nDCG@10", 0.72, peers=found)]


def _own(ctx: Context, recipe: str, seeds: Sequence[int], say: Say) -> list[Row]:
    from benchmarks.own_text import rows as measured

    return measured(ctx)


SETS: dict[str, Callable[[Context, str, Sequence[int], Say], list[Row]]] = {
    "own": _own,
    "scifact": _scifact,
    "banking77": _banking77,
    "clinc150": _clinc150,
    "airline": _airline,
}


def _learned(
    model: str,
    train: pd.DataFrame,
    test: pd.DataFrame,
    validate: pd.DataFrame | None,
    ctx: Context,
    recipe: str,
    seeds: Sequence[int],
    say: Say,
) -> list[dict[str, Any]]:
    """One learning a seed, through files, as ``tripo train --train --test`` does it."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, part in {"train": train, "test": test, "validate": validate}.items():
            if part is not None:
                paths[name] = Path(folder, f"{name}.parquet")
                part[["text", "label"]].to_parquet(paths[name])
        for seed in seeds:
            own = Context.load(
                {
                    "encoder.recipe": recipe,
                    f"encoder.{recipe}.seed": seed,
                    "intent.false_reject_rate": FALSE_REJECTS,
                }
            )
            result = learn_from_files(
                model, paths["train"], paths["test"], own, paths.get("validate")
            )
            say(f"  seed {seed}: {result['seconds']:.0f} s, {_brief(result['metrics'])}")
            found.append(result)
    return found


def _classified(
    name: str, recipe: str, found: list[dict[str, Any]], bar: float, peers: dict[str, float]
) -> list[Row]:
    accuracy = _all(found, "first_guess_accuracy")
    return [
        Row(f"{name}, {recipe}", accuracy, "accuracy", bar, peers=peers),
        *_calibrated(name, recipe, found),
    ]


def _calibrated(name: str, recipe: str, found: list[dict[str, Any]]) -> list[Row]:
    seconds = tuple(float(result["seconds"]) for result in found)
    error = _all(found, "first_guess_calibration_error")
    surest = _all(found, "first_guess_accuracy_on_surest_80")
    limit = 180.0 if recipe == "quick" else None
    return [
        Row(f"{name} calibration, {recipe}", error, "ECE, 15 bins", 0.02, higher_is_better=False),
        Row(f"{name} surest 80 %, {recipe}", surest, "accuracy", 0.99),
        Row(f"{name} learning, {recipe}", seconds, "s", limit, higher_is_better=False),
    ]


def _all(found: Sequence[dict[str, Any]], metric: str) -> tuple[float, ...]:
    return tuple(float(result["metrics"][metric]) for result in found)


def _mean(found: Sequence[dict[str, float]], metric: str) -> float:
    return sum(result[metric] for result in found) / len(found)


def _brief(metrics: dict[str, float]) -> str:
    names = ("accuracy", "macro_f1", "out_of_scope_recall")
    return ", ".join(f"{name} {metrics[name]:.4f}" for name in names if name in metrics)


def _labelled(path: Path, label: str) -> pd.DataFrame:
    return pd.read_parquet(path).rename(columns={label: "label"})


def _public(ctx: Context) -> Path:
    if ctx.settings.data is None:
        raise BadInput("expected TRIPO_DATA to name the folder of public data; it is not set")
    return Path(ctx.settings.data)
