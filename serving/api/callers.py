"""Dependencies of every endpoint: who calls, counted against the limits, and in which role."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection
from starlette.concurrency import run_in_threadpool

from core.enums import Role
from core.errors import NotAllowed, NotAuthenticated
from serving.api.identity import Caller
from serving.api.platform import Platform, platform

BEARER = "Bearer "


async def caller(
    connection: HTTPConnection, found: Annotated[Platform, Depends(platform)]
) -> Caller:
    """Whose token this call carries; the call counts against the limits of that caller."""
    given = connection.headers.get("authorization", "")
    if not given.startswith(BEARER):
        raise NotAuthenticated("a bearer token is needed: Authorization: Bearer <token>")
    token = given.removeprefix(BEARER).strip()
    if found.asks_others:
        return await run_in_threadpool(_let_in, found, token)
    return _let_in(found, token)


def _let_in(found: Platform, token: str) -> Caller:
    who = found.tokens.caller(token)
    found.limits.count(who)
    return who


def only(*roles: Role) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency that lets these roles through."""

    async def checked(who: Annotated[Caller, Depends(caller)]) -> Caller:
        if who.role not in roles:
            allowed = ", ".join(roles)
            raise NotAllowed(f"expected a caller with role {allowed}, got {who.role}")
        return who

    return checked


Anyone = Annotated[Caller, Depends(caller)]
Staff = Annotated[Caller, Depends(only(Role.AGENT, Role.ADMIN))]
Service = Annotated[Caller, Depends(only(Role.SERVICE))]
Admin = Annotated[Caller, Depends(only(Role.ADMIN))]
Found = Annotated[Platform, Depends(platform)]
