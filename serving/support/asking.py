"""What the engine is told of a message and its user, and what it says, with the order's state."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.engine import Connection, Row

from core.enums import Action, LoyaltyTier, Role
from core.errors import LookupUnavailable, ModelMissing
from core.intents import UNKNOWN
from engines.support.answering import Reply, reply_without_release
from engines.support.order_words import with_order
from engines.support.policy import Message
from engines.support.turns import Turn, so_far
from serving.api.identity import Caller
from serving.api.platform import Platform
from serving.support.release import rules_now
from store import conversations as kept
from store import users

log = logging.getLogger(__name__)


def known(connection: Connection, row: Row[Any], found: Platform) -> dict[str, Any]:
    """What the engine may know of the conversation and its user so far."""
    turns = so_far(_turns(kept.turns(connection, row.id)))
    return {**turns, **of_user(connection, row.user_id, found)}


def of_user(connection: Connection, user_id: str, found: Platform) -> dict[str, Any]:
    """What it may know of a user without a word so far."""
    since = found.clock() - timedelta(days=found.params.api.fraud_flag_days)
    return {"fraud_flagged": users.is_flagged(connection, user_id, users.FRAUD, since)}


def ask(
    found: Platform,
    caller: Caller,
    row: Row[Any],
    message: Row[Any],
    facts: Mapping[str, Any],
) -> Reply:
    """What the engine says to a message; without a release a person takes over.

    ``facts``: as `known` or `of_user` give them.
    """
    asked = Message(
        text=message.content,
        audience=caller.audience.value,
        loyalty_tier=_tier(found, caller, row.user_id).value,
        order_id=row.order_id,
        asked_at=message.created_at,
        **facts,
    )
    try:
        reply = found.answers.to(asked)
    except ModelMissing:
        return reply_without_release(asked, rules_now(found.engine))
    return _in_friendly_words(found, _with_order(found, reply, row.user_id), message.content)


def _tier(found: Platform, caller: Caller, user_id: str) -> LoyaltyTier:
    """A user's token says their tier; who writes for a user through a service has no token."""
    return caller.loyalty_tier if caller.role == Role.USER else found.company.tier(user_id)


def _with_order(found: Platform, reply: Reply, user_id: str) -> Reply:
    """An answer about an order, with how that order stands; as it was where nobody can say."""
    if reply.order_id is None:
        return reply
    try:
        return with_order(reply, found.company.own_order(reply.order_id, user_id))
    except LookupUnavailable as error:
        log.warning("answered without a look at the order: %s", error)
        return reply


def _in_friendly_words(found: Platform, reply: Reply, text: str) -> Reply:
    """An answer that is sure of its source, reworded if a model for that is configured."""
    sure = (reply.confidence or 0.0) >= found.params.support.high_confidence
    if reply.action != Action.ANSWER or not (reply.sources and sure and found.rephraser):
        return reply
    return replace(reply, content=found.rephraser.words(reply.content, text))


def _turns(rows: Sequence[Row[Any]]) -> list[Turn]:
    """The turns so far; an entity is new where no earlier message had it."""
    seen: set[tuple[str, str]] = set()
    turns: list[Turn] = []
    for row in rows:
        named = {(e["type"], str(e["normalised"])) for e in row.entities or []}
        turns.append(
            Turn(
                row.intent or UNKNOWN,
                row.action,
                row.sentiment_score or 0.0,
                new_entity=bool(turns) and bool(named - seen),
                helpful=bool(row.helpful),
            )
        )
        seen |= named
    return turns
