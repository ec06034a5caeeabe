"""E-mail conversations over a real SMTP server and a real mailbox: in once, out once, in thread."""

import asyncio
import imaplib
import shutil
import ssl
import subprocess
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import SMTP
from functools import partial

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from core.enums import Channel, Role
from core.errors import BadInput
from engines.support.mail import Reply, compose
from serving.signing import HEADER, sign
from serving.support import mail_servers
from serving.support.mail import Outcome, receive, user_of
from serving.support.mail_servers import read_mailbox, send_waiting
from store import mail as kept
from store.db import read, write
from store.erasure import erase
from store.mail import MAIL
from tests.engines.test_support_mail import mail
from tests.servers import free_port, imap_server

SECRET = "a secret between the provider and us"
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


@pytest.fixture
def inbox(api):
    found = Inbox()
    with smtp(found) as port:
        set_up(api, smtp_url=SecretStr(f"smtp://127.0.0.1:{port}"), mail_from="help@tripo.example")
        yield found


def rows(api):
    with api.platform.engine.connect() as connection:
        return connection.execute(sa.select(MAIL).order_by(MAIL.c.created_at, MAIL.c.state)).all()


def conversations(api):
    who = api.bearer("root", Role.ADMIN)
    return api.call("GET", "/support/conversations", who).json()["items"]


def test_a_mail_is_answered_in_its_thread_and_goes_on_there(api, inbox):
    assert receive(api.platform, mail(ASKED)) == Outcome.OPENED
    [row] = conversations(api)
    assert (row["channel"], row["user_id"]) == (Channel.EMAIL, user_of("ann@example.org"))
    assert send_waiting(api.platform) == 1
    [answer] = inbox.mails
    assert (answer["To"], answer["From"]) == ("ann@example.org", "help@tripo.example")
    assert (answer["In-Reply-To"], answer["Subject"]) == ("<m1@example.org>", "Re: Hi")
    api.later(minutes=5)
    again = mail("and for the one before?", Message_ID="<m2@x>", In_Reply_To=answer["Message-ID"])
    assert receive(api.platform, again) == Outcome.CONTINUED
    assert len(conversations(api)) == 1
    assert send_waiting(api.platform) == 1
    assert inbox.mails[1]["In-Reply-To"] == "<m2@x>"
    assert send_waiting(api.platform) == 0


def test_the_same_mail_twice_is_one_message_and_one_answer(api, inbox):
    assert receive(api.platform, mail(ASKED)) == Outcome.OPENED
    assert receive(api.platform, mail(ASKED)) == Outcome.REPEATED
    assert send_waiting(api.platform) == 1
    assert len(rows(api)) == 2
    assert len(conversations(api)) == 1


def test_a_mail_that_was_stored_and_not_answered_is_answered_when_it_comes_again(
    api, inbox, monkeypatch
):
    from serving.support import talk

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(talk, "_answer", killed)
        with pytest.raises(KeyboardInterrupt):
            receive(api.platform, mail(ASKED))
    assert send_waiting(api.platform) == 0
    assert receive(api.platform, mail(ASKED)) == Outcome.REPEATED
    assert send_waiting(api.platform) == 1


def test_who_answers_somebody_elses_thread_begins_their_own(api, inbox):
    receive(api.platform, mail(ASKED))
    send_waiting(api.platform)
    stolen = mail("me too", From="eve@example.org", Message_ID="<e@x>",
                  In_Reply_To=inbox.mails[0]["Message-ID"])  # fmt: skip
    assert receive(api.platform, stolen) == Outcome.OPENED
    assert len(conversations(api)) == 2
    # nor does a mail that carries the id of another's
    assert receive(api.platform, mail("x", From="eve@example.org")) == Outcome.REPEATED
    assert sum(len(row.mail_id) > 0 for row in rows(api) if row.state == "RECEIVED") == 2


def test_no_machine_is_answered(api, inbox):
    assert receive(api.platform, mail("away", Auto_Submitted="auto-replied")) == Outcome.IGNORED
    ours = compose(Reply("x@support", None, "a@x.org", "b@x.org", "s", "t"), api.now)
    assert receive(api.platform, ours) == Outcome.IGNORED
    assert conversations(api) == []


def test_after_the_time_to_reopen_another_conversation_begins(api, inbox):
    receive(api.platform, mail(ASKED))
    send_waiting(api.platform)
    [row] = conversations(api)
    root = api.bearer("root", Role.ADMIN)
    api.call("POST", f"/support/conversations/{row['id']}/resolve", root)
    api.later(hours=100)
    late = mail("still no receipt", Message_ID="<m9@x>", In_Reply_To="<m1@example.org>")
    assert receive(api.platform, late) == Outcome.OPENED
    assert len(conversations(api)) == 2


def test_what_an_agent_writes_goes_out_too(api, inbox):
    receive(api.platform, mail("I want to talk to a person"))
    [row] = conversations(api)
    path = f"/support/conversations/{row['id']}/agent-message"
    agent = api.agent_of(row["id"])
    assert api.call("POST", path, agent, json={"message": "Ann here."}).status_code == 201
    assert send_waiting(api.platform) == 2
    assert inbox.mails[1].get_content().strip() == "Ann here."


def test_a_server_that_is_away_or_busy_gets_it_later_and_once(api, inbox):
    receive(api.platform, mail(ASKED))
    running = api.platform.settings.smtp_url
    set_up(api, smtp_url=SecretStr(f"smtp://127.0.0.1:{free_port()}"))
    assert send_waiting(api.platform) == 0
    set_up(api, smtp_url=running)
    inbox.says = ["451 try later"]
    assert send_waiting(api.platform) == 0
    assert send_waiting(api.platform) == 0  # not before its time
    api.later(seconds=46)
    assert send_waiting(api.platform) == 1
    assert [row.state for row in rows(api)].count("SENT") == 1


def test_what_is_wrong_with_our_own_address_is_nobody_elses_loss(api, inbox):
    receive(api.platform, mail(ASKED))
    inbox.refuses = "550 not a sender here"
    assert send_waiting(api.platform) == 0
    inbox.refuses = None
    api.later(seconds=46)
    assert send_waiting(api.platform) == 1


def test_two_workers_send_a_mail_once(api, inbox):
    receive(api.platform, mail(ASKED))
    inbox.during = lambda: send_waiting(api.platform)  # the other looks while the first sends
    assert send_waiting(api.platform) == 1
    assert len(inbox.mails) == 1


def test_of_two_workers_that_saw_a_mail_waiting_one_takes_it(api, inbox):
    receive(api.platform, mail(ASKED))
    [seen] = read(api.platform.engine, lambda c: kept.due(c, api.now))
    take = partial(kept.claimed, mail=seen, until=api.now)
    assert [write(api.platform.engine, take) for _ in range(2)] == [True, False]


def test_who_dies_over_a_mail_leaves_it_to_be_sent_later(api, inbox, monkeypatch):
    receive(api.platform, mail(ASKED))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(mail_servers, "compose", killed)
        send_waiting(api.platform)
    assert send_waiting(api.platform) == 0  # somebody may be at it
    api.later(minutes=3)
    assert send_waiting(api.platform) == 1
    assert len(inbox.mails) == 1


def test_a_mail_that_ends_the_connection_each_time_is_given_up(api, inbox):
    receive(api.platform, mail(ASKED))
    inbox.ends = True
    for _ in range(api.platform.params.mail.attempts + 1):
        assert send_waiting(api.platform) == 0
        api.later(minutes=3)
    assert {row.state for row in rows(api)} == {"RECEIVED", "FAILED"}


def test_an_address_that_the_server_cannot_take_keeps_nobody_elses_mail(api, caplog):
    receive(api.platform, mail(ASKED, From="jörg@example.org"))
    api.later(seconds=1)
    receive(api.platform, mail(ASKED, Message_ID="<m2@x>"))
    found = Inbox()
    with smtp(found, enable_SMTPUTF8=False) as port:
        set_up(api, smtp_url=SecretStr(f"smtp://127.0.0.1:{port}"))
        assert send_waiting(api.platform) == 1
    assert found.mails[0]["To"] == "ann@example.org"
    assert sorted(row.state for row in rows(api)) == ["FAILED", "RECEIVED", "RECEIVED", "SENT"]
    assert "given up" in caplog.text
    assert "@example.org" not in caplog.text


def test_an_address_in_other_letters_is_sent_to_where_the_server_takes_it(api):
    receive(api.platform, mail(ASKED, From="jörg@example.org"))
    found = Inbox()
    with smtp(found, enable_SMTPUTF8=True) as port:
        set_up(api, smtp_url=SecretStr(f"smtp://127.0.0.1:{port}"))
        assert send_waiting(api.platform) == 1
    assert found.mails[0]["To"] == "jörg@example.org"


@pytest.mark.parametrize("body", ["a\x00b", "x +2AA- y"])
def test_no_characters_make_a_mail_that_cannot_be_stored(api, inbox, body):
    raw = mail(body, Content_Type="text/plain; charset=utf-7", Subject="s\x00t")
    assert receive(api.platform, raw) == Outcome.OPENED
    assert send_waiting(api.platform) == 1


def test_an_address_that_does_not_exist_is_given_up(api, inbox):
    receive(api.platform, mail(ASKED))
    inbox.says = ["550 no such user"]
    assert send_waiting(api.platform) == 0
    api.later(hours=9)
    assert send_waiting(api.platform) == 0
    assert {row.state for row in rows(api)} == {"RECEIVED", "FAILED"}


def test_it_is_given_up_after_so_many_tries(api, inbox):
    receive(api.platform, mail(ASKED))
    tries = api.platform.params.mail.attempts
    inbox.says = ["451 try later"] * tries
    for _ in range(tries):
        send_waiting(api.platform)
        api.later(hours=2)
    assert not inbox.says
    assert {row.state for row in rows(api)} == {"RECEIVED", "FAILED"}


def test_forgetting_a_user_forgets_their_mails(api, inbox):
    receive(api.platform, mail(ASKED))
    gone = erase(api.platform.engine, user_of("ann@example.org"), "s", "root", api.now)
    assert gone["conversations"] == 1
    assert rows(api) == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine that signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    key, found = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", found],
        check=True, capture_output=True,
    )  # fmt: skip
    return found, key


# aiosmtpd does not count a connection that is encrypted from its first byte
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_mails_are_sent_encrypted_and_signed_in(api, certificate, scheme, monkeypatch):
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(*certificate)
    inbox, seen = Inbox(), []

    def authenticated(server, session, envelope, mechanism, given):
        seen.append((given.login, given.password, session.ssl is not None))
        return AuthResult(success=given.password == b"p/w")

    options = {"authenticator": authenticated, "auth_required": True}
    if scheme == "smtps":
        options |= {"ssl_context": secure, "auth_require_tls": False}
    else:
        options |= {"tls_context": secure, "require_starttls": True}
    receive(api.platform, mail(ASKED))
    with smtp(inbox, **options) as port:
        address = f"{scheme}://help%40tripo.example:p%2Fw@127.0.0.1:{port}"
        set_up(api, smtp_url=SecretStr(address))
        assert send_waiting(api.platform) == 0  # a certificate that nobody vouches for
        assert not inbox.mails
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert send_waiting(api.platform) == 1
    assert seen[-1][:2] == (b"help@tripo.example", b"p/w")
    assert len(inbox.mails) == 1


@pytest.mark.parametrize("url", ["smtp://mail.example.org", "http://127.0.0.1", "imap://x.org"])
def test_passwords_do_not_travel_in_the_open(url):
    with pytest.raises(BadInput, match="smtp"):
        mail_servers.address_of(url, "smtp")


@pytest.fixture(scope="module")
def mailbox():
    if shutil.which("dovecot") is None:
        pytest.skip("no Dovecot: install dovecot-imapd")
    with imap_server("support", "p/w") as port:
        yield port


def test_a_mailbox_is_read_each_mail_once_and_what_is_none_is_flagged(api, mailbox):
    set_up(api, imap_url=SecretStr(f"imap://support:p%2Fw@127.0.0.1:{mailbox}/INBOX"))
    with imaplib.IMAP4("127.0.0.1", mailbox) as box:
        box.login("support", "p/w")
        box.select("INBOX")
        box.uid("STORE", "1:*", "+FLAGS", r"(\Seen \Deleted)")
        box.expunge()
        other = mail("same id, other words")  # as through a list that adds a line
        for raw in (
            mail(ASKED),
            other,
            b"From: nobody\r\n\r\nhello",
            mail("away", Precedence="bulk"),
        ):
            box.append("INBOX", "", None, raw)
        assert read_mailbox(api.platform) == 4
        assert read_mailbox(api.platform) == 0
        box.select("INBOX")
        assert len(box.uid("SEARCH", "FLAGGED")[1][0].split()) == 2
    assert len(conversations(api)) == 1


def test_a_mail_with_a_large_picture_is_read(api, mailbox):
    set_up(api, imap_url=SecretStr(f"imap://support:p%2Fw@127.0.0.1:{mailbox}/INBOX"))
    parts = f"--b\r\nContent-Type: text/plain\r\n\r\n{ASKED}\r\n--b\r\nContent-Type: image/png"
    parts += "\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    large = mail(parts + "QUJD" * 700_000 + "\r\n--b--",
                 Content_Type="multipart/mixed; boundary=b", Message_ID="<big@x>")  # fmt: skip
    with imaplib.IMAP4("127.0.0.1", mailbox) as box:
        box.login("support", "p/w")
        box.append("INBOX", "", None, large)
    read_mailbox(api.platform)
    assert len(conversations(api)) == 1


def test_a_mailbox_that_does_not_let_us_in_is_said(api, mailbox):
    set_up(api, imap_url=SecretStr(f"imap://support:wrong@127.0.0.1:{mailbox}/INBOX"))
    with pytest.raises(OSError, match="mailbox"):
        read_mailbox(api.platform)


def posted(api, body, secret=SECRET, at=None, **headers):
    given = {"content-type": "message/rfc822", HEADER: sign(body, secret, at or api.now), **headers}
    return api.client.post("/api/v1/support/mail", content=body, headers=given)


def test_a_provider_posts_mails_with_a_signature(api):
    assert posted(api, mail(ASKED)).status_code == 404  # no secret was agreed on
    set_up(api, mail_webhook_secret=SecretStr(SECRET))
    assert posted(api, mail(ASKED)).json() == {"outcome": "OPENED"}
    assert posted(api, mail(ASKED)).json() == {"outcome": "REPEATED"}
    assert posted(api, b"no mail").status_code == 422


def test_a_mail_without_a_true_and_fresh_signature_is_refused(api):
    set_up(api, mail_webhook_secret=SecretStr(SECRET))
    raw = mail(ASKED)
    assert posted(api, raw, secret="another").status_code == 401
    old = api.now
    api.later(seconds=301)
    assert posted(api, raw, at=old).status_code == 401
    for wrong in ("", "t=1", "v1=x", sign(raw + b" ", SECRET, api.now)):
        assert posted(api, raw, **{HEADER: wrong}).status_code == 401
    assert conversations(api) == []
