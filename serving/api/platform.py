"""What the endpoints of the API stand on, put together once when the service starts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from fastapi.requests import HTTPConnection
from sqlalchemy import Engine

from core.params import Params
from core.settings import Settings
from engines.support.answering import SupportRelease
from serving.api.identity import Tokens
from serving.api.limits import CallLimits
from serving.company import company
from serving.profit import Zones
from serving.releases import Loaded
from serving.rephraser import Rephraser
from serving.support.answers import Answers
from serving.support.facts import Facts
from serving.support.live import LiveSupport


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Platform:
    """``current`` gives the release of a product that answers now, or raises ModelMissing."""

    settings: Settings
    params: Params
    engine: Engine
    current: Callable[[str], Loaded]
    clock: Callable[[], datetime] = utc_now

    @property
    def quote_key(self) -> bytes:
        """Signs prices."""
        return self.settings.jwt_secret.get_secret_value().encode()

    @property
    def asks_others(self) -> bool:
        """Whether to let a caller in can mean to wait for another server: for keys, or Redis."""
        return bool(self.settings.jwks_url or self.settings.redis_url)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self.settings)

    @cached_property
    def limits(self) -> CallLimits:
        return CallLimits(self.params.api, self.params.mail.per_address, self.settings.redis_url)

    @cached_property
    def live(self) -> LiveSupport:
        return LiveSupport(self.engine, lambda: self.current("support"))

    @cached_property
    def company(self) -> Facts:
        """What the company's systems know of orders, trips, payments and users."""
        return Facts(company(self.settings), self.params.api.profile_cache_s)

    @cached_property
    def zones(self) -> Zones:
        """The zones that the city has."""
        return Zones(self.settings.home.absolute() / "lake")

    @cached_property
    def rephraser(self) -> Rephraser | None:
        """None unless a model is configured."""
        return Rephraser(self.settings) if self.settings.rephraser_url else None

    @cached_property
    def answers(self) -> Answers:
        """The replies of the engine, to messages of many callers together."""
        return Answers(self.support)

    def support(self) -> SupportRelease:
        """The support release with items and rules of now; ModelMissing before the first."""
        return self.live.release()


async def platform(connection: HTTPConnection) -> Platform:
    """The platform that the application was given (`serving.api.app.attach`)."""
    found: Platform = connection.app.state.platform
    return found
