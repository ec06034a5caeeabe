"""Look-ups at the company's own service over HTTP, each within a second in all.

``GET /orders/{id}``, ``/orders/{id}/trip``, ``/orders/{id}/payments`` and ``/users/{id}`` answer
the fields of `engines.support.ports`, or 404. What may pass by itself is tried again after a moment
of random length, or after the moment that the service asks for; five look-ups in a row without an
answer open the breaker, and for ten seconds nobody waits for a service that is down.
"""

import dataclasses
import math
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import pybreaker
import tenacity
from anyio.from_thread import BlockingPortal, start_blocking_portal
from pydantic import TypeAdapter, ValidationError

from core.errors import LookupUnavailable
from engines.support.ports import Order, Payment, Trip, User

CONNECT_S, READ_S, BUDGET_S = 0.3, 0.6, 1.0
FAILURES, REST_S = 5, 10.0
MOST_BYTES, MOST_TRIES = 64 * 1024, 4
PASSING = frozenset({429, 502, 503, 504})
JITTER = tenacity.wait_random_exponential(multiplier=0.05, max=0.3)
ORDER, TRIP, USER = TypeAdapter(Order), TypeAdapter(Trip), TypeAdapter(User)
PAYMENTS = TypeAdapter(list[Payment])


class _NoAnswer(Exception):
    """What came is no answer; the words name neither address nor id: they are logged."""


class _Passing(_NoAnswer):
    """Without an answer now; another try may have one, after ``after_s`` seconds."""

    def __init__(self, told: str, after_s: float = 0.0) -> None:
        super().__init__(told)
        self.after_s = after_s


class HttpCompany:
    """A client of one service, used by many threads at once; ``close`` ends it."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # no compression: a small body could become a large one
        headers["Accept-Encoding"] = "identity"
        self._breaker = pybreaker.CircuitBreaker(fail_max=FAILURES, reset_timeout=REST_S)
        # an event loop of its own: only there can a call be given up in the middle of anything
        self._running = start_blocking_portal()
        self._portal: BlockingPortal = self._running.__enter__()
        self._client = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=httpx.Timeout(READ_S, connect=CONNECT_S)
        )

    def order(self, order_id: str) -> Order | None:
        return self._get("/orders/{}", order_id, ORDER, "order_id")

    def trip(self, order_id: str) -> Trip | None:
        return self._get("/orders/{}/trip", order_id, TRIP, "order_id")

    def payments(self, order_id: str) -> list[Payment]:
        return self._get("/orders/{}/payments", order_id, PAYMENTS, "order_id") or []

    def user(self, user_id: str) -> User | None:
        return self._get("/users/{}", user_id, USER, "user_id")

    def close(self) -> None:
        self._portal.call(self._client.aclose)
        self._running.__exit__(None, None, None)

    def _get(self, place: str, wanted: str, kind: TypeAdapter[Any], key: str) -> Any:
        """What stands at ``place``, None for 404; ``key`` is the field that must hold the id."""
        if not wanted.strip("."):  # as part of a path it would mean another place
            return None
        try:
            body = self._portal.call(self._fetch, place.format(quote(wanted, safe="")))
            return None if body is None else _about(wanted, key, kind.validate_json(body))
        except pybreaker.CircuitBreakerError:
            raise LookupUnavailable(
                f"the company's service did not answer {FAILURES} times; it is left alone for "
                f"{REST_S:g} seconds"
            ) from None
        except ValidationError as error:
            wrong = ", ".join(".".join(map(str, part["loc"])) for part in error.errors()[:3])
            told = f"expected the fields that {place} has; wrong: {wrong or 'JSON'}"
            raise LookupUnavailable(f"the company's service does not answer: {told}") from None
        except _NoAnswer as error:
            raise LookupUnavailable(f"the company's service does not answer: {error}") from None

    async def _fetch(self, path: str) -> bytes | None:
        """The body at ``path`` from the first try that has one, all within the budget."""
        tries = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(_Passing),
            wait=_pause,
            stop=tenacity.stop_before_delay(BUDGET_S) | tenacity.stop_after_attempt(MOST_TRIES),
            reraise=True,
        )
        # not `call`: that one holds the breaker's lock until the service has answered
        with self._breaker.calling():
            try:
                with anyio.fail_after(BUDGET_S):
                    found: bytes | None = await tries(self._once, path)
                    return found
            except TimeoutError:
                raise _NoAnswer(f"nothing whole within {BUDGET_S:g} s") from None

    async def _once(self, path: str) -> bytes | None:
        try:
            async with self._client.stream("GET", path) as reply:
                if reply.status_code == httpx.codes.NOT_FOUND:
                    return None
                if reply.status_code in PASSING:
                    raise _Passing(f"status {reply.status_code}", _asked_for(reply))
                if reply.status_code != httpx.codes.OK:
                    raise _NoAnswer(f"status {reply.status_code}")
                body = b""
                async for piece in reply.aiter_raw():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise _NoAnswer(f"more than {MOST_BYTES} bytes")
                return body
        except httpx.TransportError as error:
            raise _Passing(type(error).__name__) from None


def _asked_for(reply: httpx.Response) -> float:
    """Seconds that the service wants to be left alone for; a date is further off than a budget."""
    after = reply.headers.get("Retry-After", "0").strip()
    return float(after) if after.isdecimal() else math.inf


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(JITTER(state), error.after_s if isinstance(error, _Passing) else 0.0)


def _about(wanted: str, key: str, found: Any) -> Any:
    """The row or rows, with times in UTC; _NoAnswer if one is about another id."""
    if isinstance(found, list):
        return [_about(wanted, key, row) for row in found]
    if getattr(found, key) != wanted:
        raise _NoAnswer(f"expected the {key} that was asked for, got another")
    times = {
        field.name: moment
        for field in dataclasses.fields(found)
        if isinstance(moment := getattr(found, field.name), datetime)
    }
    if without := [name for name, moment in times.items() if moment.tzinfo is None]:
        raise _NoAnswer(f"expected times with a zone, got {', '.join(without)} without")
    return dataclasses.replace(found, **{k: at.astimezone(UTC) for k, at in times.items()})
