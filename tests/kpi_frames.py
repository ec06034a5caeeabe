"""Small literal rows of lake assets for the KPI tests: defaults, and only what matters named."""

from datetime import UTC, date, datetime, timedelta

import ibis
import pyarrow as pa

from core.schema import asset_schema
from features.kpis.leakage import LeakageRates, facts
from features.kpis.ledger import Rates, by_order
from store.lake import arrow_schema, conform

DAY = date(2026, 11, 20)
RATES = Rates(
    card_share=0.029,
    card_fixed_cents=30,
    insurance_cents_per_km=6.0,
    infrastructure_cents_per_order=5,
    support_ai_cents=50,
    support_human_cents=500,
    eta_tolerance_minutes=2.0,
)
LEAKS = LeakageRates(
    tolerance_cents=25,
    late_hours=24,
    late_minutes=2.0,
    bad_rating=3,
    max_discount=0.30,
    commission_share=0.2,
    audit_one_in=2,
    audit_seed=7,
)


def at(text: str) -> datetime:
    """``"20 08:30"`` -> that minute in November 2026."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


_T = at("20 08:00")
DEFAULTS = {
    "orders": {
        "order_id": "O1", "rider_id": "R1", "vertical": "RIDE", "ride_type": "SOLO",
        "service_class": "STANDARD", "product": "ride", "zone_id": "Z1", "dropoff_zone_id": "Z2",
        "requested_at": _T, "matched_at": _T + timedelta(minutes=1),
        "picked_up_at": _T + timedelta(minutes=6), "completed_at": _T + timedelta(minutes=20),
        "status": "COMPLETED", "quoted_fare": 1000, "surge": 1.0, "distance_km": 5.0,
        "duration_minutes": 14.0, "eta_quoted_minutes": 5.0, "eta_actual_minutes": 6.0,
        "currency": "USD", "source": "simulated",
    },
    "trips": {
        "trip_id": "T1", "order_id": "O1", "driver_id": "D1", "vehicle_id": "V1",
        "started_at": _T + timedelta(minutes=6), "ended_at": _T + timedelta(minutes=20),
        "distance_km": 5.0, "duration_minutes": 14.0, "wait_minutes": 1.0, "gross_fare": 1000,
        "tolls": 0, "taxes": 80, "tips": 0, "promotion": 0, "driver_pay": 800,
        "driver_pay_derived": False, "status": "COMPLETED",
    },
    "payments": {
        "payment_id": "P1", "order_id": "O1", "kind": "CHARGE", "method": "CARD",
        "status": "CAPTURED", "amount": 1080, "currency": "USD", "at": _T + timedelta(minutes=21),
    },
    "promotions": {
        "promotion_id": "C1", "rider_id": "R1", "code": "SAVE2", "value": 200, "order_id": "O1",
        "granted_at": _T, "used_at": _T,
    },
    "conversations": {
        "id": "K1", "user_id": "R1", "channel": "CHAT", "status": "RESOLVED", "ai_handled": True,
        "priority": "MEDIUM", "vertical": "RIDE", "intent": "refund_request",
        "complexity": "medium", "language_code": "en", "created_at": _T, "updated_at": _T,
        "version": 1,
    },
    "messages": {
        "id": "M1", "conversation_id": "K1", "seq": 1, "sender": "AI", "message_type": "TEXT",
        "content": "text", "created_at": _T, "processing_time_ms": 100, "confidence_score": 0.8,
        "action": "answer", "sources": '[{"kb_code": "KB0001"}]',
    },
    "feedback": {
        "id": "F1", "message_id": "M1", "conversation_id": "K1", "user_rating": 5,
        "follow_up_required": False, "created_at": _T,
    },
    "exposures": {
        "exposure_id": "E1", "order_id": "O1", "rider_id": "R1", "kind": "QUOTE", "action": "1.0",
        "price": 1000, "propensity": 1.0, "policy_version": "rule-1", "shown_at": _T,
        "accepted": True, "context": "{}",
    },
    "driver_days": {
        "driver_id": "D1", "day": DAY, "online_minutes": 400.0, "engaged_minutes": 200.0,
        "offers": 10, "accepts": 9, "cancels": 0, "completed": 9, "on_time": 9, "eta_hits": 9,
        "rating_sum": 40.0, "rating_count": 8, "earnings": 9000, "bonus": 0,
    },
    "rider_days": {
        "rider_id": "R1", "day": DAY, "orders": 1, "spend": 1000, "promotions": 0, "cancels": 0,
    },
    "market_hours": {
        "zone_id": "Z1", "hour": at("20 08:00"), "requests": 5, "unmet": 0,
        "available_drivers": 3.0, "weather": 0.0, "holiday": False, "event": 0.0,
    },
    "subscriptions": {
        "subscription_id": "S1", "rider_id": "R1", "plan": "BASIC", "price": 999,
        "started_on": DAY,
    },
    "drivers": {
        "driver_id": "D1", "joined_on": date(2020, 1, 1), "city": "C", "tier": "GOLD",
        "background_check": "CLEAR", "accepts_women_only": False, "corporate_eligible": True,
    },
}  # fmt: skip


def rows(asset: str, *changes: dict) -> pa.Table:
    """One contract row per dict of changes to the asset's default row."""
    schema = arrow_schema(asset_schema(asset))
    filled = [{**dict.fromkeys(schema.names), **DEFAULTS[asset], **change} for change in changes]
    return conform(pa.Table.from_pylist(filled, schema=schema), asset_schema(asset))


def connection():
    """A DuckDB that reads times as UTC, as the pipelines open it."""
    opened = ibis.duckdb.connect(threads=2)
    opened.raw_sql("SET TimeZone = 'UTC'")
    return opened


def _nullable(table: pa.Table) -> pa.Table:
    """As Parquet files are read: every column may hold NULL."""
    return table.cast(pa.schema([field.with_nullable(True) for field in table.schema]))


def ibis_tables(opened, **assets: pa.Table) -> dict:
    """What `features.kpis.profit` wants: every asset it reads, empty where not given."""
    names = ["orders", "trips", "payments", "promotions", "conversations", "exposures"]
    names += ["driver_days", "market_hours", "rider_days", "subscriptions", "drivers"]
    names += ["messages", "feedback"]
    made = {
        name: opened.create_table(name, _nullable(assets.get(name, rows(name))), overwrite=True)
        for name in names
    }
    made["orders"] = by_order(made["orders"])
    made["known_orders"] = made["orders"].select("order_id")
    sources = (made[name] for name in ("orders", "trips", "payments", "promotions"))
    made["facts"] = opened.create_table("facts", facts(*sources, LEAKS), overwrite=True)
    return made
