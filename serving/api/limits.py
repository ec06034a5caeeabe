"""How often one caller may call: windows of a role, in this process or, in Redis, in all."""

import time

from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from core.enums import Role
from core.errors import TooManyCalls
from core.params.api import ApiParams
from serving.api.identity import Caller


class CallLimits:
    """Counts calls; the windows of each role are those of ``params.rate_limits``."""

    def __init__(self, params: ApiParams, redis_url: str) -> None:
        self._windows: dict[Role, list[RateLimitItem]] = {
            role: [parse(window) for window in windows]
            for role, windows in params.rate_limits.items()
        }
        self._limiter = SlidingWindowCounterRateLimiter(
            storage_from_string(redis_url or "memory://")
        )

    def count(self, caller: Caller) -> None:
        """One more call of this caller.

        Raises
        ------
        TooManyCalls
            Naming the window that is full and the seconds until it is not.
        """
        who = (caller.role.value, caller.subject)
        for window in self._windows.get(caller.role, []):
            if not self._limiter.hit(window, *who):
                free_at = self._limiter.get_window_stats(window, *who).reset_time
                raise TooManyCalls(
                    f"expected at most {window} of a caller with role {caller.role}; "
                    "wait as long as Retry-After says",
                    max(1, round(free_at - time.time())),
                )
