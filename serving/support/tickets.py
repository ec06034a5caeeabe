"""Conversations that a person took over, mirrored as tickets in another system.

A ticket is created at the hand-over, updated when what it says changes, and closed with its
conversation. The system is told until it answers; it may be told the same twice, with the same
Idempotency-Key, and makes one ticket for one key.
"""

import hashlib
import json
import logging
import random
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import httpx
from sqlalchemy.engine import Row

from core.enums import ConversationStatus
from serving.api.platform import Platform
from serving.signing import HEADER, sign
from store import tickets as kept
from store.db import read, write

log = logging.getLogger(__name__)
TIMEOUT_S = 5.0
LONGEST_WAIT = timedelta(hours=1)
MOST_DOUBLINGS = 10
ONE_TRY = timedelta(minutes=1)
"""Longer than a ticket takes to be created."""
ENDED = (ConversationStatus.RESOLVED, ConversationStatus.CLOSED)


class TicketSystem(Protocol):
    """Takes tickets; each call gives the ticket's id there."""

    def create(self, ticket: dict[str, Any], key: str) -> str: ...

    def update(self, external_id: str, ticket: dict[str, Any], key: str) -> str: ...

    def close(self, external_id: str, ticket: dict[str, Any], key: str) -> str: ...


class Webhook:
    """``POST url {"action", "id", "ticket"}``, signed; the reply's ``id`` is the ticket's."""

    def __init__(self, found: Platform) -> None:
        self._found = found

    def create(self, ticket: dict[str, Any], key: str) -> str:
        return self._post({"action": "create", "id": None, "ticket": ticket}, key)

    def update(self, external_id: str, ticket: dict[str, Any], key: str) -> str:
        return self._post({"action": "update", "id": external_id, "ticket": ticket}, key)

    def close(self, external_id: str, ticket: dict[str, Any], key: str) -> str:
        return self._post({"action": "close", "id": external_id, "ticket": ticket}, key)

    def _post(self, body: dict[str, Any], key: str) -> str:
        settings, content = self._found.settings, json.dumps(body).encode()
        secret = settings.ticket_secret.get_secret_value()
        headers = {
            "Content-Type": "application/json", "Idempotency-Key": key,
            HEADER: sign(content, secret, self._found.clock()),
        }  # fmt: skip
        reply = httpx.post(settings.ticket_url, content=content, headers=headers, timeout=TIMEOUT_S)
        reply.raise_for_status()
        answer = reply.json()
        return str(body["id"] or answer["id"])[:255]


def mirror(found: Platform, system: TicketSystem) -> int:
    """Tell the system what it does not know yet; how many conversations it was told of."""
    now = found.clock()
    rows = read(found.engine, lambda c: kept.due(c, now))
    return sum(_told(found, system, row) for row in rows)


def _told(found: Platform, system: TicketSystem, row: Row[Any]) -> bool:
    ticket, now = shown(row), found.clock()
    digest = hashlib.sha256(json.dumps(ticket, sort_keys=True).encode()).hexdigest()
    if digest == row.digest:
        there = partial(kept.told, row=row, external_id=row.external_id, digest=digest, now=now)
        write(found.engine, there)
        return False
    try:
        external_id = _change(found, system, row, ticket)
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        wait = timedelta(seconds=found.params.mail.first_wait_s)
        wait = min(wait * 2 ** min(row.attempts or 0, MOST_DOUBLINGS), LONGEST_WAIT)
        again = now + wait * random.uniform(1, 1.5)  # noqa: S311 -- spreads the tries
        write(found.engine, partial(kept.failed, row=row, again_at=again))
        log.warning("a ticket could not be told: %s: %s", type(error).__name__, error)
        return False
    done = partial(kept.told, row=row, external_id=external_id, digest=digest, now=now)
    write(found.engine, done)
    return True


def _change(found: Platform, system: TicketSystem, row: Row[Any], ticket: dict[str, Any]) -> str:
    """Tell it; a key of the version, since what a ticket says may be again what it was before."""
    key, ended = f"{row.id}:{row.version}", row.status in ENDED
    if row.external_id is not None:
        change = system.close if ended else system.update
        return change(row.external_id, ticket, key)
    if row.attempts is None:  # whoever comes after a crash knows that there may be one
        again = found.clock() + ONE_TRY
        write(found.engine, partial(kept.failed, row=row, again_at=again))
    external_id = system.create(ticket, f"{row.id}:create")
    if ended:
        system.close(external_id, ticket, key)
    elif row.attempts:  # an earlier try may have made it, as it was then
        system.update(external_id, ticket, key)
    return external_id


def shown(row: Row[Any]) -> dict[str, Any]:
    """What a ticket says: no words of the user, no name; whoever may reads them here."""
    return {
        "conversation_id": str(row.id),
        "channel": row.channel,
        "status": row.status,
        "priority": row.priority,
        "reason_code": row.reason_code,
        "intent": row.intent,
        "language_code": row.language_code,
        "assigned_agent_id": str(row.assigned_agent_id) if row.assigned_agent_id else None,
        "escalated_at": row.escalated_at.isoformat(),
    }
