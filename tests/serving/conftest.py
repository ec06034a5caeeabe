"""The API over HTTP on a store of its own, answered by a release learned from the bundled text."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy.engine import Engine
from starlette.testclient import TestClient

from core.enums import Audience, LoyaltyTier, Role
from core.errors import ModelMissing
from core.params import load_params
from core.settings import Settings
from engines.support.answering import SupportRelease, load_release
from engines.support.rules import parse
from models.catalog import members, spec_of
from models.contract import Artefact
from pipelines import knowledge_base
from pipelines.bundled_encoder import bundled_artefact
from pipelines.context import Context
from serving.api import app
from serving.api.identity import Caller
from serving.api.platform import Platform
from serving.releases import Loaded
from store import agents, conversations
from store.db import migrate
from store.seeds import RULES, seed
from tests.pipelines.test_training import ROOT
from tests.serving.mails import Inbox, set_up, smtp

KEY = "2026-11-21"
AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
UNLIMITED: dict[str, list[str]] = {role.value: [] for role in Role}
"""For ``rate_limits``: as many calls as one likes."""


@pytest.fixture(scope="session")
def support_release(tmp_path_factory: pytest.TempPathFactory) -> SupportRelease:
    """Every model of AI Support, learned as `make run` does it on the tiny profile."""
    home = Settings(home=tmp_path_factory.mktemp("release"))
    ctx = Context(home, load_params(ROOT / "params.yaml", "tiny"))
    migrate(ctx.engine)
    knowledge_base.load(KEY, ctx)
    knowledge_base.snapshot(KEY, ctx)
    parts: dict[str, Artefact] = {"encoder": bundled_artefact(ctx)}
    for name in members("support"):
        spec = spec_of(name)
        if name not in parts:
            rows = import_module(spec.dataset).build(KEY, ctx, {n: parts[n] for n in spec.needs})
            fit = import_module(spec.module).fit
            parts[name] = fit(rows.train, rows.validate, getattr(ctx.params, spec.params))
    return load_release("r1", parts, ctx.params.support, [parse(*rule) for rule in RULES])


@dataclass
class Api:
    """A client of the API, and the clock that the API reads."""

    client: TestClient
    platform: Platform
    now: datetime = AT
    headers: dict[tuple[str, Role], dict[str, str]] = field(default_factory=dict)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def bearer(
        self,
        subject: str = "R000001",
        role: Role = Role.USER,
        audience: Audience = Audience.RIDER,
        loyalty: LoyaltyTier = LoyaltyTier.BASIC,
    ) -> dict[str, str]:
        pair = self.platform.tokens.issue(
            Caller(subject, role, audience, loyalty), datetime.now(UTC)
        )
        return {"Authorization": f"Bearer {pair.access_token}"}

    def agent_of(self, conversation_id: str) -> dict[str, str]:
        """The token of the agent who has a conversation."""
        with self.platform.engine.connect() as connection:
            row = conversations.find(connection, UUID(conversation_id))
            return self.bearer(agents.find(connection, row.assigned_agent_id).user_id, Role.AGENT)

    def call(self, method: str, path: str, who: dict[str, str] | None = None, **more):  # type: ignore[no-untyped-def]
        headers = {**(self.bearer() if who is None else who), **more.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **more)


@pytest.fixture(scope="session")
def make_api_of(
    support_release: SupportRelease, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[Api]]:
    """An API on a store that the caller gives: ``answers=False``: before the first release;
    further arguments are parameters of the API."""

    home = tmp_path_factory.mktemp("home")  # not the one of whoever runs the tests

    @contextmanager
    def make(engine: Engine, answers: bool = True, **changes: Any) -> Iterator[Api]:
        seed(engine, AT)
        api = app.create()
        loaded = Loaded("r1", {}, support_release)

        def current(product: str) -> Loaded:
            if not answers:
                raise ModelMissing(f"no {product} release serves yet")
            return loaded

        params = load_params(
            ROOT / "params.yaml", "full", {f"api.{n}": changes[n] for n in changes}
        )
        given = Api(TestClient(api, raise_server_exceptions=False), None)  # type: ignore[arg-type]
        given.platform = Platform(
            Settings(home=home), params, engine, current, clock=lambda: given.now
        )
        app.attach(api, given.platform)
        with given.client:
            yield given

    return make


@pytest.fixture
def api(store: Engine, make_api_of: Callable[..., AbstractContextManager[Api]]) -> Iterator[Api]:
    """The API on SQLite and on PostgreSQL."""
    with make_api_of(store) as given:
        yield given


@pytest.fixture
def inbox(api: Api) -> Iterator[Inbox]:
    """A real SMTP server that the API sends its mails to."""
    found = Inbox()
    with smtp(found) as port:
        address = SecretStr(f"smtp://127.0.0.1:{port}")
        set_up(api, smtp_url=address, mail_from="help@tripo.example")
        yield found
