"""A mail is read as what its writer wrote now; junk is refused in one way only."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from engines.support.mail import MOST_BYTES, Reply, compose, parse

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def mail(body="Where is my receipt?", **headers):
    given = {"From": "Ann <Ann@Example.org>", "Message-ID": "<m1@example.org>", "Subject": "Hi"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join([*lines, "", body]).encode()


def test_a_plain_mail():
    found = parse(mail())
    assert (found.mail_id, found.address, found.subject) == (
        "m1@example.org", "ann@example.org", "Hi",
    )  # fmt: skip
    assert (found.text, found.references, found.automatic) == ("Where is my receipt?", (), False)


def test_the_nearest_mail_that_it_answers_comes_first():
    found = parse(mail(In_Reply_To="<c@x>", References="<a@x> <b@x> <c@x>"))
    assert found.references == ("c@x", "b@x", "a@x")


@pytest.mark.parametrize(
    "tail",
    [
        "\r\n\r\nOn Sat, Nov 21, 2026 at 8:00 AM Support <s@x.y> wrote:\r\n> Open Orders\r\n> more",
        "\r\n\r\n-- \r\nAnn Example\r\nHead of Things",
        "\r\n\r\n> quoted\r\n> again",
        "\r\n\r\nEl sáb, 21 nov 2026, Soporte <s@x.y> escribió:\r\n> Abra Pedidos",
    ],
)
def test_what_is_quoted_and_the_signature_are_left_out(tail):
    raw = mail("It still fails." + tail, Content_Type="text/plain; charset=utf-8")
    assert parse(raw).text == "It still fails."


def test_of_a_page_the_words_are_read_and_of_two_forms_the_plain_one():
    page = "<html><head><title>T</title><style>p{}</style></head><body><p>Two&nbsp;cars</p>came"
    page += "<script>alert(1)</script><blockquote>old words</blockquote></body></html>"
    assert parse(mail(page, Content_Type="text/html")).text == "Two cars\ncame"
    both = "--b\r\nContent-Type: text/html\r\n\r\n<p>page</p>\r\n--b\r\nContent-Type: text/plain"
    both += "\r\n\r\nplain\r\n--b--"
    assert parse(mail(both, Content_Type="multipart/alternative; boundary=b")).text == "plain"


def test_an_attachment_without_a_name_is_no_text():
    parts = "--b\r\nContent-Type: text/plain\r\n\r\nsee the picture\r\n--b\r\n"
    parts += "Content-Type: image/png\r\nContent-Disposition: attachment\r\n\r\n\x00\x01\r\n--b--"
    assert parse(mail(parts, Content_Type="multipart/mixed; boundary=b")).text == "see the picture"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated (vacation)"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.org>"},
        {"Return_Path": "<>"},
        {"Content_Type": "multipart/report; boundary=x"},
    ],
)
def test_what_no_person_wrote_is_known_as_such(headers):
    body = "--x\r\n\r\nfailed\r\n--x--" if "Content_Type" in headers else "I am away."
    assert parse(mail(body, **headers)).automatic


def test_a_persons_mail_may_say_that_it_is_one():
    assert not parse(mail(Auto_Submitted="no")).automatic


def test_a_mail_without_an_id_has_the_same_one_each_time():
    raw = mail().replace(b"Message-ID: <m1@example.org>\r\n", b"")
    assert parse(raw).mail_id == parse(raw).mail_id != parse(raw + b" now").mail_id


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x00\xff\xfe", mail(""), mail("> only quoted"), mail(From="nobody"),
        mail(From="a@x.org, b@x.org"), mail(From=""), b"x" * (MOST_BYTES + 1),
        mail(Content_Type="text/plain; charset=nonsense-9", body=""),
    ],
)  # fmt: skip
def test_what_is_no_mail_is_refused(raw):
    with pytest.raises(BadInput, match="a mail: expected"):
        parse(raw)


@given(st.binary(max_size=400), st.binary(max_size=60))
def test_junk_is_refused_in_one_way_only(body, value):
    for raw in (body, mail() + body, b"From: a@x.org\r\nSubject: " + value + b"\r\n\r\n" + body):
        try:
            found = parse(raw)
        except BadInput:
            continue
        assert found.text
        assert "\n" not in found.subject


def test_a_reply_goes_into_the_thread_and_starts_no_loop():
    reply = Reply("r@support", "m1@example.org", "help@x.org", "ann@example.org", "Hi", "Öpen it.")
    sent = message_from_bytes(compose(reply, AT), policy=SMTP)
    assert sent["In-Reply-To"] == sent["References"] == "<m1@example.org>"
    assert (sent["Message-ID"], sent["Subject"]) == ("<r@support>", "Re: Hi")
    assert sent["Auto-Submitted"] == "auto-replied"
    assert sent.get_content().strip() == "Öpen it."
    assert parse(compose(reply, AT)).automatic


def test_a_subject_cannot_bring_headers_of_its_own():
    subject = parse(mail(Subject="Hi\r\n Bcc: all@x.org")).subject
    assert "\n" not in subject
    reply = Reply("r@s", None, "help@x.org", "ann@example.org", subject, "text")
    sent = message_from_bytes(compose(reply, AT), policy=SMTP)
    assert sent["Bcc"] is None
