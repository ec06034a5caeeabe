"""Who is let in: tokens that are forged, expired, or meant for something else are not."""

import base64
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from core.enums import Audience, LoyaltyTier, Role
from core.errors import BadInput, NotAuthenticated, StoreUnavailable
from core.settings import Settings
from serving.api.identity import Caller, Tokens

ADA = Caller("R000001", Role.USER, Audience.CORPORATE, LoyaltyTier.ELITE)


def now():
    return datetime.now(UTC)


def tokens(**changes):
    return Tokens(Settings(jwt_secret=SecretStr("one"), **changes))


def test_a_token_says_who_calls_and_a_refresh_token_is_another_thing():
    found = tokens()
    pair = found.issue(ADA, now())
    assert found.caller(pair.access_token) == ADA
    assert found.refresh(pair.refresh_token).caller == ADA
    for wrong, use in [(pair.refresh_token, found.caller), (pair.access_token, found.refresh)]:
        with pytest.raises(NotAuthenticated, match="one for something else"):
            use(wrong)


def unsigned(token):
    """The same claims with ``alg: none``."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda pair: unsigned(pair.access_token), "alg value is not allowed"),
        (lambda pair: pair.access_token[:-4] + "AAAA", "Signature"),
        (lambda pair: "nonsense", "Not enough segments"),
        (lambda pair: tokens(jwt_issuer="else").issue(ADA, now()).access_token, "issuer"),
        (lambda pair: tokens(jwt_audience="else").issue(ADA, now()).access_token, "[Aa]udience"),
        (
            lambda pair: tokens().issue(ADA, now() - timedelta(minutes=61)).access_token,
            "expired",
        ),
        (
            lambda pair: (
                Tokens(Settings(jwt_secret=SecretStr("two"))).issue(ADA, now()).access_token
            ),
            "Signature",
        ),
    ],
)
def test_a_token_that_is_not_ours_is_refused(spoil, words):
    found = tokens()
    with pytest.raises(NotAuthenticated, match=words):
        found.caller(spoil(found.issue(ADA, now())))


def test_airflows_tokens_do_not_open_this_door():
    forged = jwt.encode({"sub": "R1", "role": "ADMIN"}, "one" * 12, "HS256")
    with pytest.raises(NotAuthenticated):
        Tokens(Settings(jwt_secret=SecretStr("one" * 12))).caller(forged)


def test_an_unknown_role_is_nobody():
    found = tokens()
    claims = jwt.decode(
        found.issue(ADA, now()).access_token, options={"verify_signature": False}
    ) | {"role": "EMPEROR"}
    with pytest.raises(NotAuthenticated, match="EMPEROR"):
        found.caller(jwt.encode(claims, found._secret, "HS256"))


@pytest.fixture(scope="module")
def identity_service():
    """A real HTTP server that publishes the keys of an identity service."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    body = json.dumps({"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]}).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/keys", key
    server.shutdown()
    server.server_close()


def test_with_an_identity_service_only_its_keys_count(identity_service):
    url, key = identity_service
    found = tokens(jwks_url=url)
    claims = {
        "sub": "R1", "role": "AGENT", "exp": now() + timedelta(minutes=5), "iss": "tripo04os",
        "aud": "tripo-api",
    }  # fmt: skip
    signed = jwt.encode(claims, key, "RS256", headers={"kid": "k1"})
    assert found.caller(signed) == Caller("R1", Role.AGENT)
    with pytest.raises(NotAuthenticated):
        found.caller(tokens().issue(ADA, now()).access_token)
    # the public key as if it were a shared secret
    other = jwt.encode(claims, "x" * 32, "HS256", headers={"kid": "k1"})
    with pytest.raises(NotAuthenticated, match="alg"):
        found.caller(other)
    with pytest.raises(BadInput, match="identity service"):
        found.issue(ADA, now())


def test_keys_that_do_not_answer_are_not_the_callers_fault():
    found = tokens(jwks_url="http://127.0.0.1:9/keys")
    signed = jwt.encode({"sub": "x"}, "x" * 32, "HS256", headers={"kid": "k1"})
    with pytest.raises(StoreUnavailable, match="identity service"):
        found.caller(signed)


@pytest.mark.parametrize("subject", ["", "x" * 65])
def test_a_subject_that_would_have_to_be_cut_is_nobody(subject):
    pair = tokens().issue(Caller(subject, Role.USER), now())
    with pytest.raises(NotAuthenticated, match="1 to 64 characters"):
        tokens().caller(pair.access_token)
