"""Look-ups in the lake find a row wherever it lies, as it stands now."""

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from core.enums import LoyaltyTier, OrderStatus, PaymentStatus
from core.errors import LookupUnavailable
from core.schema import asset_schema
from core.settings import Settings
from serving.company import company
from serving.company import lake as module
from store.lake import Lake, arrow_schema
from tests.gate_rows import at, table

DAYS = ("2026-11-20", "2026-11-21")


def payment(**changes):
    row = {
        "payment_id": "PAY1", "order_id": "ORD10001", "kind": "CHARGE", "method": "CARD",
        "status": "CAPTURED", "amount": 1200, "currency": "USD", "at": at(9),
    }  # fmt: skip
    return pa.Table.from_pylist([{**row, **changes}], schema=arrow_schema(asset_schema("payments")))


def rider(tier, plan):
    row = {
        "rider_id": "R1", "joined_on": at(9).date(), "home_city": "Tripo City",
        "loyalty_tier": tier, "plan": plan, "marketing_opt_in": False,
    }  # fmt: skip
    return pa.Table.from_pylist([row], schema=arrow_schema(asset_schema("riders")))


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def known(tmp_path):
    found = company(Settings(home=tmp_path))
    yield found
    found.close()


def test_without_a_lake_nothing_is_known(known):
    assert known.order("ORD10001") is None
    assert known.trip("ORD10001") is None
    assert known.payments("ORD10001") == []
    assert known.user("R1") is None


def test_an_order_is_found_with_its_trip_and_payments(lake, known):
    lake.write("orders", DAYS[0], table("orders", {"order_id": "ORD10001"}))
    lake.write("orders", DAYS[1], table("orders", {"order_id": "ORD10002", "rider_id": "R2"}))
    lake.write("trips", DAYS[0], table("trips", {"trip_id": "T9", "order_id": "ORD10001"}))
    lake.write("payments", DAYS[0], payment())
    lake.write("payments", DAYS[1], payment(payment_id="PAY2", kind="REFUND", status="REFUNDED"))
    order = known.order("ORD10001")
    assert (order.rider_id, order.status, order.quoted_fare) == ("R1", OrderStatus.COMPLETED, 1200)
    assert order.completed_at == at(8, 30)
    assert known.trip("ORD10001").driver_id == "D1"
    statuses = [paid.status for paid in known.payments("ORD10001")]
    assert statuses == [PaymentStatus.CAPTURED, PaymentStatus.REFUNDED]
    assert known.order("ORD1000") is None
    assert known.order("' OR 1=1 --") is None


def test_a_partition_written_again_is_seen(lake, known):
    lake.write("orders", DAYS[0], table("orders", {"order_id": "ORD10001"}))
    assert known.order("ORD10001").rider_id == "R1"
    lake.write("orders", DAYS[0], table("orders", {"order_id": "ORD10001", "rider_id": "R7"}))
    assert known.order("ORD10001").rider_id == "R7"
    lake.write("orders", DAYS[0], table("orders", {"order_id": "ORD10002", "rider_id": "R7"}))
    assert known.order("ORD10001") is None
    assert known.order("ORD10002").rider_id == "R7"


def test_partitions_that_come_and_go_are_seen(lake, known):
    lake.write("orders", DAYS[0], table("orders", {"order_id": "ORD10001"}))
    assert known.order("ORD10002") is None
    lake.write("orders", DAYS[1], table("orders", {"order_id": "ORD10002"}))
    assert known.order("ORD10002").order_id == "ORD10002"
    lake.remove("orders", DAYS[0])
    assert known.order("ORD10001") is None
    assert known.order("ORD10002").order_id == "ORD10002"


def test_an_order_that_stands_twice_counts_as_it_is_newest(lake, known):
    lake.write("orders", DAYS[1], table("orders", {"order_id": "ORD10001", "rider_id": "R2"}))
    lake.write("orders", DAYS[0], table("orders", {"order_id": "ORD10001", "rider_id": "R1"}))
    assert known.order("ORD10001").rider_id == "R2"


def test_an_order_that_is_not_there_is_a_read_as_well(lake, known, monkeypatch):
    lake.write("orders", DAYS[0], table("orders", {"order_id": "ORD10001"}))
    lake.write("orders", DAYS[1], table("orders"))  # a day without orders
    reads, rows = [], module._rows

    def counted(*given):
        found = rows(*given)
        reads.append(len(found))
        return found

    monkeypatch.setattr(module, "_rows", counted)
    assert known.order("ORD10001").order_id == "ORD10001"
    assert reads == [1]
    assert known.order("ORD99999") is None
    assert reads == [1, 0, 1]


def test_a_payment_that_stands_twice_counts_once_as_it_is_newest(lake, known):
    lake.write("payments", DAYS[0], payment(status="AUTHORISED"))
    lake.write("payments", DAYS[1], payment())
    assert [paid.status for paid in known.payments("ORD10001")] == [PaymentStatus.CAPTURED]


def test_a_user_is_as_the_newest_day_has_them(lake, known):
    lake.write("riders", DAYS[0], rider("BASIC", None))
    lake.write("riders", DAYS[1], rider("ELITE", "PREMIUM"))
    assert (known.user("R1").loyalty_tier, known.user("R1").plan) == (LoyaltyTier.ELITE, "PREMIUM")
    assert known.user("R2") is None
    lake.write("riders", DAYS[1], rider("BASIC", None))
    assert (known.user("R1").loyalty_tier, known.user("R1").plan) == (LoyaltyTier.BASIC, None)


def test_a_broken_day_of_riders_is_named(lake, known):
    lake.write("riders", DAYS[0], rider("PLUS", None))
    (lake.root / "riders" / f"{DAYS[0]}.parquet").write_bytes(b"no parquet")
    with pytest.raises(LookupUnavailable, match="riders"):
        known.user("R1")


def test_a_broken_partition_is_named(lake, known):
    path = lake.write("orders", DAYS[0], table("orders", {"order_id": "ORD10001"}))
    path.write_bytes(b"not parquet")
    with pytest.raises(LookupUnavailable, match="readable partitions of orders"):
        known.order("ORD10001")


def test_many_threads_look_at_once(lake, known):
    orders = [{"order_id": f"ORD{n}", "rider_id": f"R{n}"} for n in range(10_000, 10_050)]
    lake.write("orders", DAYS[0], table("orders", *orders))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(known.order, [row["order_id"] for row in orders]))
    assert [order.rider_id for order in found] == [row["rider_id"] for row in orders]
