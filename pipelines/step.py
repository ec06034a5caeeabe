"""Skip a step whose inputs, parameters and code have not changed; the same for Airflow and DVC.

Beside every output stands ``<output>.meta.json`` with digests of the step's input files, its
parameters and every project module it imports, directly or through others. Equal digests and an
output that is still there: the step is skipped and its recorded result returned.
"""

import ast
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import BadInput

ROOT = Path(__file__).parents[1]
ROOMS = frozenset(
    {"core", "pipelines", "features", "models", "engines", "expectations", "store", "simulator"}
)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step gave, and whether it had to run."""

    result: dict[str, Any]
    skipped: bool


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_digest(paths: Iterable[Path]) -> str:
    """One digest over many files: their names and their bytes, whatever the order given."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.name}\0{file_digest(path)}\n".encode())
    return total.hexdigest()


@cache
def code_digest(*modules: str) -> str:
    """One digest over the source of modules and of every project module they import."""
    seen: dict[str, str] = {}
    todo = list(modules)
    while todo:
        name = todo.pop()
        source = _source_of(name)
        if name in seen or source is None:
            continue
        seen[name] = hashlib.sha256(source.encode()).hexdigest()
        todo.extend(_imports(source))
    if not seen:
        raise BadInput(f"expected a module of the project, got {modules!r}")
    return hashlib.sha256(json.dumps(sorted(seen.items())).encode()).hexdigest()


def _source_of(name: str) -> str | None:
    """The source of a project module, or None if the name is an attribute or not ours."""
    # by path: asking the import system would import every module on the way
    room, *inner = name.split(".")
    place = ROOT.joinpath(room, *inner)
    if room in ROOMS:
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path.read_text()
    return None


def _imports(source: str) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def plain(content: Any) -> Any:
    """The content as JSON gives it back; what is no number (NaN, infinity) becomes null.

    Metrics without a row to count are NaN, which JSON does not know and Airflow refuses.
    """
    return _finite(json.loads(json.dumps(content, default=str)))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write JSON beside ``path`` and rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(json.dumps(plain(content), indent=1, sort_keys=True))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)  # of a disk that was full half-way
    return path


def read_json(path: Path) -> dict[str, Any] | None:
    """What `write_json` wrote; None if nothing is there.

    Raises
    ------
    BadInput
        If the file was cut short or changed by hand; the message says how to go on.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BadInput(
            f"expected JSON in {path}, got {error}. The file was damaged: delete it and run the "
            "command again; what it records is made anew."
        ) from None
    if not isinstance(found, dict):
        raise BadInput(f"expected a JSON object in {path}, got {type(found).__name__}; delete it")
    return found


def run_step(
    output: Path,
    *,
    modules: Sequence[str],
    inputs: Mapping[str, str],
    params: Mapping[str, Any],
    work: Callable[[], dict[str, Any]],
    present: Callable[[], bool] | None = None,
) -> StepResult:
    """Run ``work`` unless its output is there and was made from the same inputs.

    ``inputs`` maps a name to a digest (`files_digest`, a content hash, a version); ``params`` is
    the step's own section. ``present`` says whether the output still exists; by default the file
    ``output`` does. A step that raises leaves no meta, so the next run does it again.
    """
    meta_path = output.with_name(f"{output.name}.meta.json")
    wanted = plain({"inputs": inputs, "params": params, "code": code_digest(*modules)})
    there = present() if present else output.exists()
    meta = read_json(meta_path) if there else None
    if meta is not None and meta.get("made_from") == wanted:
        return StepResult(meta["result"], skipped=True)
    meta_path.unlink(missing_ok=True)
    result = work()
    write_json(meta_path, {"made_from": wanted, "result": result})
    return StepResult(plain(result), skipped=False)
