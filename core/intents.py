"""The 43 intents and ``unknown``: their knowledge-base category and their complexity."""

from core.enums import Complexity

UNKNOWN = "unknown"

INTENTS_BY_CATEGORY: dict[str, tuple[str, ...]] = {
    "account": ("account_login", "account_update", "account_verification", "account_deletion"),
    "payment": (
        "payment_problem",
        "payment_method_change",
        "refund_request",
        "wrong_charge",
        "invoice_request",
    ),
    "pricing": ("fare_explanation", "price_estimate"),
    "promotions": ("promo_code", "loyalty_points", "subscription_plan"),
    "rides": (
        "book_ride",
        "cancel_ride",
        "driver_eta",
        "driver_no_show",
        "change_trip",
        "scheduled_ride",
    ),
    "safety": ("safety_concern", "urgent_issue", "fraud_report", "safety_information"),
    "food": ("food_order_problem",),
    "grocery": ("grocery_order_problem",),
    "goods": ("goods_delivery_problem",),
    "truck_van": ("truck_van_booking",),
    "drivers": (
        "driver_earnings",
        "driver_onboarding",
        "driver_account_issue",
        "driver_qualification",
    ),
    "vehicles": ("vehicle_requirements", "premium_ride"),
    "corporate": ("corporate_account",),
    "locations": ("service_area",),
    "technical": ("app_problem",),
    "support": (
        "talk_to_human",
        "complaint",
        "lost_item",
        "opening_hours",
        "compliment",
        "smalltalk",
    ),
}

CATEGORIES: tuple[str, ...] = tuple(INTENTS_BY_CATEGORY)
INTENTS: tuple[str, ...] = tuple(i for group in INTENTS_BY_CATEGORY.values() for i in group)
LABELS: tuple[str, ...] = (*INTENTS, UNKNOWN)
CATEGORY_OF: dict[str, str] = {i: c for c, group in INTENTS_BY_CATEGORY.items() for i in group}
DANGER_INTENTS = frozenset({"safety_concern", "urgent_issue"})
PRIORITY_INTENTS = frozenset({"payment_problem", "safety_concern", "urgent_issue", "complaint"})

_COMPLEX = frozenset(
    {
        "safety_concern",
        "urgent_issue",
        "fraud_report",
        "complaint",
        "payment_problem",
        "wrong_charge",
        "driver_account_issue",
        "driver_qualification",
        "goods_delivery_problem",
        "account_deletion",
    }
)
_SIMPLE = frozenset(
    {
        "driver_eta",
        "book_ride",
        "price_estimate",
        "fare_explanation",
        "promo_code",
        "loyalty_points",
        "opening_hours",
        "safety_information",
        "service_area",
        "invoice_request",
        "payment_method_change",
        "account_update",
        "vehicle_requirements",
        "compliment",
        "smalltalk",
    }
)


def complexity(intent: str) -> Complexity:
    """The reporting class of an intent; everything not listed as simple or complex is medium."""
    if intent in _COMPLEX:
        return Complexity.COMPLEX
    return Complexity.SIMPLE if intent in _SIMPLE else Complexity.MEDIUM
