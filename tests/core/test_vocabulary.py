"""Words and columns are those of docs/domain.md."""

import pytest

from core.enums import Complexity
from core.errors import UnknownAsset
from core.intents import CATEGORIES, INTENTS, LABELS, complexity
from core.schema import ASSETS, asset_schema


def test_there_are_43_intents_in_16_categories_and_one_label_for_the_rest():
    assert (len(INTENTS), len(CATEGORIES), len(LABELS)) == (43, 16, 44)
    assert len(set(LABELS)) == 44


def test_complexity_is_simple_complex_or_medium():
    assert complexity("driver_eta") is Complexity.SIMPLE
    assert complexity("fraud_report") is Complexity.COMPLEX
    assert complexity("refund_request") is Complexity.MEDIUM


def test_every_key_and_day_column_is_a_column():
    for schema in ASSETS.values():
        assert set(schema.key) <= set(schema.names)
        assert schema.day_column is None or schema.day_column in schema.names


def test_an_unknown_asset_is_refused_with_the_known_ones():
    with pytest.raises(UnknownAsset, match="expected one of conversations"):
        asset_schema("rockets")
