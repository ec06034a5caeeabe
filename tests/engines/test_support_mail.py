"""A mail is read as what its writer wrote now; junk is refused in one way only."""

import time
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- my order is late\n- the driver was rude", None),
        ("Thanks, but it is still missing.", None),
        ("On my way to the airport the driver wrote:\nI am not coming", None),
        ("From: the airport\nTo: my hotel\nHow much is it?", None),
        ("No.\n\n________________________________\nFrom: Support <s@x.y>\nSent: Monday", "No."),
        ("No.\n\nDe: Soporte <s@x.y>\nEnviado: lunes\nPara: Ann\nAsunto: Hola\n\nAbra", "No."),
        ("Non.\n\nLe sam. 21 nov. 2026 à 08:00, Aide <s@x.y> a\nécrit :\n> Ouvrez", "Non."),
        ("No.\n\nEl sáb, 21 nov 2026 a las 8:00, Soporte escribió:\nAbra Pedidos", "No."),
        ("No.\n-----Original Message-----\nOpen Orders", "No."),
        ("Still no receipt.\n\nBest regards,\nAnn Example\nHead of Things", "Still no receipt."),
        ("Still no receipt.\n\nSent from my iPhone", "Still no receipt."),
        ("On 21 Nov Support <s@x.y> wrote:\n> Open Orders\n\nThere is none.", "There is none."),
        ("First.\n> Open Orders\nThere is none.\n> Or Trips\nNor there.",
         "First.\nThere is none.\nNor there."),
    ],
)  # fmt: skip
def test_what_was_written_now_is_kept_and_only_that(text, words):
    assert parse(mail(text, Content_Type="text/plain; charset=utf-8")).text == (words or text)


def test_of_a_page_the_words_are_read_and_of_two_forms_the_plain_one():
    page = "<html><head><title>T</title><style>p{}</style></head><body><p>Two&nbsp;cars</p>came"
    page += "<script>alert(1)</script><blockquote>old words</blockquote></body></html>"
    assert parse(mail(page, Content_Type="text/html")).text == "Two cars\ncame"
    both = "--b\r\nContent-Type: text/html\r\n\r\n<p>page</p>\r\n--b\r\nContent-Type: text/plain"
    both += "\r\n\r\nplain\r\n--b--"
    assert parse(mail(both, Content_Type="multipart/alternative; boundary=b")).text == "plain"


def test_a_page_whose_head_or_comment_does_not_end_is_read():
    page = "<html><head><title>T</title><!-- a --><body>Hi &lt;b&gt;<!--[if mso]>x<![endif]-->!"
    assert parse(mail(page, Content_Type="text/html")).text == "Hi <b>!"
    assert parse(mail("Hi<!-- for ever", Content_Type="text/html")).text == "Hi"


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


HOSTILE = {
    "days": "On " * 16_000, "lines": "\n" * 50_000, "blanks": "\n \n" * 16_000 + "x",
    "articles": "Le " * 16_000, "rules": "_" * 50_000, "quotes": ">\n" * 25_000,
    "tags": "<a " * 16_000, "comments": "<!--" * 12_000, "attributes": "<a b='" * 8_000,
    "name": "<" + "a" * 50_000,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_makes_the_reader_think_for_long(name, kind):
    raw = mail(f"hi\n{HOSTILE[name]}\nend", Content_Type=f"text/{kind}")
    began = time.process_time()
    parse(raw)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": "a " * 400_000},
        {"Subject": "=?utf-8?q?a?= " * 50_000},
        {"References": "<a@x> " * 100_000},
        {"List_Id": "a " * 400_000},
        {"Content_Type": "text/plain; " + "a*0=b; " * 50_000},
        {"From": "a b, " * 100_000},
        {"From": "(" * 3_000 + "a@x.org"},
        {"Content_Type": "text/plain; " + "(" * 3_000},
    ],
)
def test_no_header_makes_the_reader_think_for_long(headers):
    began = time.process_time()
    _mail_or_refused(mail("hi", **headers))
    assert time.process_time() - began < 2


@pytest.mark.parametrize("deep", [True, False])
def test_parts_are_counted(deep):
    inner = "--b{0}\r\nContent-Type: multipart/mixed; boundary=b{1}\r\n\r\n"
    nested = "".join(inner.format(i, i + 1) for i in range(3_000))
    body = nested if deep else "--b0\r\n\r\nx\r\n" * 60_000
    with pytest.raises(BadInput, match="parts"):
        parse(mail(body, Content_Type="multipart/mixed; boundary=b0"))


def test_what_a_database_refuses_is_left_out():
    found = parse(mail("hi\x00 th\x07ere", Subject="a\x00b"))
    assert (found.subject, found.text) == ("ab", "hi there")
    half = mail("hi +2AA- there", Content_Type="text/plain; charset=utf-7")
    assert parse(half).text == "hi \ufffd there"
    odd = parse(mail().replace(b"<m1@", b"<m\x001@"))
    assert odd.mail_id.endswith("@no-id")


def _mail_or_refused(raw):
    try:
        return parse(raw)
    except BadInput:
        return None


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


OUTLOOK = "VI1PR0402MB3487E1A0F2C0A2B5A8E0E8A7F0D29@VI1PR0402MB3487.eurprd04.prod.outlook.com"


def test_a_long_id_is_named_as_it_is():
    reply = Reply("r@s", OUTLOOK, "help@x.org", "ann@example.org", "Hi", "text")
    lines = compose(reply, AT).split(b"\r\n")
    assert f"In-Reply-To: <{OUTLOOK}>".encode() in lines
    assert f"References: <{OUTLOOK}>".encode() in lines


def test_an_address_in_other_letters_is_written_as_it_is():
    sent = compose(Reply("r@s", None, "help@x.org", "jörg@example.org", "Hi", "text"), AT)
    assert "To: jörg@example.org".encode() in sent.split(b"\r\n")


def test_a_subject_cannot_bring_headers_of_its_own():
    subject = parse(mail(Subject="Hi\r\n Bcc: all@x.org")).subject
    assert "\n" not in subject
    reply = Reply("r@s", None, "help@x.org", "ann@example.org", subject, "text")
    sent = message_from_bytes(compose(reply, AT), policy=SMTP)
    assert sent["Bcc"] is None
