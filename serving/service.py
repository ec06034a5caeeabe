"""One BentoML service: every model of the platform behind typed, guarded endpoints.

Releases are followed, not configured: when `evaluate` moves a pointer, the new release is loaded
beside the old one, tested, and swapped in whole. A call takes its release once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated, Any, cast

import bentoml
from pydantic import Field

from core.errors import BadInput, ModelMissing, StoreUnavailable
from core.params import load_params
from core.settings import settings
from serving import profit
from serving.api import app as api
from serving.api.platform import Platform
from serving.error_bodies import ErrorBodies
from serving.guards import Cors, Guards
from serving.logs import keep_input_out
from serving.openapi import OpenApi
from serving.premium import batch as premium
from serving.releases import Loaded, Serving
from serving.schemas import (
    MANY,
    MANY_TEXTS,
    SAMPLE_BATCH,
    SAMPLE_JOURNEY,
    Answer,
    Closed,
    ForecastOut,
    Hit,
    IntentOut,
    MatchIn,
    MatchOut,
    PriceIn,
    PriceOut,
    QualifyIn,
    QualifyOut,
    Question,
    SearchIn,
    SentimentOut,
    Text,
    ZoneHour,
)
from serving.support import release as support

MAX_BYTES = 1 << 20
BATCH_MS = 1000
"""How long a call may wait in a batch's queue, and so also a time-out; batches form well before."""

SOCKETS = 4096
"""Open connections, WebSockets among them."""
AT_WORK = 64
"""Calls at a time, other than health; about as many as are answered in a second."""

BATCHED: dict[str, Any] = {
    "batchable": True, "max_batch_size": MANY_TEXTS, "max_latency_ms": BATCH_MS
}  # fmt: skip


@contextmanager
def in_http() -> Iterator[None]:
    """What the caller has to change is 400; what is not there now, and may be later, is 503."""
    try:
        yield
    except BadInput as error:
        raise bentoml.exceptions.InvalidArgument(str(error)) from None
    except (ModelMissing, StoreUnavailable) as error:
        raise bentoml.exceptions.ServiceUnavailable(str(error)) from None


def sample(content: Closed, many: bool = True) -> Any:
    """The sample of an argument in the description; a default would answer a mistyped argument."""
    shown = content.model_dump(mode="json")
    return Field(examples=[[shown] if many else shown])


API = api.create()


@bentoml.asgi_app(API, path="/")
@bentoml.service(
    name="tripo",
    workers=1,
    traffic={"timeout": 10, "max_concurrency": SOCKETS},
    logging={"access": {"enabled": False}},
    # nothing collects spans here, and they cost a tenth of a call
    tracing={"excluded_urls": ".*"},
)
class TripoService:
    """Answers, prices, matches, forecasts."""

    def __init__(self) -> None:
        from store.db import connect
        from store.slow import watch

        keep_input_out()
        found = settings()
        found.require_safe()
        self.settings = found
        self.params = load_params(found.params, found.profile)
        self.engine = connect(found.store_url)
        watch(self.engine)
        self.lake = found.home.absolute() / "lake"
        self.serving = Serving(
            self.engine,
            found.home.absolute() / "releases",
            {"support": support.builder(self.params, self.engine)},
        )
        self.serving.start()
        self.platform = Platform(found, self.params, self.engine, self.serving.current)
        api.attach(API, self.platform)

    async def __is_ready__(self) -> bool:
        """Not ready before every product has a release."""
        return self.serving.ready()

    def _current(self, product: str) -> Loaded:
        """The release that answers now; 503 before the first one."""
        with in_http():
            return self.serving.current(product)

    def _support(self) -> Loaded:
        """The support release that answers now, with the items and rules of the store."""
        with in_http():
            return replace(self.serving.current("support"), engine=self.platform.support())

    @bentoml.on_shutdown
    def _stop(self) -> None:
        self.serving.stop()

    @bentoml.api(route="/answer", **BATCHED)
    def answer(
        self,
        messages: Annotated[
            list[Question],
            Field(max_length=MANY_TEXTS),
            sample(Question(text="Where is my driver?")),
        ],
    ) -> list[Answer]:
        """What to say to each message, grounded in a cited item; or clarify, abstain, escalate."""
        return support.answer(self._support(), messages)

    @bentoml.api(route="/search", **BATCHED)
    def search(
        self,
        queries: Annotated[
            list[SearchIn],
            Field(max_length=MANY_TEXTS),
            sample(SearchIn(text="cancellation fee")),
        ],
    ) -> list[list[Hit]]:
        """The items of the knowledge base that fit each query best."""
        return support.search(self._support(), queries)

    @bentoml.api(route="/intent", **BATCHED)
    def intent(
        self,
        texts: Annotated[
            list[Text], Field(max_length=MANY_TEXTS, examples=[["I was charged twice"]])
        ],
    ) -> list[IntentOut]:
        """The intent of each message, with a calibrated probability; or ``unknown``."""
        return support.intents(self._current("support"), texts)

    @bentoml.api(route="/sentiment", **BATCHED)
    def sentiment(
        self,
        texts: Annotated[
            list[Text],
            Field(max_length=MANY_TEXTS, examples=[["Thanks, the driver was great"]]),
        ],
    ) -> list[SentimentOut]:
        """The sentiment of each message, -1 to 1."""
        return support.sentiments(self._current("support"), texts)

    @bentoml.api(route="/qualify")
    def qualify(
        self,
        drivers: Annotated[
            list[QualifyIn], Field(max_length=MANY), sample(QualifyIn(driver_id="D0001"))
        ],
    ) -> list[QualifyOut]:
        """Whether each driver qualifies for premium rides, the tier, and every reason."""
        with in_http():
            return premium.qualify(self.engine, drivers)

    @bentoml.api(route="/match")
    def match(self, batch: Annotated[MatchIn, sample(SAMPLE_BATCH, many=False)]) -> MatchOut:
        """The best assignment of a batch of requests to drivers, with the reason for each."""
        with in_http():
            return premium.match(batch, self.params.matching)

    @bentoml.api(route="/price")
    def price(self, journey: Annotated[PriceIn, sample(SAMPLE_JOURNEY, many=False)]) -> PriceOut:
        """A signed quote whose lines add up to the cent; honoured for five minutes."""
        with in_http():
            self.platform.zones.require([journey.zone_id])
        now, key = datetime.now(UTC), self.platform.quote_key
        return profit.price(self._current("profit"), journey, self.params, key, now)

    @bentoml.api(route="/forecast")
    def forecast(
        self,
        hours: Annotated[
            list[ZoneHour],
            Field(max_length=MANY),
            sample(ZoneHour(zone_id="Z01", hour_utc=datetime(2026, 11, 22, 18, tzinfo=UTC))),
        ],
    ) -> list[ForecastOut]:
        """Requests expected in each zone and hour."""
        with in_http():
            self.platform.zones.require(hour.zone_id for hour in hours)
        return profit.forecast(self._current("profit"), hours, self.lake, self.params)


for endpoint in cast(Any, TripoService).apis.values():
    # BentoML makes this model of the arguments, and lets it ignore what it does not know
    endpoint.input_spec.model_config["extra"] = "forbid"
    endpoint.input_spec.model_rebuild(force=True)
# the first is the outermost: nobody reads even the description unasked in production
cast(Any, TripoService).add_asgi_middleware(
    Guards, found=settings, max_bytes=MAX_BYTES, most=AT_WORK
)
cast(Any, TripoService).add_asgi_middleware(Cors, found=settings)
cast(Any, TripoService).add_asgi_middleware(ErrorBodies)
cast(Any, TripoService).add_asgi_middleware(
    OpenApi,
    made=lambda: cast(Any, TripoService).openapi_spec.asdict(),
    also=API.openapi,
    version=version("tripo04os-ml"),
)
