"""Requests and drivers of one window as columns, checked and complete, in the order of their ids.

Source
------
docs/domain.md, section 4.2.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.enums import DriverTier, ServiceClass, VehicleType, Vertical
from core.errors import BadInput

Column = NDArray[Any]
Table = dict[str, Column]

TIERS = [tier.value for tier in DriverTier]
CLASSES = [service.value for service in ServiceClass]
VEHICLES = [vehicle.value for vehicle in VehicleType]
VERTICALS = [vertical.value for vertical in Vertical]
STANDARD = ServiceClass.STANDARD.value
EQUIPMENT = ("child_seat", "pet_friendly", "wheelchair_accessible")
REQUEST_COLUMNS: Mapping[str, Any] = {
    "request_id": None, "lat": None, "lon": None, "vertical": "RIDE", "service_class": STANDARD,
    "women_only": False, "corporate": False, "prefer_female": False, "age_s": 0.0, "step": 0,
    "do_not_pair": (), **dict.fromkeys(EQUIPMENT, False),
}  # fmt: skip
DRIVER_COLUMNS: Mapping[str, Any] = {
    "driver_id": None, "lat": None, "lon": None, "available": True, "tier": "NONE",
    "vehicle_type": "SEDAN", "rating": 4.8, "completion": 0.95, "acceptance": 0.95,
    "eta_accuracy": 0.9, "earnings_per_hour": 0.0, "online_hours_24h": 0.0,
    "accepts_women_only": False, "corporate_eligible": False, "female": False,
    **dict.fromkeys(EQUIPMENT, False),
}  # fmt: skip
WORDS = {
    "vertical": VERTICALS, "service_class": CLASSES, "tier": TIERS, "vehicle_type": VEHICLES,
}  # fmt: skip
"""Columns of words and which there are; a table holds their positions."""


def complete(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], key: str) -> Table:
    """One array a column, in the order of the ids: input order decides no tie.

    A value that is absent, None or NaN takes the column's default.

    Raises
    ------
    BadInput
        If an id or coordinate is missing or none, an id repeats, or a value is not of its column.
    """
    _require_columns(rows, columns, key)
    ids = [str(row[key]) for row in rows]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    sorted_ids = [ids[place] for place in order]
    twice = [a for a, b in pairwise(sorted_ids) if a == b]
    if twice:
        raise BadInput(f"expected every {key} once, got again: {twice[:5]}")
    table = {key: np.array(sorted_ids, dtype=object)}
    for name, default in columns.items():
        if name != key:
            table[name] = _column(name, [rows[place].get(name) for place in order], default)
    places = np.abs(np.stack([table["lat"], table["lon"] / 2]))
    if not (places <= 90).all():
        raise BadInput(f"expected lat -90..90 and lon -180..180 for every {key}")
    return table


def size(table: Table) -> int:
    """How many rows a table has."""
    return len(table["lat"])


def take(table: Table, which: NDArray[Any]) -> Table:
    """Some rows, by positions or a mask, in their order."""
    return {name: column[which] for name, column in table.items()}


def _require_columns(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], key: str
) -> None:
    needed = [name for name, default in columns.items() if default is None]
    missing = [name for name in needed if any(row.get(name) is None for row in rows)]
    if missing:
        raise BadInput(f"expected the columns {needed} with every {key}; missing {missing}")
    unknown = sorted(set().union(*rows) - set(columns))
    if unknown:
        raise BadInput(f"expected columns out of {list(columns)}; got also {unknown}")


def _column(name: str, values: list[Any], default: Any) -> Column:
    if default is None:  # a coordinate; NaN fails the range
        return np.array([_number(name, value) for value in values], dtype=np.float64)
    if isinstance(default, tuple):
        return _lists(name, values)
    filled = [default if value is None or value != value else value for value in values]
    if isinstance(default, bool):
        return np.array(filled, dtype=bool)
    if name in WORDS:
        known = {word: place for place, word in enumerate(WORDS[name])}
        if wrong := sorted({str(word) for word in filled if word not in known}):
            raise BadInput(f"expected {name} out of {', '.join(WORDS[name])}; got {wrong[:3]}")
        return np.array([known[word] for word in filled], dtype=np.int64)
    numbers = np.array([_number(name, value) for value in filled], dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise BadInput(f"expected finite numbers as {name}")
    return numbers.astype(np.int64) if isinstance(default, int) else numbers


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan") if name in ("lat", "lon") else _no_number(name, value)


def _no_number(name: str, value: Any) -> float:
    raise BadInput(f"expected a number as {name}, got {value!r}")


def _lists(name: str, values: list[Any]) -> Column:
    """Tuples of ids; a string is no list of them."""
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        if isinstance(value, str):
            raise BadInput(f"expected a list of ids as {name}, got {value!r}")
        absent = value is None or value != value
        column[place] = () if absent else tuple(str(one) for one in value)
    return column
