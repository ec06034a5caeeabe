"""A real trip as it is known when it is quoted: where from, where to, when.

Means of zones and zone pairs are learned from training trips and come in as an argument, so that
one function serves training and a single quote.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.geometry import great_circle_km

Floats = NDArray[np.float64]

FROM, TO, PAIR = "zone_id", "dropoff_zone_id", "pair"
PLACES = ("pickup_lat", "pickup_lon", "dropoff_lat", "dropoff_lon")
CLOCK = ("minute_of_day", "weekday")
INPUTS = (FROM, TO, *PLACES, *CLOCK, "product")
MEANS = (f"{FROM}_mean", f"{TO}_mean", f"{PAIR}_mean")
CLOCK_AND_PLACE = (
    "great_circle_km", "north_km", "east_km", *PLACES, "same_zone", *CLOCK,
)  # fmt: skip
NUMERIC = (*CLOCK_AND_PLACE, *MEANS)
CATEGORICAL = ("product",)
KNOWN_AT = dict.fromkeys((*NUMERIC, *CATEGORICAL), "QUOTE")
# trips of a zone or pair count as this many average ones less
SHRINK = {FROM: 20.0, TO: 20.0, PAIR: 8.0}

Learned = Mapping[str, Mapping[str, float]]


def clock_and_place(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns `CLOCK_AND_PLACE` of rows with `INPUTS`; the clock is local."""
    lat_a, lon_a, lat_b, lon_b = (rows[c].to_numpy("float64") for c in PLACES)
    columns = {
        "great_circle_km": great_circle_km(lat_a, lon_a, lat_b, lon_b),
        "north_km": great_circle_km(lat_a, lon_a, lat_b, lon_a) * np.sign(lat_b - lat_a),
        "east_km": great_circle_km(lat_a, lon_a, lat_a, lon_b) * np.sign(lon_b - lon_a),
        **{c: rows[c].to_numpy("float64") for c in PLACES},
        "same_zone": (rows[FROM] == rows[TO]).to_numpy("float64"),
        **{c: rows[c].to_numpy("float64") for c in CLOCK},
    }
    return pd.DataFrame(columns, index=rows.index)


def keys(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """The groups that have means: from, to, and both."""
    start, end = rows[FROM].astype(str), rows[TO].astype(str)
    return {FROM: start, TO: end, PAIR: start + ">" + end}


def learn_means(rows: pd.DataFrame, target: Floats) -> dict[str, dict[str, float]]:
    """Shrunk mean of ``target`` by zone and zone pair; ``usual`` is the mean of all."""
    usual = float(np.mean(target))
    y = pd.Series(target - usual, index=rows.index)
    learned = {"usual": {"": usual}}
    for name, key in keys(rows).items():
        grouped = y.groupby(key).agg(["sum", "size"])
        means = usual + grouped["sum"] / (grouped["size"] + SHRINK[name])
        learned[name] = {str(k): float(v) for k, v in means.round(4).items()}
    return learned


def with_means(rows: pd.DataFrame, learned: Learned) -> pd.DataFrame:
    """Columns `MEANS`: what was learned for the trip's zones; the usual mean where nothing was."""
    usual = learned["usual"][""]
    columns = {
        f"{name}_mean": key.map(dict(learned[name])).fillna(usual).to_numpy("float64")
        for name, key in keys(rows).items()
    }
    return pd.DataFrame(columns, index=rows.index)


def out_of_fold_means(
    rows: pd.DataFrame, target: Floats, seed: int, folds: int = 5
) -> pd.DataFrame:
    """Columns `MEANS` for training rows, each row's learned without its own fold.

    A mean that holds the row's own target would tell the answer.
    """
    fold = np.random.default_rng(seed).integers(0, folds, len(rows))
    parts = []
    for n in range(folds):
        inside = fold == n
        if inside.any():
            learned = learn_means(rows[~inside], target[~inside])
            parts.append(with_means(rows[inside], learned))
    return pd.concat(parts).reindex(rows.index)
