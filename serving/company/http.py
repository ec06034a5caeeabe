"""Look-ups at the company's own service over HTTP, with a second in all for each.

``GET /orders/{id}``, ``/orders/{id}/trip``, ``/orders/{id}/payments`` and ``/users/{id}`` answer
the fields of `engines.support.ports`, or 404. What may pass by itself is tried again after a moment
of random length; five look-ups in a row without an answer open the breaker, and for ten seconds
nobody waits for a service that is down.
"""

import time
from typing import Any
from urllib.parse import quote

import httpx
import pybreaker
import tenacity
from pydantic import TypeAdapter, ValidationError

from core.errors import LookupUnavailable
from engines.support.ports import Order, Payment, Trip, User

CONNECT_S, READ_S, BUDGET_S = 0.3, 0.6, 1.0
FAILURES, REST_S = 5, 10.0
MOST_BYTES = 64 * 1024
PASSING = frozenset({429, 502, 503, 504})
ORDER, TRIP, USER = TypeAdapter(Order), TypeAdapter(Trip), TypeAdapter(User)
PAYMENTS = TypeAdapter(list[Payment])


class _Passing(Exception):
    """Without an answer now; another try may have one."""


class HttpCompany:
    """A client of one service, used by many threads; ``close`` ends it."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # no compression: a small body could become a large one
        headers["Accept-Encoding"] = "identity"
        self._client = httpx.Client(
            base_url=url, headers=headers, timeout=httpx.Timeout(READ_S, connect=CONNECT_S)
        )
        self._breaker = pybreaker.CircuitBreaker(fail_max=FAILURES, reset_timeout=REST_S)
        self._again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Passing),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=0.3),
            # a try that began before this point ends within the budget
            stop=tenacity.stop_after_delay(BUDGET_S - READ_S) | tenacity.stop_after_attempt(4),
            reraise=True,
        )

    def order(self, order_id: str) -> Order | None:
        return self._get(f"/orders/{quote(order_id, safe='')}", ORDER)

    def trip(self, order_id: str) -> Trip | None:
        return self._get(f"/orders/{quote(order_id, safe='')}/trip", TRIP)

    def payments(self, order_id: str) -> list[Payment]:
        return self._get(f"/orders/{quote(order_id, safe='')}/payments", PAYMENTS) or []

    def user(self, user_id: str) -> User | None:
        return self._get(f"/users/{quote(user_id, safe='')}", USER)

    def close(self) -> None:
        self._client.close()

    def _get(self, path: str, kind: Any) -> Any:
        """What stands at ``path``, None for 404."""
        try:
            body = self._breaker.call(self._again, self._once, path)
            return None if body is None else kind.validate_json(body)
        except pybreaker.CircuitBreakerError:
            raise LookupUnavailable(
                f"the company's service did not answer {FAILURES} times; it is left alone for "
                f"{REST_S:g} seconds"
            ) from None
        except ValidationError as error:
            wrong = ", ".join(".".join(map(str, part["loc"])) for part in error.errors()[:3])
            raise LookupUnavailable(
                f"expected the fields of {kind!r} at {path.split('/')[1]}; wrong: {wrong or 'JSON'}"
            ) from None
        except (_Passing, httpx.HTTPError) as error:
            raise LookupUnavailable(f"the company's service does not answer: {error}") from None

    def _once(self, path: str) -> bytes | None:
        try:
            end = time.monotonic() + BUDGET_S
            with self._client.stream("GET", path) as reply:
                if reply.status_code == httpx.codes.NOT_FOUND:
                    return None
                if reply.status_code in PASSING:
                    raise _Passing(f"status {reply.status_code}")
                reply.raise_for_status()
                body = b""
                for piece in reply.iter_raw():
                    body += piece
                    if len(body) > MOST_BYTES or time.monotonic() > end:
                        raise httpx.DecodingError(
                            f"expected at most {MOST_BYTES} bytes within {BUDGET_S:g} s"
                        )
                return body
        except httpx.TransportError as error:
            raise _Passing(type(error).__name__) from None
