"""The engines as the simulated city calls them: prices by the rule policy, answers by the release
that serves now."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.enums import Action, LoyaltyTier, Priority, ReasonCode
from core.intents import UNKNOWN
from core.params.decisions import PricingParams
from engines.profit.guardrails import guard_multiplier
from engines.profit.rule_policy import Slots, multiplier, relative
from engines.support.wording import handover
from pipelines.context import Context
from simulator.calibration import Floats
from simulator.policies import Answer, Ask, Multiplier, Policies, Reply

if TYPE_CHECKING:
    from engines.support.answering import Message, SupportRelease


def real_policies(ctx: Context) -> Policies:
    """What a day of the city is run with; people answer while no support release serves."""
    release = serving_release(ctx)
    plain = without_engine(ctx)
    if release is None:
        return plain
    return replace(plain, answer=by_release(release, ctx.params.encoder.batch_size))


def without_engine(ctx: Context) -> Policies:
    """Prices by rule, and people who answer: what depends on no model."""
    pricing = ctx.params.pricing
    return Policies(by_rules(pricing), to_people, f"rule-{pricing.goal}")


def by_rules(params: PricingParams) -> Multiplier:
    """The rule policy over the city's price slots, behind the guardrails."""

    def price(slots: pa.Table) -> Floats:
        def column(name: str) -> np.ndarray:
            return np.asarray(slots[name].to_numpy())

        wanted = multiplier(
            Slots(
                vertical=column("vertical").astype(str),
                demand=relative(column("requests"), column("requests_q95")),
                supply=relative(column("idle_drivers"), column("idle_drivers_q95")),
                hour=pc.hour(slots["hour"]).to_numpy(),
                weekday=pc.day_of_week(slots["hour"]).to_numpy(),
                holiday=column("holiday"),
                weather=column("weather"),
                event=column("event"),
                competitor=column("competitor_index"),
            ),
            params,
        )
        # a slot is an hour: twelve steps of five minutes reach any price inside the bounds
        return guard_multiplier(wanted, np.nan, params).multiplier

    return price


def serving_release(ctx: Context) -> "SupportRelease | None":
    """The support release that the pointer names, with the store's rules; None before the first."""
    from engines.support.answering import load_release
    from engines.support.rules import parse
    from pipelines.artefacts import release_members
    from store.rules import active_rules

    found = release_members("support", ctx)
    if found is None:
        return None
    rules = [
        parse(row["rule_name"], row["condition"], row["action"]) for row in active_rules(ctx.engine)
    ]
    release_id, parts = found
    return load_release(release_id, parts, ctx.params.support, rules)


def to_people(asks: Sequence[Ask]) -> list[Reply]:
    """What users get while no engine answers: the message is kept and a person takes over."""
    handed = Reply(
        action=Action.ESCALATE.value,
        intent=UNKNOWN,
        confidence=None,
        kb_code=None,
        sentiment_score=0.0,
        processing_time_ms=0,
        content=handover(Priority.HIGH.value),
        release="none",
        reason_code=ReasonCode.AI_ERROR.value,
        priority=Priority.HIGH.value,
    )
    return [handed] * len(asks)


def by_release(release: "SupportRelease", batch_size: int) -> Answer:
    """Replies in batches as serving forms them; each message waited for its whole batch."""
    from engines.support.answering import answer_batch

    def answer(asks: Sequence[Ask]) -> list[Reply]:
        replies: list[Reply] = []
        for start in range(0, len(asks), batch_size):
            batch = asks[start : start + batch_size]
            began = time.perf_counter()
            found = answer_batch(release, [message_of(ask) for ask in batch])
            spent = round((time.perf_counter() - began) * 1000)
            replies += [
                Reply(
                    action=reply.action,
                    intent=reply.intent,
                    confidence=reply.confidence,
                    kb_code=reply.kb_code,
                    sentiment_score=reply.sentiment_score,
                    processing_time_ms=spent,
                    content=reply.content,
                    release=reply.release,
                    reason_code=reply.reason_code,
                    priority=reply.priority,
                    language_code=reply.language_code,
                    sources=json.dumps(reply.sources) if reply.sources else None,
                )
                for reply in found
            ]
        return replies

    return answer


def message_of(ask: Ask) -> "Message":
    """What the engine may know of the conversation so far, counted from its own replies."""
    from engines.support.answering import Message
    from engines.support.turns import Turn, so_far

    turns = [Turn(reply.intent, reply.action, reply.sentiment_score) for reply in ask.earlier]
    return Message(
        text=ask.content,
        audience=ask.audience,
        loyalty_tier=ask.loyalty_tier or LoyaltyTier.BASIC.value,
        order_id=ask.order_id,
        fraud_flagged=ask.fraud_flagged,
        **so_far(turns),
    )
