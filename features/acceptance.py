"""A quote as the rider sees it: price, alternatives, wait, clock, conditions. Nothing personal.

People in the same place and time who buy the same thing see the same price, so who they are, what
they did before and what they pay with are not among the columns.
"""

import numpy as np
import pandas as pd

QUOTED = (
    "price_cents", "base_cents", "multiplier", "competitor_index", "eta_minutes", "distance_km",
    "duration_minutes", "weather", "event", "holiday", "hour_of_day", "weekday",
)  # fmt: skip
DERIVED = ("over_competitor", "wait_share", "cents_per_km")
CATEGORICAL = ("vertical", "service_class", "zone_id")
INPUTS = (*QUOTED, *CATEGORICAL)
NUMERIC = (*QUOTED, *DERIVED)
# the price and what follows from it: with the base fare given, dearer is never more welcome
FALLS_WITH_PRICE = ("price_cents", "multiplier", "over_competitor", "cents_per_km")
KNOWN_AT = dict.fromkeys((*NUMERIC, *CATEGORICAL), "QUOTE")


def features(quotes: pd.DataFrame) -> pd.DataFrame:
    """`NUMERIC` and `CATEGORICAL` of quotes that have `INPUTS`; indexed like ``quotes``."""
    q = {name: quotes[name].to_numpy("float64") for name in QUOTED}
    rival = q["base_cents"] * np.where(np.isnan(q["competitor_index"]), 1.0, q["competitor_index"])
    derived = {
        "over_competitor": q["price_cents"] / np.maximum(rival, 1),
        "wait_share": q["eta_minutes"] / np.maximum(q["duration_minutes"], 1),
        "cents_per_km": q["price_cents"] / np.maximum(q["distance_km"], 0.1),
    }
    words = {name: quotes[name] for name in CATEGORICAL}
    return pd.DataFrame({**q, **derived, **words}, index=quotes.index)


def reprice(quotes: pd.DataFrame, multiplier: float) -> pd.DataFrame:
    """The same quotes at another multiplier: what a pricing policy asks about."""
    change = multiplier / quotes["multiplier"]
    price = (quotes["price_cents"] * change).round()
    return quotes.assign(multiplier=multiplier, price_cents=price)
