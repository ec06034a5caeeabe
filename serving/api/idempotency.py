"""A call that comes twice with one Idempotency-Key is done once and answered the same twice.

Source
------
IETF draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from fastapi import Header
from pydantic import BaseModel
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from core.errors import BadInput, Conflict
from serving.api.identity import Caller
from serving.api.platform import Platform
from store.db import read, write
from store.tables import Base, IdempotentCall

CALL = Base.metadata.tables[IdempotentCall.__tablename__]
ABANDONED = timedelta(seconds=60)
"""A call that has not ended by then was killed; who comes again does it anew."""
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="the caller's own id of the call: sent again, it is not done twice",
    ),
]
Out = TypeVar("Out", bound=BaseModel)


def once(
    found: Platform,
    caller: Caller,
    key: str | None,
    given: BaseModel,
    kind: type[Out],
    work: Callable[[], Out],
) -> Out:
    """What ``work`` returns, or returned when this caller came with this key before.

    Raises
    ------
    BadInput
        If the key came before with another body.
    Conflict
        If the call with this key is still going on.
    """
    if key is None:
        return work()
    mine = (CALL.c.caller == caller.subject) & (CALL.c.key == key)
    digest = hashlib.sha256(given.model_dump_json().encode()).hexdigest()
    before = _begin(found, caller, key, digest, mine)
    if before is not None:
        return kind.model_validate(before)
    try:
        answer = work()
    except BaseException:
        write(found.engine, lambda c: c.execute(sa.delete(CALL).where(mine)))
        raise
    done = {"response": answer.model_dump(mode="json")}
    write(found.engine, lambda c: c.execute(sa.update(CALL).where(mine).values(done)))
    return answer


def _begin(found: Platform, caller: Caller, key: str, digest: str, mine: Any) -> Any:
    """Take the key; what was answered, if it was taken and the call ended."""
    now = found.clock()
    row = {"caller": caller.subject, "key": key, "request_hash": digest, "created_at": now}
    try:
        write(found.engine, lambda c: c.execute(sa.insert(CALL).values(row)))
        return None
    except IntegrityError:
        before = read(found.engine, lambda c: c.execute(sa.select(CALL).where(mine)).one_or_none())
    if before is None:
        raise Conflict("the call with this key has just failed; send it again")
    if before.request_hash != digest:
        raise BadInput("Idempotency-Key: it came before with another body; use a new key")
    if before.response is None and not write(found.engine, lambda c: _take_over(c, mine, now)):
        raise Conflict("the call with this key is still going on; send it again later")
    return before.response


def _take_over(connection: Connection, mine: Any, now: datetime) -> bool:
    """Whether a call that began long ago and never ended is ours now."""
    left = mine & CALL.c.response.is_(None) & (CALL.c.created_at <= now - ABANDONED)
    return connection.execute(sa.update(CALL).where(left).values(created_at=now)).rowcount == 1
