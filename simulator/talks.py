"""What one support conversation is while it goes on, and who begins them."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import numpy as np

from core.enums import Channel
from core.intents import CATEGORY_OF
from simulator.book import Day
from simulator.city import FOOD, GOODS, GROCERY, TRUCK_VAN, VERTICALS, City
from simulator.policies import Ask, Reply
from simulator.snapshots import LOYALTY
from simulator.supply import employed
from simulator.texts import Text, Texts, fill

CHANNELS = tuple(Channel)
CHANNEL_SHARE = (0.80, 0.10, 0.10)
DAY_S = 86_400.0
# how often an intent comes up, next to 1.0 for one not named
FREQUENCY = {
    "safety_concern": 0.35, "urgent_issue": 0.35, "fraud_report": 0.2, "talk_to_human": 1.6,
    "complaint": 1.0, "driver_eta": 2.5, "cancel_ride": 2.0, "refund_request": 2.2,
    "wrong_charge": 1.8, "promo_code": 1.6, "fare_explanation": 1.6, "lost_item": 1.5,
    "food_order_problem": 1.8, "unknown": 1.5, "account_deletion": 0.5, "opening_hours": 0.6,
}  # fmt: skip
ABOUT_AN_ORDER = frozenset(
    {
        "refund_request", "wrong_charge", "fare_explanation", "cancel_ride", "driver_eta",
        "driver_no_show", "change_trip", "lost_item", "complaint", "compliment", "payment_problem",
        "food_order_problem", "invoice_request", "grocery_order_problem", "safety_concern",
        "goods_delivery_problem", "truck_van_booking",
    }
)  # fmt: skip
VERTICAL_OF = {
    "food_order_problem": FOOD,
    "grocery_order_problem": GROCERY,
    "goods_delivery_problem": GOODS,
    "truck_van_booking": TRUCK_VAN,
}
FLAGGED_SHARE = 0.3  # of the fraudulent riders the company has its eye on


@dataclass(slots=True)
class Line:
    """One message; ``at`` in seconds since the day's midnight."""

    sender: str
    content: str
    at: float
    reply: Reply | None = None


@dataclass(slots=True)
class Talk:
    """One conversation. ``about`` is what it was begun for, ``asked`` what the last reply has to
    meet, ``next`` what the user says next."""

    id: str
    user_id: str
    audience: str
    channel: str
    loyalty: str | None
    order_id: str | None
    vertical: str | None
    flagged: bool
    about: Text
    asked: Text
    start: float
    next: Text | None
    lines: list[Line] = field(default_factory=list)
    satisfied: bool = False
    right: bool = False
    confirmed: bool = False
    gave_up: bool = False

    @property
    def replies(self) -> list[Reply]:
        return [line.reply for line in self.lines if line.sender == "AI" and line.reply]

    @property
    def escalated(self) -> bool:
        return any(reply.action == "escalate" for reply in self.replies)

    def ask(self, rng: np.random.Generator) -> Ask:
        """Say the next message, and what the engine gets to see of it."""
        if self.next is None:
            raise RuntimeError("this conversation is over")
        content = fill(self.next.text, self.order_id, rng)
        at = self.lines[-1].at + rng.uniform(20, 180) if self.lines else self.start
        said = tuple(line.content for line in self.lines if line.sender == "USER")
        earlier = tuple(self.replies)
        self.lines.append(Line("USER", content, at))
        return Ask(
            self.id, len(self.lines), content, self.user_id, self.audience, self.channel,
            self.loyalty, self.order_id, self.vertical, self.flagged, earlier, said,
        )  # fmt: skip


def new_id(rng: np.random.Generator) -> str:
    """A random UUID out of the day's own numbers."""
    return str(UUID(bytes=rng.bytes(16), version=4))


def _audience(intent: str) -> str:
    category = CATEGORY_OF.get(intent, "")
    if intent == "corporate_account":
        return "CORPORATE"
    return "DRIVER" if category == "drivers" or intent == "vehicle_requirements" else "RIDER"


def _order(d: Day, intent: str, rng: np.random.Generator) -> int:
    """A random order of the day that the question can be about; -1 for none."""
    if intent not in ABOUT_AN_ORDER or not len(d.orders) or rng.random() < 0.25:
        return -1
    vertical = VERTICAL_OF.get(intent)
    if vertical is None:
        return int(rng.integers(len(d.orders)))
    found = np.flatnonzero(d.quotes.vertical[d.orders.quote] == vertical)
    return int(rng.choice(found)) if len(found) else -1


def begin(
    city: City, d: Day, day: date, about: Text, rng: np.random.Generator, staff: np.ndarray
) -> Talk:
    """Somebody starts to write."""
    audience, o = _audience(about.intent), d.orders
    order = -1 if audience == "DRIVER" else _order(d, about.intent, rng)
    if order >= 0:
        rider = int(d.quotes.rider[o.quote[order]])
        ends = np.nanmax([o.requested[order], o.completed[order], o.cancelled[order]])
        start = ends + rng.exponential(3600)
    else:
        rider = int(rng.integers(len(city.riders)))
        start = rng.triangular(0, 15.5, 24) * 3600
    driver = audience == "DRIVER" and len(staff) > 0
    user = city.driver_ids[int(rng.choice(staff))] if driver else city.rider_ids[rider]
    return Talk(
        id=new_id(rng),
        user_id=user.as_py(),
        audience=audience,
        channel=CHANNELS[int(rng.choice(3, p=CHANNEL_SHARE))],
        loyalty=None if driver else LOYALTY[city.riders.loyalty[rider]],
        order_id=f"ORD{o.number[order]}" if order >= 0 else None,
        vertical=VERTICALS[d.quotes.vertical[o.quote[order]]] if order >= 0 else None,
        flagged=bool(not driver and city.riders.fraud[rider] and rng.random() < FLAGGED_SHARE),
        about=about,
        asked=about,
        start=min(float(start), DAY_S - 1),
        next=about,
    )


def begin_all(city: City, d: Day, texts: Texts, rng: np.random.Generator) -> list[Talk]:
    """Everybody who writes to support on a day, in order of time."""
    count = int(rng.poisson(city.params.conversations_per_day))
    intents = list(texts.by_intent)
    weight = np.array([FREQUENCY.get(intent, 1.0) for intent in intents])
    drawn = rng.choice(len(intents), count, p=weight / weight.sum())
    staff = np.flatnonzero(employed(city, d.market.day))
    talks = []
    for k in drawn:
        about = texts.any_of(intents[int(k)], rng)
        if about is not None:
            talks.append(begin(city, d, d.market.day, about, rng, staff))
    return sorted(talks, key=lambda talk: talk.start)
