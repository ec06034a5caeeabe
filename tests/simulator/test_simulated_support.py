import numpy as np
import pytest

from core.errors import BadInput
from simulator.book import Book
from simulator.calibration import load_calibration
from simulator.company import load_company
from simulator.conversations import hold, is_right
from simulator.day import simulate_day
from simulator.desk import end
from simulator.policies import Policies, Reply
from simulator.texts import Text, fill, load_texts
from tests.small_city import MESSAGES, POLICIES, shared_book


@pytest.fixture(scope="module")
def book():
    return shared_book()


@pytest.fixture(scope="module")
def city(book):
    return book.city


def reply(action, intent, kb_code=None):
    return Reply(action, intent, 0.8, kb_code, 0.0, 10, "text", "r1")


@pytest.fixture(scope="module")
def support(book, city):
    return simulate_day(book, city.last_day)


@pytest.mark.parametrize(
    ("said", "needed", "right"),
    [
        (reply("answer", "promo_code", "KB1"), Text("t", "promo_code", "KB1", "neutral", "en"), 1),
        (reply("answer", "promo_code", "KB2"), Text("t", "promo_code", "KB1", "neutral", "en"), 0),
        (reply("clarify", "promo_code"), Text("t", "promo_code", "KB1", "neutral", "en"), 0),
        (reply("answer", "compliment"), Text("t", "compliment", None, "positive", "en"), 1),
        (reply("escalate", "urgent_issue"), Text("t", "urgent_issue", None, "negative", "en"), 1),
        (reply("answer", "urgent_issue"), Text("t", "urgent_issue", None, "negative", "en"), 0),
        (reply("abstain", "unknown"), Text("t", "unknown", None, "neutral", "en"), 1),
        (reply("answer", "unknown", "KB1"), Text("t", "unknown", None, "neutral", "en"), 0),
    ],
)
def test_right_is_the_item_or_the_action_that_was_needed(said, needed, right):
    assert is_right(said, needed) == bool(right)


def test_people_are_content_when_the_answer_was_right(support):
    truth = support[1]["conversations"].to_pandas()
    assert len(truth) > 30
    answered = truth[~truth["intent"].isin(["talk_to_human", "urgent_issue"])]
    satisfied = answered.groupby("right")["satisfied"].mean()
    assert satisfied[True] > satisfied[False] + 0.3


def test_a_better_engine_makes_more_people_content(book, city):
    known = {row.text: row for row in city.texts.rows}

    def oracle(asks):
        return [
            reply("answer", row.intent, row.kb_code) if row.kb_code else reply("escalate", "x")
            for row in (known.get(ask.content, city.texts.rows[0]) for ask in asks)
        ]

    day = book.day(city.last_day)
    poor = [t.satisfied for t in hold(city, day, city.texts, POLICIES.answer)]
    good = [t.satisfied or t.escalated for t in hold(city, day, city.texts, oracle)]
    assert np.mean(good) > np.mean(poor) + 0.3


def test_messages_are_numbered_and_belong_to_a_conversation(support):
    delivered, _ = support
    conversations = delivered["conversations"].to_pandas().set_index("id")
    messages = delivered["messages"].to_pandas().drop_duplicates("id")
    assert set(messages["conversation_id"]) == set(conversations.index)
    for key, rows in messages.groupby("conversation_id"):
        assert rows["seq"].tolist() == list(range(1, len(rows) + 1))
        assert rows["created_at"].is_monotonic_increasing
        assert rows["sender"].iloc[0] == "USER"
        assert conversations.loc[key, "version"] == len(rows)


def test_escalated_conversations_go_through_the_desk(support):
    table = support[0]["conversations"].to_pandas()
    handed = table[table["escalated_at"].notna()]
    assert len(handed) and not handed["ai_handled"].any()
    assert (handed["queued_at"] >= handed["escalated_at"]).all()
    served = handed[handed["assigned_agent_id"].notna()]
    assert (served["assigned_at"] >= served["queued_at"]).all()
    assert (served["first_agent_reply_at"] >= served["assigned_at"]).all()
    assert table[table["escalated_at"].isna()]["assigned_agent_id"].isna().all()


def test_resolution_kinds_mean_what_they_say(support):
    table = support[0]["conversations"].to_pandas()
    assert set(table["resolution_kind"].dropna()) <= {"CONFIRMED", "AGENT", "ASSUMED"}
    assert (table["resolution_kind"].notna() == table["resolved_at"].notna()).all()
    assert (table.loc[table["status"] == "RESOLVED", "resolved_at"].notna()).all()
    agent = table["resolution_kind"] == "AGENT"
    assert (table.loc[agent, "escalated_at"].notna()).all()


def test_feedback_rates_a_message_that_exists(support):
    delivered, _ = support
    feedback = delivered["feedback"].to_pandas()
    messages = delivered["messages"].to_pandas().set_index("id")["sender"]
    assert len(feedback) > 5
    assert set(feedback["message_id"]) <= set(messages.index)


def test_nobody_is_asked_after_being_handed_over(book, city):
    day = book.day(city.last_day)

    def hands_over(asks):
        return [reply("escalate", "promo_code") for _ in asks]

    talks = hold(city, day, city.texts, hands_over)
    assert {len(talk.replies) for talk in talks} == {1}


def test_nobody_asks_more_than_three_times(book, city):
    day = book.day(city.last_day)
    turns = [len(talk.replies) for talk in hold(city, day, city.texts, POLICIES.answer)]
    assert max(turns) == 3
    assert min(turns) == 1


def test_an_ending_without_an_answer_is_closed_not_resolved(book, city):
    day = book.day(city.last_day)

    def abstains(asks):
        return [reply("abstain", "unknown") for _ in asks]

    rng = np.random.default_rng(3)
    endings = [end(talk, rng) for talk in hold(city, day, city.texts, abstains)]
    assert {ending.status for ending in endings} == {"CLOSED"}


def test_an_engine_that_loses_messages_is_refused(city):
    book = Book(city, Policies(POLICIES.multiplier, lambda asks: []))
    with pytest.raises(BadInput, match="one a message"):
        simulate_day(book, city.last_day)


def test_slots_and_sample_numbers_are_filled():
    rng = np.random.default_rng(1)
    text = fill("where is ORD123456, {order_id} to {place} for {amount}", "ORD10000001", rng)
    assert text.startswith("where is ORD10000001, ORD10000001 to ")
    assert "{" not in text


def test_texts_say_what_is_wrong_with_them(tmp_path):
    assert len(load_texts(MESSAGES).rows) == 30
    with pytest.raises(BadInput, match="expected the users' messages"):
        load_texts(tmp_path / "none.csv")
    file = tmp_path / "messages.csv"
    file.write_text("text,label\nhello,smalltalk\n")
    with pytest.raises(BadInput, match="expected the header"):
        load_texts(file)
    file.write_text("text,intent,kb_code,sentiment,language\nhello,greeting,,neutral,en\n")
    with pytest.raises(BadInput, match="greeting"):
        load_texts(file)


def test_missing_figures_and_rules_are_named(tmp_path):
    with pytest.raises(BadInput, match=r"benchmarks\.calibration"):
        load_calibration(tmp_path / "calibration.json")
    (tmp_path / "policies.yaml").write_text("cancellation: {}\n")
    with pytest.raises(BadInput, match="company's rules"):
        load_company(tmp_path / "policies.yaml")
