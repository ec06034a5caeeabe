"""The company's facts as conversations use them: a user's own orders; their tier, for a while."""

import logging
from threading import Lock

from cachetools import TTLCache, cachedmethod

from core.enums import LoyaltyTier
from core.errors import LookupUnavailable
from engines.support.order_words import Known, told
from engines.support.ports import Company, User

log = logging.getLogger(__name__)
USERS = 50_000


class Facts:
    """A company's look-ups; a user's profile is asked for once in ``profile_cache_s`` seconds."""

    def __init__(self, company: Company, profile_cache_s: float) -> None:
        self._company = company
        self._users: TTLCache[str, User | None] = TTLCache(USERS, profile_cache_s)
        self._lock = Lock()

    def own_order(self, order_id: str, user_id: str) -> Known | None:
        """The order, for its rider with payments, for its driver without; None if there is none, or
        it is other people's.

        Everything is looked up either way, so that the time it takes tells nobody which it was.

        Raises
        ------
        LookupUnavailable
            If whoever knows does not answer.
        """
        order, trip = self._company.order(order_id), self._company.trip(order_id)
        payments = self._company.payments(order_id)
        if order and order.rider_id == user_id:
            return Known(order, payments)
        return Known(order) if order and trip and trip.driver_id == user_id else None

    def told(self, order_id: str | None, user_id: str) -> str | None:
        """How a user's own order stands, in words; None without one, or where nobody can say."""
        if order_id is None:
            return None
        try:
            known = self.own_order(order_id, user_id)
        except LookupUnavailable as error:
            log.warning("handed over without a look at the order: %s", error)
            return None
        return told(known) if known else None

    def tier(self, user_id: str) -> LoyaltyTier:
        """BASIC for a user whom nobody knows, or where nobody answers."""
        user = self._known(user_id)
        return user.loyalty_tier if user else LoyaltyTier.BASIC

    def plan(self, user_id: str) -> str | None:
        """The plan that a user pays for; None without one, or where nobody answers."""
        user = self._known(user_id)
        return user.plan if user else None

    def _known(self, user_id: str) -> User | None:
        try:
            return self._user(user_id)
        except LookupUnavailable as error:
            log.warning("a user's tier and plan are not known: %s", error)
            return None

    @cachedmethod(lambda self: self._users, lock=lambda self: self._lock)
    def _user(self, user_id: str) -> User | None:
        return self._company.user(user_id)

    def close(self) -> None:
        self._company.close()
