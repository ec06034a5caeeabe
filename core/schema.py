"""The canonical columns of every lake asset: the contract between importers, features and KPIs.

Types are one letter each, as in docs/domain.md: s string, i int64, c int64 cents, f float64,
b bool, t timestamp (microseconds, UTC), d date, S list of strings. A ``?`` behind the letter means
that NULL is allowed.
"""

from dataclasses import dataclass

from core.errors import UnknownAsset


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type letter and whether NULL is allowed."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class AssetSchema:
    """The columns of an asset, its unique key, and the column whose UTC day makes the partition.

    ``day_column`` is None for snapshots: the partition is the day the snapshot describes.
    """

    name: str
    version: int
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    day_column: str | None

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def _asset(
    name: str, columns: str, key: str, day_column: str | None, version: int = 1
) -> AssetSchema:
    parsed = []
    for word in columns.split():
        column, _, kind = word.partition(":")
        parsed.append(Column(column, kind.rstrip("?"), kind.endswith("?")))
    return AssetSchema(name, version, tuple(parsed), tuple(key.split()), day_column)


_ALL = (
    _asset(
        "orders",
        "order_id:s rider_id:s vertical:s ride_type:s? service_class:s product:s zone_id:s "
        "dropoff_zone_id:s? pickup_lat:f? pickup_lon:f? dropoff_lat:f? dropoff_lon:f? "
        "requested_at:t scheduled_at:t? matched_at:t? picked_up_at:t? completed_at:t? "
        "cancelled_at:t? cancelled_by:s? status:s quoted_fare:c? surge:f? distance_km:f? "
        "duration_minutes:f? eta_quoted_minutes:f? eta_actual_minutes:f? currency:s source:s",
        key="order_id",
        day_column="requested_at",
    ),
    _asset(
        "trips",
        "trip_id:s order_id:s driver_id:s? vehicle_id:s? started_at:t ended_at:t distance_km:f "
        "duration_minutes:f wait_minutes:f? gross_fare:c tolls:c taxes:c tips:c promotion:c "
        "driver_pay:c driver_pay_derived:b rating:i? status:s",
        key="trip_id",
        day_column="ended_at",
    ),
    _asset(
        "payments",
        "payment_id:s order_id:s kind:s method:s status:s amount:c currency:s at:t",
        key="payment_id",
        day_column="at",
    ),
    _asset(
        "drivers",
        "driver_id:s joined_on:d city:s tier:s licence_valid_until:d? insurance_valid_until:d? "
        "background_check:s vehicle_id:s? accepts_women_only:b corporate_eligible:b "
        "opening_rides:i?",
        key="driver_id",
        day_column=None,
    ),
    _asset("vehicles", "vehicle_id:s type:s year:i features:S", key="vehicle_id", day_column=None),
    _asset(
        "driver_days",
        "driver_id:s day:d online_minutes:f engaged_minutes:f offers:i accepts:i cancels:i "
        "completed:i on_time:i eta_hits:i rating_sum:f rating_count:i earnings:c bonus:c",
        key="driver_id day",
        day_column="day",
    ),
    _asset(
        "rider_days",
        "rider_id:s day:d orders:i spend:c promotions:c cancels:i",
        key="rider_id day",
        day_column="day",
    ),
    _asset(
        "riders",
        "rider_id:s joined_on:d home_city:s loyalty_tier:s plan:s? marketing_opt_in:b",
        key="rider_id",
        day_column=None,
    ),
    _asset(
        "exposures",
        "exposure_id:s order_id:s? rider_id:s kind:s action:s price:c? propensity:f "
        "policy_version:s shown_at:t accepted:b context:s",
        key="exposure_id",
        day_column="shown_at",
    ),
    _asset(
        "subscriptions",
        "subscription_id:s rider_id:s plan:s price:c started_on:d ended_on:d? reason:s?",
        key="subscription_id",
        day_column=None,
    ),
    _asset(
        "promotions",
        "promotion_id:s rider_id:s code:s value:c order_id:s? granted_at:t used_at:t?",
        key="promotion_id",
        day_column="granted_at",
    ),
    _asset(
        "market_hours",
        "zone_id:s hour:t requests:i unmet:i available_drivers:f weather:f holiday:b event:f "
        "competitor_index:f?",
        key="zone_id hour",
        day_column="hour",
    ),
    _asset(
        "conversations",
        "id:s user_id:s channel:s status:s ai_handled:b sentiment_score:f? priority:s "
        "assigned_agent_id:s? escalation_reason:s? order_id:s? vertical:s? intent:s? complexity:s? "
        "language_code:s created_at:t first_response_at:t? updated_at:t escalated_at:t? "
        "queued_at:t? assigned_at:t? first_agent_reply_at:t? resolved_at:t? first_resolved_at:t? "
        "resolution_kind:s? reopened_at:t? closed_at:t? reason_code:s? version:i",
        key="id",
        day_column="created_at",
    ),
    _asset(
        "messages",
        "id:s conversation_id:s seq:i client_message_id:s? sender:s message_type:s content:s "
        "audio_url:s? confidence_score:f? action:s? sources:s? language_code:s? intent:s? "
        "sentiment_score:f? processing_time_ms:i? release:s? created_at:t",
        key="id",
        day_column="created_at",
    ),
    _asset(
        "feedback",
        "id:s message_id:s conversation_id:s user_rating:i was_helpful:b? follow_up_required:b "
        "user_comment:s? created_at:t",
        key="id",
        day_column="created_at",
    ),
)

ASSETS: dict[str, AssetSchema] = {schema.name: schema for schema in _ALL}


def asset_schema(name: str) -> AssetSchema:
    """The contract of an asset; UnknownAsset names the ones there are."""
    try:
        return ASSETS[name]
    except KeyError:
        raise UnknownAsset(f"expected one of {', '.join(sorted(ASSETS))}; got {name!r}") from None
