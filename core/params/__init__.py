"""params.yaml as frozen, closed models. Every number that changes a result is here, and only here.

One section per pipeline, each a class in a module of this package; ``profiles.<name>`` of the file
is laid over the rest, then overrides in ``section.field=value`` form (from a DAG's trigger form or
the command line).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from core.errors import BadParams
from core.params.root import Params

__all__ = ["Params", "load_params", "merge"]


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` laid upon ``base``, mapping by mapping; anything else is replaced whole."""
    merged = dict(base)
    for name, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = merge(merged[name], value) if both else value
    return merged


def load_params(
    path: Path, profile: str = "full", overrides: Mapping[str, Any] | None = None
) -> Params:
    """Read ``path``, lay the profile and the overrides over it, and validate.

    ``overrides`` maps ``"section.field"`` to a value.

    Raises
    ------
    BadParams
        Naming every field that is unknown, missing or out of range.
    """
    raw = _read(path)
    profiles = _mapping(raw.pop("profiles", None) or {}, f"{path}: profiles")
    if profile != "full" and profile not in profiles:
        raise BadParams(f"expected profile full or one of {sorted(profiles)}, got {profile!r}")
    raw = merge(raw, _mapping(profiles.get(profile) or {}, f"{path}: profiles.{profile}"))
    for dotted, value in (overrides or {}).items():
        nested: Any = value
        for part in reversed(dotted.split(".")):
            nested = {part: nested}
        raw = merge(raw, nested)
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']} (got {e['input']!r})"
            for e in error.errors()
        )
        raise BadParams(f"{path}: {wrong}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise BadParams(f"expected the parameters in {path}; there is no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadParams(f"{path}: expected a YAML file, got: {error}") from None
    return _mapping(raw, str(path))


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    came = "nothing" if value is None else f"a {type(value).__name__}"
    raise BadParams(f"{where}: expected sections like 'gate:' with their fields, got {came}")
