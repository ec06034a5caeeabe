"""Who calls: a bearer token, once checked, is a caller with one role.

Tokens are RS256 of the company's identity service where TRIPO_JWKS_URL names its keys; else HS256
of our own, for local use. Whoever knows TRIPO_SERVICE_TOKEN is a service.
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from core.enums import Audience, LoyaltyTier, Role
from core.errors import BadInput, NotAuthenticated, StoreUnavailable
from core.settings import Settings

ACCESS, REFRESH = timedelta(minutes=60), timedelta(days=30)
NEEDED = ["sub", "role", "use", "jti", "iat", "exp", "iss", "aud"]
SERVICE = "service"
LONGEST_SUBJECT = 64
"""Characters that the store keeps of a user's id."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One who was let in. ``audience`` and ``loyalty_tier`` say what kind of user a USER is."""

    subject: str
    role: Role
    audience: Audience = Audience.RIDER
    loyalty_tier: LoyaltyTier = LoyaltyTier.BASIC


@dataclass(frozen=True, slots=True)
class Pair:
    """A short token to call with and a long one to get the next pair with."""

    access_token: str
    refresh_token: str
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token that was checked: whose it is, and the id that can be spent once."""

    caller: Caller
    id: str
    expires_at: datetime


class Tokens:
    """Makes and checks tokens."""

    def __init__(self, settings: Settings) -> None:
        self._issuer, self._audience = settings.jwt_issuer, settings.jwt_audience
        self._service = settings.service_token.get_secret_value().encode()
        # not the secret itself: Airflow's tokens are signed by that, and must not open this door
        secret = settings.jwt_secret.get_secret_value().encode()
        self._secret = hmac.digest(secret, b"tokens of the API", hashlib.sha256)
        self._jwks = jwt.PyJWKClient(settings.jwks_url, timeout=5) if settings.jwks_url else None

    @property
    def own(self) -> bool:
        """Whether we issue the tokens ourselves."""
        return self._jwks is None

    def issue(self, caller: Caller, now: datetime) -> Pair:
        """A new pair; BadInput where an identity service issues them."""
        if not self.own:
            raise BadInput("tokens come from the identity service that TRIPO_JWKS_URL names")
        access, refresh = (
            self._signed(caller, use, now, lasts)
            for use, lasts in (("access", ACCESS), ("refresh", REFRESH))
        )
        return Pair(access, refresh, int(ACCESS.total_seconds()))

    def _signed(self, caller: Caller, use: str, now: datetime, lasts: timedelta) -> str:
        claims = {
            "sub": caller.subject, "role": caller.role.value, "user_type": caller.audience.value,
            "loyalty_tier": caller.loyalty_tier.value, "use": use, "jti": uuid.uuid4().hex,
            "iat": now, "exp": now + lasts, "iss": self._issuer, "aud": self._audience,
        }  # fmt: skip
        return jwt.encode(claims, self._secret, "HS256")

    def caller(self, token: str) -> Caller:
        """Whose access token this is.

        Raises
        ------
        NotAuthenticated
            For a token that is malformed, forged, expired, or not meant for calling this API.
        """
        if hmac.compare_digest(token.encode(), self._service):
            return Caller(SERVICE, Role.SERVICE)
        return _caller(self._claims(token, "access"))

    def refresh(self, token: str) -> Refresh:
        """Whose refresh token this is; NotAuthenticated as ``caller``."""
        claims = self._claims(token, "refresh")
        expires = datetime.fromtimestamp(claims["exp"], UTC)
        return Refresh(_caller(claims), str(claims["jti"]), expires)

    def _claims(self, token: str, use: str) -> dict[str, Any]:
        try:
            key, algorithm = self._key(token)
            claims: dict[str, Any] = jwt.decode(
                token, key, [algorithm], issuer=self._issuer, audience=self._audience,
                options={"require": NEEDED if self.own else ["sub", "role", "exp", "iss", "aud"]},
            )  # fmt: skip
        except jwt.PyJWKClientConnectionError as error:
            raise StoreUnavailable(
                f"the keys of the identity service do not answer: {error}"
            ) from None
        except (jwt.PyJWTError, ValueError) as error:
            raise NotAuthenticated(f"the token was refused: {error}") from None
        if claims.get("use", "access") != use:
            raise NotAuthenticated(f"expected a token for {use}, got one for something else")
        return claims

    def _key(self, token: str) -> tuple[Any, str]:
        """The key and the one algorithm that goes with it: a token does not choose its own."""
        if self._jwks is None:
            return self._secret, "HS256"
        return self._jwks.get_signing_key_from_jwt(token).key, "RS256"


def _caller(claims: dict[str, Any]) -> Caller:
    subject = str(claims["sub"])
    if not 1 <= len(subject) <= LONGEST_SUBJECT:  # cut, two people would be one
        raise NotAuthenticated(
            f"the token was refused: expected a subject of 1 to {LONGEST_SUBJECT} characters, "
            f"got {len(subject)}"
        )
    try:
        return Caller(
            subject=subject,
            role=Role(claims["role"]),
            audience=Audience(claims.get("user_type", Audience.RIDER)),
            loyalty_tier=LoyaltyTier(claims.get("loyalty_tier", LoyaltyTier.BASIC)),
        )
    except ValueError as error:
        raise NotAuthenticated(f"the token was refused: {error}") from None
