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
    """Counts calls by ``params.rate_limits`` of their role, and mails by ``per_address``."""

    def __init__(self, params: ApiParams, per_address: list[str], redis_url: str) -> None:
        self._windows: dict[Role, list[RateLimitItem]] = {
            role: [parse(window) for window in windows]
            for role, windows in params.rate_limits.items()
        }
        self._of_mails = [parse(window) for window in per_address]
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
        who = f"a caller with role {caller.role}"
        self._hit(self._windows.get(caller.role, []), caller.role.value, caller.subject, who)

    def count_mail(self, user_id: str) -> None:
        """One more mail of this address, or TooManyCalls: two machines may answer each other."""
        self._hit(self._of_mails, "MAIL", user_id, "one address")

    def _hit(self, windows: list[RateLimitItem], kind: str, name: str, who: str) -> None:
        for window in windows:
            if not self._limiter.hit(window, kind, name):
                free_at = self._limiter.get_window_stats(window, kind, name).reset_time
                raise TooManyCalls(
                    f"expected at most {window} of {who}; wait as long as Retry-After says",
                    max(1, round(free_at - time.time())),
                )
