"""Commands about models: train, evaluate, promote, roll back, list, reproduce."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from cli.show import Json, show
from core.errors import BadParams
from models.catalog import CATALOG, PRODUCTS
from pipelines.context import Context
from pipelines.step import read_json

Why = Annotated[str, typer.Option(help="the reason, kept in the audit", min=1)]
Key = Annotated[
    str,
    typer.Option(help="day or first..last; default: the simulated city's days", show_default=""),
]


def _context(overrides: list[str] | None = None) -> Context:
    import yaml

    given = {}
    for item in overrides or []:
        name, _, value = item.partition("=")
        try:
            given[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise BadParams(
                f"expected section.field=value with a YAML value, got {item!r}"
            ) from None
    return Context.load(given)


def _key(given: str, ctx: Context) -> str:
    from core.partition import range_key, window

    city = ctx.params.simulator
    return given or range_key(window(city.last_day, city.days)[0], city.last_day)


def train(
    model: Annotated[str, typer.Argument(help=f"one of {', '.join(CATALOG)}")],
    key: Key = "",
    train_file: Annotated[
        Path | None, typer.Option("--train", help="CSV or Parquet with text,label to learn from")
    ] = None,
    test_file: Annotated[
        Path | None,
        typer.Option("--test", help="the same, to judge on; label unknown: none of them"),
    ] = None,
    validate_file: Annotated[
        Path | None, typer.Option("--validate", help="the same, for thresholds; default: a share")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="with files: tune every layer, not only the upper two")
    ] = False,
    override: Annotated[
        list[str] | None, typer.Option(help="section.field=value of params.yaml; may be repeated")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train one model and register a candidate with MLflow. Promotes nothing.

    With --train and --test, intent and sentiment are learned from those files and judged on them
    instead, by the same recipe; then nothing is registered.

    Examples: tripo train demand --override demand.trees=400

    tripo train intent --train banking77_train.csv --test banking77_test.csv --full
    """
    from pipelines.training import train as run

    files = (train_file, test_file)
    if any((*files, validate_file, full)):
        if train_file is None or test_file is None:
            raise typer.BadParameter(
                "--train and --test go together; --full and --validate with them"
            )
        recipe = "full" if full else "quick"
        ctx = _context([f"encoder.recipe={recipe}", *(override or [])])
        show(_from_files(model, train_file, test_file, validate_file, ctx, as_json), as_json)
        return
    began = time.monotonic()
    ctx = _context(override)
    result = run(model, _key(key, ctx), ctx)
    show({**result, "seconds": round(time.monotonic() - began, 2)}, as_json)


def _from_files(
    model: str, train: Path, test: Path, validate: Path | None, ctx: Context, quiet: bool
) -> dict[str, Any]:
    from pipelines.text_files import learn_from_files

    with tuning_bar(quiet) as progress:
        return learn_from_files(model, train, test, ctx, validate, progress)


@contextmanager
def tuning_bar(quiet: bool) -> Iterator[Callable[[int, int, float], None]]:
    """A progress bar on stderr for a network that is being tuned."""
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=quiet) as bar:

        def progress(step: int, steps: int, loss: float) -> None:
            task = bar.task_ids[0] if bar.task_ids else bar.add_task("", total=steps)
            bar.update(task, completed=step, description=f"fine-tuning, loss {loss:.3f}")

        yield progress


def evaluate(
    product: Annotated[str, typer.Argument(help=f"one of {', '.join(PRODUCTS)}")],
    key: Key = "",
    close: Annotated[
        Literal["promote", "refuse"], typer.Option(help="what happens to a close verdict")
    ] = "refuse",
    as_json: Json = False,
) -> None:
    """Judge new candidates against what serves, and promote what clearly wins."""
    from pipelines.evaluate import conclude, judge

    ctx = _context()
    day = _key(key, ctx)
    verdict = judge(product, day, ctx)
    show(conclude(verdict, close, day, ctx, datetime.now(UTC), getuser()), as_json)


def promote(
    model: Annotated[str, typer.Argument(help=f"one of {', '.join(CATALOG)}")],
    version: Annotated[str, typer.Argument(help="a version in MLflow's registry")],
    why: Why,
    as_json: Json = False,
) -> None:
    """Put a version into its product's release by hand; audited, self-tests included."""
    from pipelines.promotion import promote as move

    show(move(model, version, _context(), getuser(), why, datetime.now(UTC)), as_json)


def roll_back(
    product: Annotated[str, typer.Argument(help=f"one of {', '.join(PRODUCTS)}")],
    why: Why,
    as_json: Json = False,
) -> None:
    """Serve the release before this one again; audited."""
    from pipelines.promotion import roll_back as move

    show(move(product, _context(), getuser(), why, datetime.now(UTC)), as_json)


def models(as_json: Json = False) -> None:
    """Every model: its newest training, and what serves."""
    from store import releases

    ctx = _context()
    pointers = {product: releases.pointer(ctx.engine, product) for product in PRODUCTS}
    rows: list[dict[str, Any]] = []
    for spec in CATALOG.values():
        newest = read_json(ctx.training_record(spec.name)) or {}
        pointer = pointers[spec.product]
        serving = pointer.manifest["members"].get(spec.name, {}) if pointer else {}
        primary = newest.get("primary", "")
        rows.append(
            {
                "model": spec.name,
                "product": spec.product,
                "newest": newest.get("version"),
                "champion": serving.get("version"),
                "metric": primary,
                "value": newest.get("metrics", {}).get(primary),
                "interval": newest.get("interval"),
                "baseline": newest.get("baseline", {}).get(primary),
            }
        )
    show({"models": rows}, as_json)


def reproduce(
    model: Annotated[str, typer.Argument(help="a model of dvc.yaml")],
    key: Key = "",
    metrics: Annotated[Path, typer.Option(help="folder of the metrics file")] = Path("metrics"),
    as_json: Json = False,
) -> None:
    """Train on the frozen snapshot without MLflow and write metrics/<model>.json (used by DVC)."""
    from pipelines.reproduce import reproduce as run

    ctx = _context()
    show(run(model, _key(key, ctx), ctx, metrics), as_json)


def freeze(as_json: Json = False) -> None:
    """Make the snapshot that DVC's stages learn from, in a TRIPO_HOME of its own (used by DVC)."""
    from pipelines.frozen_snapshot import freeze as run

    result = run(_context())
    show({"key": result["key"], "digests": result["digests"]}, as_json)


def bundle_encoder(
    vectors_only: Annotated[
        bool, typer.Option("--vectors-only", help="only the text's vectors anew (two minutes)")
    ] = False,
    recipe: Annotated[
        Literal["quick", "full"], typer.Option(help="upper layers (minutes) or every layer")
    ] = "full",
    as_json: Json = False,
) -> None:
    """Fine-tune the encoder on the bundled text and put it into data/encoder (three quarters
    of an hour).

    What `encoder.recipe: bundled` of params.yaml takes, and the vectors it gives that text. Run it
    after a change of the text, on a machine with nothing else to do.
    """
    from pipelines.bundled_encoder import bundle, bundle_vectors

    if vectors_only:
        show(bundle_vectors(_context([])), as_json)
        return
    with tuning_bar(as_json) as progress:
        show(bundle(_context([f"encoder.recipe={recipe}"]), progress), as_json)


def register(app: typer.Typer) -> None:
    """Put these commands on the top level of ``tripo``."""
    for command in (train, evaluate, promote, roll_back, models, reproduce, freeze, bundle_encoder):
        app.command()(command)
