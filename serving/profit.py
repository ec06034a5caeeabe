"""Prices and forecasts behind the endpoints: from requests to the engines' arguments and back."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.params import Params
from engines.premium import quote as quotes
from engines.profit import guardrails, rule_policy
from features import demand
from serving.releases import Loaded
from serving.schemas import ForecastOut, PriceIn, PriceOut, ZoneHour
from store.lake import Lake

RULE = "rule_policy"
MARKET = "market_hours"
ZONE_DAYS = 7
"""Zones are those of a week: a day's gate may have refused all rows of one."""


class Zones:
    """The zones the city has: those of its newest market hours, kept until one is asked for that
    is not among them."""

    def __init__(self, lake: Path) -> None:
        self._lake = Lake(lake)
        self._known: frozenset[str] = frozenset()

    def require(self, asked: Iterable[str]) -> None:
        """Nothing, if the city has these zones or the lake does not know yet which it has.

        Raises
        ------
        BadInput
            Naming every zone that the city does not have.
        """
        wanted = set(asked)
        if wanted <= self._known:
            return
        self._known = self._read()
        strangers = sorted(wanted - self._known)
        if self._known and strangers:
            raise BadInput(
                f"zone_id: expected zones of this city ({', '.join(sorted(self._known))}), "
                f"got {', '.join(strangers)}"
            )

    def _read(self) -> frozenset[str]:
        keys = self._lake.keys(MARKET)[-ZONE_DAYS:]
        if not keys:
            return frozenset()
        return frozenset(self._lake.read(MARKET, keys, ["zone_id"])["zone_id"].to_pylist())


def multiplier(journey: PriceIn, params: Params) -> float:
    """The rule policy's multiplier for this place and time, inside the guardrails.

    Local time is that of the offset ``pickup_at`` was sent with.
    """
    slot = rule_policy.Slots(
        vertical=[journey.vertical.value],
        demand=[journey.demand],
        supply=[journey.supply],
        hour=[journey.pickup_at.hour],
        weekday=[journey.pickup_at.weekday()],
        holiday=[journey.holiday],
        weather=[journey.weather],
        event=[journey.event],
        competitor=[np.nan if journey.competitor_index is None else journey.competitor_index],
    )
    wanted = rule_policy.multiplier(slot, params.pricing)
    before = [journey.previous_multiplier]
    return float(guardrails.guard_multiplier(wanted, before, params.pricing).multiplier[0])


def price(
    loaded: Loaded, journey: PriceIn, params: Params, secret: bytes, now: datetime
) -> PriceOut:
    """A signed quote, and how likely it is to be accepted."""
    surge = multiplier(journey, params)
    asked = quotes.Journeys(
        vertical=journey.vertical.value,
        service_class=journey.service_class.value,
        km=journey.distance_km,
        minutes=journey.duration_minutes,
        hour=journey.pickup_at.hour,
        weekday=journey.pickup_at.weekday(),
        multiplier=surge,
    )
    made = quotes.quote(asked, params.pricing, secret, now, journey.zone_id)
    return PriceOut(
        vertical=journey.vertical,
        service_class=journey.service_class,
        zone_id=journey.zone_id,
        multiplier=surge,
        base_cents=made.base_cents,
        total_cents=made.total_cents,
        driver_pay_cents=made.driver_pay_cents,
        currency=made.currency,
        lines=list(made.lines),
        quoted_at=made.quoted_at,
        expires_at=made.expires_at,
        signature=made.signature,
        acceptance_probability=_acceptance(loaded, journey, made),
        policy=RULE,
        release=loaded.release_id,
    )


def _acceptance(loaded: Loaded, journey: PriceIn, made: quotes.Quote) -> float | None:
    """The acceptance model's word on this quote; None while no such model serves."""
    model = loaded.predictors.get("acceptance")
    if model is None:
        return None
    competitor = np.nan if journey.competitor_index is None else journey.competitor_index
    row = pd.DataFrame(
        [
            {
                "price_cents": made.total_cents,
                "base_cents": made.base_cents,
                "multiplier": made.multiplier,
                "competitor_index": competitor,
                "eta_minutes": journey.eta_minutes,
                "distance_km": journey.distance_km,
                "duration_minutes": journey.duration_minutes,
                "weather": journey.weather,
                "event": journey.event,
                "holiday": float(journey.holiday),
                "hour_of_day": journey.pickup_at.hour,
                "weekday": journey.pickup_at.weekday(),
                "vertical": journey.vertical.value,
                "service_class": journey.service_class.value,
                "zone_id": journey.zone_id,
            }
        ]
    )
    return float(model.predict(row)["probability"].iloc[0])


def forecast(
    loaded: Loaded, hours: Sequence[ZoneHour], lake: Path, params: Params
) -> list[ForecastOut]:
    """Requests expected, from the lake's own past of each zone."""
    wanted = pd.DataFrame(
        {
            "zone_id": [h.zone_id for h in hours],
            "hour": pd.to_datetime([h.hour_utc for h in hours], utc=True).floor("h"),
            **{name: [float(getattr(h, name)) for h in hours] for name in demand.CONDITIONS},
        }
    )
    lags = params.demand.lags_h
    rows = demand.features(wanted, _history(wanted["hour"], max(lags), Lake(lake)), lags)
    model = loaded.predictors.get("demand")
    expected = model.predict(rows) if model else _usual(rows)
    columns = expected[["requests", "low", "high"]].to_numpy("float64")
    return [
        ForecastOut(
            zone_id=h.zone_id,
            hour_utc=h.hour_utc,
            requests=float(mean),
            low=float(low),
            high=float(high),
            release=loaded.release_id,
        )
        for h, (mean, low, high) in zip(hours, columns, strict=True)
    ]


def _usual(rows: pd.DataFrame) -> pd.DataFrame:
    """The rule where no demand model serves: the mean of the same hour in earlier weeks."""
    mean = rows["lag_mean"].fillna(rows["zone_level"]).fillna(0.0)
    spread = 1.645 * np.sqrt(mean)
    low = (mean - spread).clip(lower=0)
    return pd.DataFrame({"requests": mean, "low": low, "high": mean + spread})


def _history(hours: pd.Series, longest_lag_h: int, lake: Lake) -> pd.DataFrame:
    """zone_id, hour, requests of the days that the lags and the level can reach."""
    first = (hours.min() - timedelta(hours=longest_lag_h + demand.LEVEL_HOURS)).date().isoformat()
    last = hours.max().date().isoformat()
    keys = [key for key in lake.keys(MARKET) if first <= key <= last]
    columns = ["zone_id", "hour", "requests"]
    if not keys:
        return pd.DataFrame({name: [] for name in columns}).astype({"zone_id": "str"})
    return lake.read(MARKET, keys, columns).to_pandas()
