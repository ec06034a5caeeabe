"""Each leakage rule on one literal order, and the audit's estimate over many."""

import pytest

from features.kpis.leakage import RULES, audit_entries, cases, leakage_entries
from tests.kpi_frames import LEAKS, at, connection, ibis_tables, rows

CON = connection()
FINE = {"orders": [{}], "trips": [{}], "payments": [{}]}
CANCELLED = {
    "status": "CANCELLED", "completed_at": None, "picked_up_at": None, "cancelled_by": "RIDER",
    "eta_actual_minutes": None,
}  # fmt: skip
REFUND = {"payment_id": "R1", "kind": "REFUND", "status": "REFUNDED", "amount": 400}


def found(made: dict[str, list[dict]]) -> dict[str, int]:
    facts = facts_of(made)
    return {row["rule"]: row["cents"] for row in cases(facts, LEAKS).to_pyarrow().to_pylist()}


def facts_of(made: dict[str, list[dict]]):
    return ibis_tables(CON, **{asset: rows(asset, *c) for asset, c in made.items()})["facts"]


def test_a_fine_order_is_no_case():
    assert found(FINE) == {}


@pytest.mark.parametrize(
    ("rule", "cents", "changes"),
    [
        ("fare_below_quote", 300, {"trips": [{"gross_fare": 700}]}),
        ("paid_below_due", 580, {"payments": [{"amount": 500}]}),
        ("paid_below_due", 1080, {"payments": [{"status": "FAILED"}]}),
        ("paid_below_due", 1080, {"payments": [{"status": "CHARGED_BACK"}]}),
        # 1080 for the ride and a tip of 200 were charged as 1080 in all
        ("paid_below_due", 200, {"trips": [{"tips": 200}]}),
        (
            "refund_above_charge",
            400,
            {"trips": [{"rating": 2}], "payments": [{"status": "CHARGED_BACK"}, REFUND]},
        ),
        (
            "duplicate_refund",
            400,
            {"trips": [{"rating": 2}], "payments": [{}, REFUND, {**REFUND, "payment_id": "R2"}]},
        ),
        ("refund_without_cause", 400, {"payments": [{}, REFUND]}),
        (
            "refund_above_charge",
            120,
            {"trips": [{"rating": 2}], "payments": [{}, {**REFUND, "amount": 1200}]},
        ),
        ("discount_above_limit", 200, {"trips": [{"promotion": 500}]}),
        (
            "promotion_stacking",
            200,
            {"promotions": [{}, {"promotion_id": "C2"}], "trips": [{"promotion": 300}]},
        ),
        (
            "missing_toll",
            450,
            {
                "orders": [{"order_id": f"O{n}"} for n in (1, 2, 3)],
                "trips": [
                    {"trip_id": f"T{n}", "order_id": f"O{n}", "tolls": 450 * (n < 3)}
                    for n in (1, 2, 3)
                ],
                "payments": [],
            },
        ),
        (
            "cancelled_at_the_door",
            200,
            {"orders": [{**CANCELLED, "cancelled_at": at("20 08:06")}], "trips": []},
        ),
    ],
)  # fmt: skip
def test_a_rule_finds_its_case_and_its_worth(rule, cents, changes):
    assert found({**FINE, **changes})[rule] == cents


@pytest.mark.parametrize(
    "changes",
    [
        {"trips": [{"gross_fare": 980}], "payments": [{"amount": 1060}]},
        {"trips": []},
        {"payments": [{"kind": "PAYOUT"}]},
        {"trips": [{"tips": 200}], "payments": [{"amount": 1280}]},
        {
            "trips": [{"tips": 200}],
            "payments": [{}, {"payment_id": "P2", "amount": 200, "at": at("25 12:00")}],
        },
        {"trips": [{"tips": 200}], "payments": [{"kind": "FEE", "amount": 100}]},
        {
            "trips": [{"tips": 200, "rating": 2}],
            "payments": [{"amount": 1280}, {**REFUND, "amount": 1280}],
        },
        {"trips": [{"rating": 3}], "payments": [{}, REFUND]},
        {"orders": [{"eta_actual_minutes": 9.0}], "payments": [{}, REFUND]},
        {"orders": [{**CANCELLED, "cancelled_at": at("20 08:03")}], "trips": [], "payments": []},
    ],
    ids=[
        "within tolerance",
        "no trip arrived",
        "no charge arrived",
        "tip on top",
        "tip days later",
        "tip that no charge holds",
        "tip given back",
        "bad ride",
        "late",
        "early",
    ],
)
def test_what_has_a_reason_is_no_case(changes):
    assert found({**FINE, **changes}) == {}


def test_rules_of_one_kind_look_at_the_same_cents():
    twice = {"payments": [{}, REFUND, {**REFUND, "payment_id": "R2"}]}
    names = found({**FINE, **twice})
    assert names == {"duplicate_refund": 400, "refund_without_cause": 800}
    entry = leakage_entries(facts_of({**FINE, **twice}), LEAKS).to_pyarrow().to_pylist()[0]
    assert entry["LEAKAGE_DETECTED"] == 800


def test_a_charge_that_settles_later_recovers_the_loss():
    late = {"payment_id": "P2", "amount": 580, "at": at("22 12:00")}
    made = {**FINE, "payments": [{"amount": 500}, late]}
    entry = leakage_entries(facts_of(made), LEAKS).to_pyarrow().to_pylist()[0]
    assert (entry["LEAKAGE_DETECTED"], entry["LEAKAGE_RECOVERED"]) == (580, 580)
    assert (entry["IDENTIFIED"], entry["CAPTURED"]) == (1000, 1000)


@pytest.mark.parametrize(
    ("trip", "payments", "captured", "open_cents"),
    [
        ({"tips": 300}, [{"amount": 1080}], 700, 300),
        ({"tips": 300}, [{"amount": 200}], 0, 1080),
        ({}, [{"status": "CHARGED_BACK"}], 0, 1080),
        ({}, [{"status": "CHARGED_BACK"}, {"payment_id": "P2", "at": at("25 12:00")}], 1000, 0),
    ],
    ids=["a tip out of the fare", "less than the tip", "taken back", "taken back and paid again"],
)
def test_value_is_captured_without_tips_and_without_what_the_bank_took_back(
    trip, payments, captured, open_cents
):
    made = {**FINE, "trips": [trip], "payments": payments}
    entry = leakage_entries(facts_of(made), LEAKS).to_pyarrow().to_pylist()[0]
    assert (entry["IDENTIFIED"], entry["CAPTURED"]) == (1000, captured)
    assert entry["LEAKAGE_DETECTED"] - entry["LEAKAGE_RECOVERED"] == open_cents


def test_the_audit_estimates_what_the_tolerance_hides():
    names = [f"O{n}" for n in range(400)]
    made = {
        "orders": [{"order_id": name} for name in names],
        "trips": [{"trip_id": n, "order_id": n, "gross_fare": 990} for n in names],
        "payments": [{"payment_id": n, "order_id": n, "amount": 1070} for n in names],
    }
    facts = facts_of(made)
    assert sum(r["LEAKAGE_DETECTED"] for r in rows_of(leakage_entries(facts, LEAKS))) == 0
    audited = rows_of(audit_entries(facts, LEAKS))
    assert {row["LEAKAGE_UNDETECTED"] for row in audited} == {2 * 10}
    assert sum(row["LEAKAGE_UNDETECTED"] for row in audited) == pytest.approx(4000, rel=0.15)


def rows_of(table) -> list[dict]:
    return table.to_pyarrow().to_pylist()


def test_every_rule_has_a_name_of_its_own():
    assert len({rule.name for rule in RULES}) == len(RULES)
