"""The books against a slow, obvious count in plain Python, and their rounding to the cent."""

import math
from collections import Counter, defaultdict
from datetime import date, timedelta

import ibis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import largest_remainder
from features.kpis import ledger, profit
from features.kpis.measures import COLUMNS, MEASURES, SLICE, Unit
from tests.kpi_frames import LEAKS, RATES, at, connection, ibis_tables, rows

DAYS = [date(2026, 11, 20), date(2026, 11, 21)]
CON = connection()


def city(seed: int, orders: int = 60) -> dict[str, list[dict]]:
    """Random orders of two days with trips, payments and conversations, as dicts of changes."""
    rng = np.random.default_rng(seed)
    made: dict[str, list[dict]] = defaultdict(list)
    for n in range(orders):
        asked = at("20 00:00") + timedelta(minutes=int(rng.integers(0, 2 * 1440)))
        name, status = f"O{n:03d}", str(rng.choice(["COMPLETED", "CANCELLED", "EXPIRED"]))
        done, gone = status == "COMPLETED", status == "CANCELLED"
        ended = asked + timedelta(minutes=int(rng.integers(5, 90)))
        made["orders"].append(
            {
                "order_id": name, "rider_id": f"R{n % 9}", "requested_at": asked,
                "vertical": str(rng.choice(["RIDE", "FOOD"])), "status": status,
                "service_class": str(rng.choice(["STANDARD", "VIP"])),
                "zone_id": f"Z{rng.integers(3)}", "completed_at": ended if done else None,
                "cancelled_at": ended if gone else None,
                "eta_actual_minutes": float(rng.integers(0, 10)) if rng.random() < 0.8 else None,
            }
        )  # fmt: skip
        if done:
            fare = int(rng.integers(300, 3000))
            made["trips"].append(
                {
                    "trip_id": f"T{n}", "order_id": name, "gross_fare": fare, "ended_at": ended,
                    "distance_km": round(float(rng.uniform(0.1, 30)), 3),
                    "promotion": int(rng.integers(0, 200)), "driver_pay": int(fare * 0.8),
                    "tolls": int(rng.integers(0, 3)) * 200, "tips": int(rng.integers(0, 300)),
                    "status": "COMPLETED" if rng.random() < 0.9 else "CANCELLED",
                }
            )  # fmt: skip
        for k in range(int(rng.integers(0, 4))):
            made["payments"].append(
                {
                    "payment_id": f"P{n}-{k}", "order_id": name,
                    "kind": str(rng.choice(["CHARGE", "REFUND", "FEE", "PAYOUT", "BONUS"])),
                    "method": str(rng.choice(["CARD", "CASH"])),
                    "status": str(rng.choice(["CAPTURED", "FAILED", "CHARGED_BACK", "REFUNDED"])),
                    "amount": int(rng.integers(1, 4000)),
                    "at": ended + timedelta(hours=int(rng.integers(0, 90))),
                }
            )  # fmt: skip
    for n in range(25):
        made["conversations"].append(
            {
                "id": f"K{n}", "created_at": at(f"{20 + n % 2} 12:00"),
                "order_id": f"O{n:03d}" if n % 3 else None,
                "escalated_at": at("21 13:00") if rng.random() < 0.4 else None,
            }
        )  # fmt: skip
    return made


def tables_of(made: dict[str, list[dict]]) -> dict:
    return ibis_tables(CON, **{asset: rows(asset, *changes) for asset, changes in made.items()})


def full(asset: str, change: dict) -> dict:
    return rows(asset, change).to_pylist()[0]


def oracle(made: dict[str, list[dict]]) -> dict[tuple, Counter]:
    """Cents and counts by (day, zone, vertical, class), one order and one payment at a time."""
    found: dict[tuple, Counter] = defaultdict(Counter)
    place = {}
    for change in made["orders"]:
        o = full("orders", change)
        ends = {"COMPLETED": o["completed_at"], "CANCELLED": o["cancelled_at"]}
        day = (ends.get(o["status"]) or o["requested_at"]).date()
        place[o["order_id"]] = (day, *(o[name] for name in SLICE))
        cell = found[place[o["order_id"]]]
        cell["requested_orders"] += 1
        cell["infrastructure_cents"] += 5
        cell[f"{o['status'].lower()}_orders"] += 1
        if o["status"] == "COMPLETED" and o["eta_actual_minutes"] is not None:
            cell["eta_known"] += 1
            cell["eta_hits"] += abs(o["eta_actual_minutes"] - 5.0) <= 2
    others: Counter = Counter()
    for change in made["trips"]:
        t = full("trips", change)
        cell = found[place[t["order_id"]]]
        cell["driver_pay_cents"] += t["driver_pay"]
        if t["status"] != "COMPLETED":
            continue
        others[t["order_id"]] += t["tolls"] + t["taxes"] + t["tips"]
        cell["gross_fare_cents"] += t["gross_fare"]
        cell["promotions_cents"] += t["promotion"]
        metres = math.floor(t["distance_km"] * 1000 + 0.5)
        cell["insurance_cents"] += math.floor(metres * 6 / 1000 + 0.5)
    _payments(made, place, others, found)
    _support(made, place, found)
    return found


def _payments(made: dict, place: dict, others: Counter, found: dict) -> None:
    """``others``: cents by order that its charge holds for others, less what was taken back."""
    payments = [full("payments", change) for change in made["payments"]]
    for p in sorted(payments, key=lambda p: (p["at"], p["payment_id"])):
        cell, cents = found[place[p["order_id"]]], p["amount"]
        if p["status"] not in ("CAPTURED", "REFUNDED", "CHARGED_BACK"):
            continue
        if p["kind"] in ("CHARGE", "FEE"):
            cell["gross_fare_cents"] += cents if p["kind"] == "FEE" else 0
            if p["status"] == "CHARGED_BACK":
                passed_on = min(cents, others[p["order_id"]]) if p["kind"] == "CHARGE" else 0
                others[p["order_id"]] -= passed_on
                cell["refunds_cents"] += cents - passed_on
            if p["method"] == "CARD":
                cell["payment_fees_cents"] += (cents * 29_000 + 500_000) // 1_000_000 + 30
        elif p["kind"] == "REFUND":
            cell["refunds_cents"] += cents


def _support(made: dict, place: dict, found: dict) -> None:
    rest: Counter = Counter()
    for change in made["conversations"]:
        c = full("conversations", change)
        cents = 500 if c["escalated_at"] else 50
        if c["order_id"] in place:
            found[place[c["order_id"]]]["support_cost_cents"] += cents
        else:
            rest[c["created_at"].date()] += cents
    for day, cents in rest.items():
        cells = sorted(cell for cell in found if cell[0] == day)
        if cells:
            parts = largest_remainder(cents, [found[cell]["requested_orders"] for cell in cells])
            for cell, part in zip(cells, parts, strict=True):
                found[cell]["support_cost_cents"] += part


NOT_COUNTED = ("leakage", "audit", "exposures")
COUNTED = sorted(set(COLUMNS) - {m.name for m in MEASURES if m.source in NOT_COUNTED})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_slices_are_what_counting_one_by_one_gives(seed):
    made = city(seed)
    got = profit.slices(tables_of(made), RATES, LEAKS, DAYS).to_pyarrow().to_pylist()
    wanted = {cell: c for cell, c in oracle(made).items() if cell[0] in DAYS}
    assert len(got) == len(wanted) > 10
    for row in got:
        cell = wanted[(row["economic_day"], *(row[name] for name in SLICE))]
        names = [name for name in COUNTED if not name.endswith("_minutes")]
        assert {name: row[name] for name in names} == {name: cell[name] for name in names}


def test_the_ledger_holds_every_cent_of_the_slices_that_has_an_order():
    made = city(4)
    tables = tables_of(made)
    cents = {m.kind: m.source for m in MEASURES if m.unit is Unit.CENTS and m.source != "shared"}
    by_kind: Counter = Counter()
    for source, entries in profit.entries(tables, RATES, LEAKS).items():
        booked = ledger.on_days(entries, DAYS).to_pyarrow().to_pylist()
        events = {(row["order_id"], row["event_id"]) for row in booked}
        assert len(events) == len(booked) and all(map(all, events))
        for kind in (kind for kind, of in cents.items() if of == source):
            by_kind[kind] = sum(row[kind] for row in booked)
    whole: Counter = Counter()
    for row in profit.slices(tables, RATES, LEAKS, DAYS).to_pyarrow().to_pylist():
        whole.update({name: row[name] for name in COLUMNS})
    for name in ("gross_fare_cents", "refunds_cents", "insurance_cents", "leakage_detected_cents"):
        assert whole[name] == sum(by_kind[m.kind] for m in MEASURES if m.name == name)


@pytest.mark.parametrize(
    ("payments", "refunds"),
    [
        # 1000 fare, 250 toll, 80 tax and 120 tip were charged; the fare is the company's
        ([{"amount": 1450, "status": "CHARGED_BACK"}], 1000),
        ([{"amount": 400, "status": "CHARGED_BACK"}], 0),
        (
            [
                {"payment_id": "P1", "amount": 400, "status": "CHARGED_BACK"},
                {"payment_id": "P2", "amount": 1050, "status": "CHARGED_BACK"},
            ],
            1000,
        ),
        ([{"amount": 1450}, {"payment_id": "P2", "kind": "FEE", "amount": 90,
          "status": "CHARGED_BACK"}], 90),
        ([{"amount": 1450}, {"payment_id": "P2", "kind": "REFUND", "amount": 500}], 500),
    ],
    ids=["all", "less than passed on", "two charges", "a fee", "a refund"],
)  # fmt: skip
def test_a_charge_taken_back_refunds_only_what_was_the_company_s(payments, refunds):
    trip = {"tolls": 250, "taxes": 80, "tips": 120}
    made = {"orders": [{}], "trips": [trip], "payments": payments}
    got = profit.slices(tables_of(made), RATES, LEAKS, DAYS).to_pyarrow().to_pylist()
    assert [row["refunds_cents"] for row in got] == [refunds]


def test_an_order_after_midnight_books_on_the_day_it_ends():
    late = {"requested_at": at("20 23:50"), "completed_at": at("21 00:10")}
    refund = {"kind": "REFUND", "status": "REFUNDED", "amount": 300, "at": at("24 10:00")}
    made = {"orders": [late], "trips": [{}], "payments": [refund]}
    got = profit.slices(tables_of(made), RATES, LEAKS, DAYS).to_pyarrow().to_pylist()
    assert [(row["economic_day"], row["refunds_cents"]) for row in got] == [(DAYS[1], 300)]


@pytest.mark.parametrize(("amount", "fee"), [(50, 31), (1000, 59), (1018, 60), (1017, 59)])
def test_card_fees_round_half_up(amount, fee):
    # 2.9 % of 50 is 1.45, of 1000 is 29, of 1018 is 29.52, of 1017 is 29.49; and 30 cents
    rounded = ledger.half_up(ibis.literal(amount), 29_000) + 30
    assert CON.to_pyarrow(rounded).as_py() == fee


days_of_slices = st.lists(
    st.tuples(st.integers(0, 100_000), st.lists(st.integers(0, 50), min_size=1, max_size=8)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(days_of_slices)
def test_spreading_gives_each_day_the_parts_of_the_largest_remainder(cases):
    slices, totals = [], []
    for number, (total, weights) in enumerate(cases):
        day = DAYS[0] + timedelta(days=number)
        totals.append({"economic_day": day, "total": total})
        slices += [
            {"economic_day": day, "zone_id": f"Z{i}", "vertical": "RIDE",
             "service_class": "STANDARD", "weight": w}
            for i, w in enumerate(weights)
        ]  # fmt: skip
    found = ledger.spread(_table("slices", slices), _table("totals", totals), "weight")
    parts: dict[date, dict[str, int]] = defaultdict(dict)
    for row in found.to_pyarrow().to_pylist():
        parts[row["economic_day"]][row["zone_id"]] = row["part"]
    for number, (total, weights) in enumerate(cases):
        got = parts[DAYS[0] + timedelta(days=number)]
        assert [got[f"Z{i}"] for i in range(len(weights))] == largest_remainder(total, weights)


def _table(name: str, content: list[dict]):
    import pyarrow as pa

    return CON.create_table(name, pa.Table.from_pylist(content), overwrite=True)


def test_a_quote_that_nobody_accepted_has_the_slice_of_its_context():
    context = '{"zone":"Z9","hour":8,"vertical":"FOOD","service_class":"STANDARD"}'
    refused = {"exposure_id": "E2", "order_id": None, "accepted": False, "context": context}
    nowhere = {"exposure_id": "E3", "order_id": None, "accepted": False}
    offer = {"exposure_id": "E4", "kind": "OFFER"}
    made = {"orders": [{}], "exposures": [{}, refused, nowhere, offer]}
    got = profit.slices(tables_of(made), RATES, LEAKS, DAYS).to_pyarrow().to_pylist()
    shown = {row["zone_id"]: (row["quotes_shown"], row["quotes_accepted"]) for row in got}
    assert shown == {"Z1": (1, 1), "Z9": (1, 0)}


def test_engaged_time_follows_trips_and_idle_time_the_idle_drivers_of_the_zone():
    made = {
        "orders": [{"order_id": "A"}, {"order_id": "B", "zone_id": "Z2"}],
        "trips": [{"order_id": "A", "duration_minutes": 30.0}],
        "driver_days": [{"online_minutes": 100.0, "engaged_minutes": 40.0}],
        "market_hours": [
            {"zone_id": "Z1", "available_drivers": 1.0},
            {"zone_id": "Z2", "available_drivers": 2.0},
        ],
    }
    got = profit.slices(tables_of(made), RATES, LEAKS, DAYS).to_pyarrow().to_pylist()
    minutes = {
        row["zone_id"]: (row["engaged_minutes"] / 60_000, row["online_minutes"] / 60_000)
        for row in got
    }
    assert minutes == {"Z1": (40.0, 60.0), "Z2": (0.0, 40.0)}
