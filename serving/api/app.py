"""The API: one FastAPI application that the BentoML service mounts, described in OpenAPI."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from serving.api import auth, problems
from serving.api.platform import Platform
from serving.events.broker import Event, connect
from serving.events.publisher import Publisher
from serving.support import api as support
from serving.support import socket
from serving.support.desk import Watch
from serving.support.hub import Hub
from serving.support.incoming import handle
from store.db import read

BASE = "/api/v1"
ABOUT = """\
Conversations of AI Support and the desk of the agents who take them over.

Every call but health needs `Authorization: Bearer <token>` (`tripo auth token` makes one for local
use). Errors are problem documents (RFC 9457) that say what was expected, what came and what to do.
Times are UTC. A list is given in pages.
"""


def create() -> FastAPI:
    """The application, with every route; it answers once `attach` gave it a platform."""
    api = FastAPI(
        title="Tripo04OS API",
        description=ABOUT,
        openapi_url=f"{BASE}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_running,
    )
    problems.install(api)
    api.include_router(auth.router, prefix=BASE)
    api.include_router(support.router, prefix=BASE)
    api.include_router(socket.router)
    return api


@asynccontextmanager
async def _running(api: FastAPI) -> AsyncIterator[None]:
    """What goes on beside the calls: follow the store, take back what agents leave unanswered."""
    found: Platform = api.state.platform
    watch = Watch(found)
    found.live.start()
    watch.start()
    api.state.hub = Hub(partial(read, found.engine))
    broker = connect(found.settings.broker_url, partial(_handle, found))
    api.state.broker = broker
    publisher = Publisher(found.engine, broker, found.clock)
    tasks = [asyncio.create_task(work) for work in (api.state.hub.follow(), publisher.run())]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await broker.stop()
    watch.stop()
    found.company.close()
    if found.rephraser:
        found.rephraser.close()
    found.live.stop()


async def _handle(found: Platform, event: Event) -> None:
    await asyncio.to_thread(handle, found, event)


def attach(api: FastAPI, platform: Platform) -> None:
    """Give the application what its endpoints stand on."""
    api.state.platform = platform
