"""Signed calls between systems: ``t=<seconds>,v1=<HMAC-SHA256 of "t.body">``, for five minutes.

The form that Stripe's webhooks made common; each direction has a secret of its own.
"""

import hashlib
import hmac
import re
from datetime import datetime

from core.errors import NotAuthenticated

HEADER = "X-Tripo-Signature"
TOLERANCE_S = 300
_FORM = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def sign(body: bytes, secret: str, now: datetime) -> str:
    """The header's value."""
    at = int(now.timestamp())
    return f"t={at},v1={_digest(body, secret, at)}"


def check(given: str | None, body: bytes, secret: str, now: datetime) -> None:
    """Raise NotAuthenticated unless whoever knows the secret signed this body just now."""
    found = _FORM.fullmatch(given or "")
    if found is None:
        raise NotAuthenticated(f"expected {HEADER}: t=<unix seconds>,v1=<hex>")
    at = int(found[1])
    if not hmac.compare_digest(_digest(body, secret, at), found[2]):
        raise NotAuthenticated(f"{HEADER} does not fit this body")
    if abs(now.timestamp() - at) > TOLERANCE_S:
        raise NotAuthenticated(f"{HEADER} is more than {TOLERANCE_S} s old; sign anew")


def _digest(body: bytes, secret: str, at: int) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
