"""The few company rules that the city itself follows, out of data/policies.yaml."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Company:
    """Cancellation and waiting fees in cents and minutes; plans with price and discount."""

    free_cancel_minutes: float
    cancel_fee_min: int
    cancel_fee_share: float
    cancel_fee_max: int
    free_cancel_plans: frozenset[str]
    waiting_free_minutes: float
    waiting_cents_per_minute: int
    plans: tuple[str, ...]
    plan_cents: tuple[int, ...]
    plan_discount: tuple[float, ...]


def load_company(path: Path) -> Company:
    """Read the rules.

    Raises
    ------
    BadInput
        If the file or a rule is missing.
    """
    try:
        raw = yaml.safe_load(path.read_text())
        cancel, wait, plans = raw["cancellation"], raw["waiting"], raw["subscriptions"]["plans"]
        return Company(
            free_cancel_minutes=cancel["rider_free_minutes_after_match"],
            cancel_fee_min=cancel["rider_fee_minimum_cents"],
            cancel_fee_share=cancel["rider_fee_share_of_fare"],
            cancel_fee_max=cancel["rider_fee_maximum_cents"],
            free_cancel_plans=frozenset(cancel["rider_free_with_plans"]),
            waiting_free_minutes=wait["free_minutes"],
            waiting_cents_per_minute=wait["fee_per_minute_cents"],
            plans=tuple(plans),
            plan_cents=tuple(plan["monthly_price_cents"] for plan in plans.values()),
            plan_discount=tuple(plan["ride_discount_share"] for plan in plans.values()),
        )
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise BadInput(f"expected the company's rules in {path}, got {error!r}") from None
