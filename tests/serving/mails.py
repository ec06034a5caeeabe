"""What tests of mails share: a real SMTP server's inbox, and what became of mails in the store."""

import asyncio
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import SMTP

import sqlalchemy as sa
from aiosmtpd.controller import Controller

from core.enums import Role
from store.mail import MAIL
from tests.servers import free_port

ASKED = "How do I get a receipt for my trip?"


class Inbox:
    """What an SMTP server took; it answers ``says`` to the next recipients instead, if any."""

    def __init__(self):
        self.mails, self.says = [], []
        self.refuses, self.during, self.ends = None, None, False

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.refuses:
            return self.refuses
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.says:
            return self.says.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.ends:
            server.transport.abort()
        if self.during:
            during, self.during = self.during, None
            await asyncio.to_thread(during)
        self.mails.append(message_from_bytes(envelope.content, policy=SMTP))
        return "250 OK"


@contextmanager
def smtp(inbox, **options):
    server = Controller(inbox, hostname="127.0.0.1", port=free_port(), **options)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def set_up(api, **changes):
    settings = api.platform.settings.model_copy(update=changes)
    vars(api.platform)["settings"] = settings


def rows(api):
    with api.platform.engine.connect() as connection:
        return connection.execute(sa.select(MAIL).order_by(MAIL.c.created_at, MAIL.c.state)).all()


def conversations(api):
    who = api.bearer("root", Role.ADMIN)
    return api.call("GET", "/support/conversations", who).json()["items"]
