"""Short names for the Great Expectations rules that the suites use."""

from collections.abc import Iterable
from typing import Any

import great_expectations.expectations as gxe
from great_expectations.expectations import Expectation
from great_expectations.expectations.row_conditions import Column

from core.schema import asset_schema

KNOWN_ZONES = "known_zones"  # a list the gate is given at run time; without it the rule rests
REPEAT_DAYS = 7  # sources repeat what they sent within days, if they do
MAX_ID = 128
PLANS = ("BASIC", "PREMIUM", "UNLIMITED")  # docs/domain.md section 8
MAX_FARE_CENTS = 100_000
MAX_KM = 1_000
DAY_MINUTES = 24 * 60


def contract(asset: str, min_rows: int = 1) -> list[Expectation]:
    """The columns, what must not be missing, the unique key and how few rows a delivery may have.

    Identifiers of the key are also kept from being empty or absurdly long.
    """
    schema = asset_schema(asset)
    key = list(schema.key)
    words = [c.name for c in schema.columns if c.type == "s" and c.name in key]
    return [
        gxe.ExpectTableColumnsToMatchSet(column_set=schema.names, exact_match=True),
        gxe.ExpectTableRowCountToBeBetween(min_value=min_rows),
        *(present(c.name) for c in schema.columns if not c.nullable),
        *(length(word, 1, MAX_ID) for word in words),
        gxe.ExpectColumnValuesToBeUnique(column=key[0])
        if len(key) == 1
        else gxe.ExpectCompoundColumnsToBeUnique(
            column_list=key, ignore_row_if="any_value_is_missing"
        ),
    ]


def once() -> dict[str, Any]:
    """The meta of a suite of things that happen once: the gate refuses a key that an earlier day
    has brought. GX sees one delivery only; snapshots say the same each day and go without."""
    return {"once_in_days": REPEAT_DAYS}


def present(column: str, *, when: tuple[str, str] | None = None) -> Expectation:
    """The column has a value; with ``when`` only in rows where that column has that word."""
    more: dict[str, Any] = {"row_condition": Column(when[0]) == when[1]} if when else {}
    return gxe.ExpectColumnValuesToNotBeNull(column=column, **more)


def at_least(column: str, low: float) -> Expectation:
    return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low)


def above(column: str, low: float, high: float | None = None) -> Expectation:
    """Strictly more than ``low``, at most ``high``."""
    return gxe.ExpectColumnValuesToBeBetween(
        column=column, min_value=low, max_value=high, strict_min=True
    )


def between(column: str, low: float, high: float) -> Expectation:
    """At least ``low`` and at most ``high``."""
    return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high)


def one_of(column: str, words: Iterable[str]) -> Expectation:
    """One of a closed vocabulary; an enum is such a list of words."""
    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[str(word) for word in words])


def known_zone(column: str) -> Expectation:
    """One of the zones the city has, as far as the gate has been told which."""
    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set={"$PARAMETER": KNOWN_ZONES})


def length(column: str, low: int, high: int) -> Expectation:
    """A text of ``low`` to ``high`` characters."""
    return gxe.ExpectColumnValueLengthsToBeBetween(column=column, min_value=low, max_value=high)


def matches(column: str, regex: str) -> Expectation:
    return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=regex)


def not_below(column: str, floor: str) -> Expectation:
    """``column`` >= ``floor`` wherever both have a value: later times, larger counts."""
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=column, column_B=floor, or_equal=True, ignore_row_if="either_value_is_missing"
    )
