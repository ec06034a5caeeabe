"""Which conversations a caller may see: their own, an agent's and the queue's, all."""

import uuid
from typing import Any

from sqlalchemy.engine import Connection, Row

from core.enums import Role
from core.errors import NotThere
from serving.api.identity import Caller
from store import agents
from store import conversations as kept


def seen(connection: Connection, caller: Caller, conversation_id: uuid.UUID) -> Row[Any]:
    """The conversation, for a caller who may see it.

    Raises
    ------
    NotThere
        If there is none, or it is somebody else's: a stranger does not learn which.
    """
    row = kept.find(connection, conversation_id)
    if caller.role == Role.USER:
        open_to = row.user_id == caller.subject
    elif caller.role == Role.AGENT:
        agent = agents.by_user(connection, caller.subject)
        open_to = row.assigned_agent_id == agent.id or agents.waits(row)
    else:
        open_to = True
    if not open_to:
        raise NotThere(f"there is no conversation {conversation_id}")
    return row


def scope(connection: Connection, caller: Caller) -> Any:
    """The condition on conversations that lists no others than `seen` shows."""
    if caller.role == Role.USER:
        return kept.matching({"user_id": caller.subject})
    if caller.role == Role.AGENT:
        return kept.open_to_agent(agents.by_user(connection, caller.subject).id)
    return kept.matching({})
