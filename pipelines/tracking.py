"""A run in MLflow for what evaluates or counts: the form it was asked with, and what came out.

Training keeps its own runs (`pipelines.training`); here a reviewer finds evaluations and nightly
figures beside them, day after day, as curves.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.context import Context

Flat = Iterator[tuple[str, Any]]


def track(
    ctx: Context,
    experiment: str,
    section: str,
    key: str,
    form: Mapping[str, Any],
    result: Mapping[str, Any],
) -> None:
    """Record one run of a DAG: form and section of params.yaml, numbers, words.

    Called when the rows are written, so that a tracking server that is away costs no row.

    Raises
    ------
    RegistryUnavailable
        If MLflow does not answer.
    """
    from models import registry

    params = {**form, **getattr(ctx.params, section).model_dump(mode="json")}
    found = dict(leaves(result))
    numbers = {n: float(v) for n, v in found.items() if isinstance(v, int | float)}
    words = {n: v for n, v in found.items() if isinstance(v, str)}
    registry.log_report(
        registry.connect(ctx.settings.tracking_uri),
        experiment,
        key,
        params=params,
        metrics=numbers,
        tags={**words, "key": key},
    )


def leaves(value: Any, name: str = "") -> Flat:
    """Every number and word in a result, by its dotted name; what a list has of a model, by it."""
    if isinstance(value, Mapping):
        for inner, its in value.items():
            yield from leaves(its, f"{name}.{inner}" if name else str(inner))
    elif isinstance(value, list):
        for entry in value:
            if isinstance(entry, Mapping) and "model" in entry:
                yield from leaves({k: v for k, v in entry.items() if k != "files"}, entry["model"])
    elif value is not None:
        yield name, value
