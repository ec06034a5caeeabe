"""E-mail conversations over real servers: in once, out once, in thread."""

import pytest
from pydantic import SecretStr

from core.enums import Channel, Role
from engines.support.mail import Reply, compose, user_of
from serving.api.limits import CallLimits
from serving.signing import HEADER, sign
from serving.support.mail import Outcome, receive
from serving.support.mail_servers import send_waiting
from store.erasure import erase
from tests.engines.test_support_mail import mail
from tests.serving.mails import ASKED, conversations, rows, set_up

SECRET = "a secret between the provider and us"


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


@pytest.mark.parametrize("body", ["a\x00b", "x +2AA- y"])
def test_no_characters_make_a_mail_that_cannot_be_stored(api, inbox, body):
    raw = mail(body, Content_Type="text/plain; charset=utf-7", Subject="s\x00t")
    assert receive(api.platform, raw) == Outcome.OPENED
    assert send_waiting(api.platform) == 1


def test_forgetting_a_user_forgets_their_mails(api, inbox):
    receive(api.platform, mail(ASKED))
    gone = erase(api.platform.engine, user_of("ann@example.org"), "s", "root", api.now)
    assert gone["conversations"] == 1
    assert rows(api) == []


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


def test_machines_that_answer_each_other_come_to_an_end(api):
    few = CallLimits(api.platform.params.api, ["2/hour"], "")
    vars(api.platform)["limits"] = few
    set_up(api, mail_webhook_secret=SecretStr(SECRET))
    answers = [posted(api, mail(ASKED, Message_ID=f"<m{n}@x>")) for n in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 3600
    assert len(conversations(api)) == 2
    assert posted(api, mail(ASKED, Message_ID="<m1@x>")).json() == {"outcome": "REPEATED"}
    other = mail(ASKED, From="bob@example.org", Message_ID="<m4@x>")
    assert posted(api, other).json() == {"outcome": "OPENED"}
