"""Replies over a real SMTP server, and a real mailbox: sent once or given up; read once."""

import imaplib
import shutil
import ssl
import subprocess
from functools import partial

import pytest
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from core.errors import BadInput
from serving.api.limits import CallLimits
from serving.support import mail_servers
from serving.support.mail import receive
from serving.support.mail_servers import read_mailbox, send_waiting
from store import mail as kept
from store.db import read, write
from tests.engines.test_support_mail import mail
from tests.servers import free_port, imap_server
from tests.serving.mails import ASKED, Inbox, conversations, rows, set_up, smtp


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
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("serving.")]
    assert ours and not [line for line in ours if "@example.org" in line]


def test_an_address_in_other_letters_is_sent_to_where_the_server_takes_it(api):
    receive(api.platform, mail(ASKED, From="jörg@example.org"))
    found = Inbox()
    with smtp(found, enable_SMTPUTF8=True) as port:
        set_up(api, smtp_url=SecretStr(f"smtp://127.0.0.1:{port}"))
        assert send_waiting(api.platform) == 1
    assert found.mails[0]["To"] == "jörg@example.org"


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
            mail("one too many of this address", Message_ID="<m9@x>"),
        ):
            box.append("INBOX", "", None, raw)
        vars(api.platform)["limits"] = CallLimits(api.platform.params.api, ["1/hour"], "")
        assert read_mailbox(api.platform) == 5
        assert read_mailbox(api.platform) == 0
        box.select("INBOX")
        assert len(box.uid("SEARCH", "FLAGGED")[1][0].split()) == 3
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
