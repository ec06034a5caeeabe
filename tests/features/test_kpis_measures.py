"""The table of measures is whole: every column of the store comes from it, once."""

import pytest

from features.kpis.measures import COLUMNS, MEASURES, RATIOS, WATERFALL, ratios, totals
from store.tables import ProfitSlice
from tests.kpi_frames import connection

CON = connection()
SCORES = {"profit_growth", "cost_efficiency_score", "optimization_score"}
KEYS = {"day", "zone_id", "vertical", "service_class"}


def row_of(**amounts) -> dict:
    import pyarrow as pa

    table = pa.table({name: [amounts.get(name, 0)] for name in COLUMNS})
    return ratios(totals(CON.create_table("m", table, overwrite=True))).to_pyarrow().to_pylist()[0]


def test_the_waterfall_adds_up_to_the_cent():
    row = row_of(
        gross_fare_cents=10_000, promotions_cents=500, refunds_cents=300, driver_pay_cents=8_000,
        payment_fees_cents=320, insurance_cents=100, support_cost_cents=50, infrastructure_cents=30,
    )  # fmt: skip
    assert [row[step] for step in WATERFALL] == [9_200, 1_200, 700]
    assert row["costs_cents"] == 500
    assert row["take_rate"] == 1_200 / 9_200
    assert row["profit_margin"] == 700 / 1_200


def test_a_ratio_without_a_denominator_is_null():
    row = row_of()
    assert {row[ratio.name] for ratio in RATIOS} == {None}


def test_the_value_identified_stands_per_1000_orders_beside_the_share_of_it_captured():
    row = row_of(identified_cents=3_000, captured_cents=2_940, requested_orders=4)
    assert row["revenue_capture_rate"] == 0.98
    assert row["identified_value_per_1000_orders_cents"] == 750_000.0


def test_open_leakage_is_detected_less_recovered_plus_estimated():
    row = row_of(
        gross_fare_cents=10_000, leakage_detected_cents=300, leakage_recovered_cents=100,
        leakage_undetected_cents=50,
    )  # fmt: skip
    assert row["leakage_rate"] == 250 / 10_000


def test_every_column_of_the_store_is_a_measure_a_step_a_ratio_or_a_score():
    stored = {column.name for column in ProfitSlice.__table__.columns}
    made = {*COLUMNS, *WATERFALL, "costs_cents", *(ratio.name for ratio in RATIOS)}
    assert stored == made | SCORES | KEYS


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: f"{m.source}.{m.kind}")
def test_a_measure_enters_the_waterfall_with_one_sign(measure):
    same = [m for m in MEASURES if m.name == measure.name]
    assert {(m.sign, m.unit, m.enters) for m in same} == {
        (measure.sign, measure.unit, measure.enters)
    }
    assert [m for m in MEASURES if (m.kind, m.source) == (measure.kind, measure.source)] == [
        measure
    ]
