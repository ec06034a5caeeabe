"""What a trip leaves for the company, and what is known of it when it is quoted.

The books decide what a trip brought: fare and fees less promotion, refunds, driver pay, card fees,
insurance and infrastructure, by the entries of `features.kpis.ledger`. Support is left out; most
of it is about no order.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.kpis.ledger import Rates, by_order, order_entries, payment_entries, trip_entries

Floats = NDArray[np.float64]

PLUS = {"FARE": "trips", "FEE": "payments"}
MINUS = {
    "PROMOTION": "trips",
    "DRIVER_PAY": "trips",
    "INSURANCE": "trips",
    "REFUND": "payments",
    "CARD": "payments",
    "INFRASTRUCTURE": "orders",
}


@dataclass(frozen=True, slots=True)
class FareRates:
    """What the fare table's arithmetic needs beside the quote."""

    driver_share: float
    bonus_share: float
    card_share: float
    card_fixed_cents: int
    insurance_cents_per_km: float
    infrastructure_cents: int


def realised(tables: Mapping[str, ir.Table], rates: Rates) -> ir.Table:
    """order_id and contribution_cents of every completed order that has a trip.

    ``tables`` holds orders, trips and payments in the canonical columns.
    """
    orders = by_order(tables["orders"].filter(tables["orders"].status == "COMPLETED"))
    entries = {
        "orders": order_entries(orders, rates),
        "trips": trip_entries(tables["trips"], orders, rates),
        "payments": payment_entries(tables["payments"], orders, rates, tables["trips"]),
    }
    sums = [_signed(table, source) for source, table in entries.items()]
    rows = ibis.union(*sums)
    whole = rows.group_by("order_id").aggregate(contribution_cents=rows.cents.sum())
    with_trip = tables["trips"].filter(tables["trips"].status == "COMPLETED")
    return whole.semi_join(with_trip, "order_id")


def _signed(table: ir.Table, source: str) -> ir.Table:
    """order_id and what one source's entries add to contribution, cents."""
    plus = [kind for kind, of in PLUS.items() if of == source]
    minus = [kind for kind, of in MINUS.items() if of == source]
    total = ibis.literal(0, "int64")
    for kind in plus:
        total = total + table[kind]
    for kind in minus:
        total = total - table[kind]
    return table.select("order_id", cents=total.cast("int64"))


def arithmetic(quotes: pd.DataFrame, rates: FareRates) -> Floats:
    """The fare table's arithmetic: fare less driver, card fee, insurance and infrastructure, cents.

    As if everybody paid the whole fare by card and nothing was ever refunded.
    """
    fare = quotes["quoted_fare"].to_numpy("float64")
    premium = (quotes["service_class"] != "STANDARD").to_numpy()
    bonus = rates.bonus_share * quotes["base_cents"].to_numpy("float64") * premium
    insurance = rates.insurance_cents_per_km * quotes["distance_km"].to_numpy("float64")
    card = rates.card_share * fare + rates.card_fixed_cents
    kept = (1 - rates.driver_share) * fare
    return np.asarray(kept - bonus - card - insurance - rates.infrastructure_cents)
