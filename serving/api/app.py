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
from serving.premium import api as premium
from serving.support import api as support
from serving.support import desk, mail_servers, socket, tickets
from serving.support.hub import Hub
from serving.support.incoming import handle
from serving.support.repeating import Repeating
from store.db import read

BASE = "/api/v1"
ABOUT = """\
Conversations of AI Support and the desk of the agents who take them over; premium rides from the
quote to the refund, and the drivers who qualify for them.

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
    api.include_router(premium.router, prefix=BASE)
    api.include_router(socket.router)
    return api


@asynccontextmanager
async def _running(api: FastAPI) -> AsyncIterator[None]:
    """What goes on beside the calls: follow the store, take back what agents leave unanswered."""
    found: Platform = api.state.platform
    beside = _beside(found)
    found.live.start()
    for work in beside:
        work.start()
    api.state.hub = Hub(partial(read, found.engine))
    broker = connect(found.settings.broker_url, partial(_handle, found))
    api.state.broker = broker
    publisher = Publisher(found.engine, broker, found.clock)
    tasks = [asyncio.create_task(task) for task in (api.state.hub.follow(), publisher.run())]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await broker.stop()
    for work in beside:
        work.stop()
    found.company.close()
    if found.rephraser:
        found.rephraser.close()
    found.live.stop()


def _beside(found: Platform) -> list[Repeating]:
    """What is done every few seconds; mails and tickets only where servers for them are named."""
    settings, poll_s = found.settings, found.params.mail.poll_s
    work = [Repeating("desk", desk.EVERY_S, partial(desk.look_after, found))]
    if settings.smtp_url.get_secret_value():
        work.append(Repeating("mail out", poll_s, partial(mail_servers.send_waiting, found)))
    if settings.imap_url.get_secret_value():
        work.append(Repeating("mail in", poll_s, partial(mail_servers.read_mailbox, found)))
    if settings.ticket_url:
        system = tickets.Webhook(found)
        work.append(Repeating("tickets", poll_s, partial(tickets.mirror, found, system)))
    return work


async def _handle(found: Platform, event: Event) -> None:
    await asyncio.to_thread(handle, found, event)


def attach(api: FastAPI, platform: Platform) -> None:
    """Give the application what its endpoints stand on."""
    api.state.platform = platform
