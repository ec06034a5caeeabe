"""What the endpoints of the API stand on, put together once when the service starts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi.requests import HTTPConnection
from sqlalchemy import Engine

from core.params import Params
from core.settings import Settings
from serving.api.identity import Tokens
from serving.api.limits import CallLimits
from serving.releases import Loaded


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
    tokens: Tokens = field(init=False)
    limits: CallLimits = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens", Tokens(self.settings))
        limits = CallLimits(self.params.api, self.settings.redis_url)
        object.__setattr__(self, "limits", limits)


def platform(connection: HTTPConnection) -> Platform:
    """The platform that the application was given (`serving.api.app.attach`)."""
    found: Platform = connection.app.state.platform
    return found
