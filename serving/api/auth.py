"""A new pair of tokens for a refresh token, which can be spent once."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from core.errors import NotAuthenticated
from serving.api.callers import Found
from serving.api.identity import Refresh
from serving.api.problems import documented
from serving.schemas import Closed
from store.db import write
from store.tables import Base, SpentToken

router = APIRouter(prefix="/auth", tags=["auth"])
SPENT = Base.metadata.tables[SpentToken.__tablename__]


class RefreshIn(Closed):
    """A refresh token."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=4096)]


class TokensOut(Closed):
    """A token to call with, for an hour, and one to get the next pair with, for 30 days."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    token_type: str = "Bearer"  # noqa: S105 -- the scheme's name


@router.post("/refresh", responses=documented(401, 422, 503))
def refresh(given: RefreshIn, found: Found) -> TokensOut:
    """The next pair of tokens."""
    spent, now = found.tokens.refresh(given.refresh_token), found.clock()
    try:
        write(found.engine, lambda connection: _spend(connection, spent))
    except IntegrityError:
        raise NotAuthenticated("this refresh token was used before; sign in again") from None
    pair = found.tokens.issue(spent.caller, now)
    return TokensOut(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_in_s=pair.expires_in_s,
    )


def _spend(connection: Connection, spent: Refresh) -> None:
    connection.execute(sa.insert(SPENT).values(id=spent.id, expires_at=spent.expires_at))
