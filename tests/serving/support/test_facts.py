"""What the company knows of an order stands in the answer: for those whose order it is."""

from datetime import UTC, datetime

import pytest

from core.enums import Audience, LoyaltyTier, OrderStatus, Role, Vertical
from core.errors import LookupUnavailable
from core.settings import Settings
from engines.support.ports import Order, Trip, User
from serving.company import company as company_of
from serving.support.facts import Facts
from store.lake import Lake
from tests.gate_rows import table
from tests.serving.company.test_lake import payment
from tests.serving.support.test_socket import RECEIPT

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
ORDER = Order(
    "ORD10001", "R000001", Vertical.RIDE, OrderStatus.COMPLETED, AT, AT, None, None, 1240, "USD"
)
ASKED = {"channel": "CHAT", "message": RECEIPT, "order_id": "ORD10001"}


class Known:
    """One order, its driver, one user; it counts the look-ups, and fails when told to."""

    def __init__(self):
        self.asked, self.away = [], False

    def _look(self, what):
        self.asked.append(what)
        if self.away:
            raise LookupUnavailable("nobody answers")

    def order(self, order_id):
        self._look("order")
        return ORDER if order_id == ORDER.order_id else None

    def trip(self, order_id):
        self._look("trip")
        found = Trip("T1", ORDER.order_id, "D1", AT, AT, 3.0, 9.0, "COMPLETED")
        return found if order_id == ORDER.order_id else None

    def payments(self, order_id):
        self._look("payments")
        return []

    def user(self, user_id):
        self._look("user")
        return User(user_id, LoyaltyTier.PLATINUM_RIDER, None) if user_id == "R9" else None

    def close(self):
        pass


@pytest.fixture
def company(api):
    found = Known()
    vars(api.platform)["company"] = Facts(found, 300)
    return found


def said(api, who=None, **changes):
    reply = api.call("POST", "/support/conversations", who, json={**ASKED, **changes}).json()
    assert reply["action"] == "answer", reply
    return reply["ai_response"]


def test_ones_own_order_is_told(api, company):
    assert said(api).startswith("Order ORD10001 (ride) was completed on 21 November at 08:00 UTC. ")
    assert "About order" not in said(api)


def test_an_order_in_the_lake_is_told_to_its_rider_alone(api, tmp_path):
    vars(api.platform)["company"] = Facts(company_of(Settings(home=tmp_path)), 300)
    lake = Lake(tmp_path / "lake")
    row = {"order_id": "ORD10001", "rider_id": "R000001", "completed_at": AT}
    lake.write("orders", "2026-11-21", table("orders", row))
    lake.write("payments", "2026-11-21", payment(amount=1310))
    assert said(api).startswith(
        "Order ORD10001 (ride) was completed on 21 November at 08:00 UTC. 13.10 USD was paid for "
        "it. "
    )
    others = said(api, api.bearer("R000002"))
    assert others.startswith("I cannot find order ORD10001 in your account; please check")
    assert not any(word in others for word in ("was completed", "13.10", "R000001"))


def test_its_driver_is_told_too(api, company):
    driver = api.bearer("D1", audience=Audience.DRIVER)
    text = "how do I get my weekly statement?"
    reply = api.call("POST", "/support/conversations", driver, json={**ASKED, "message": text})
    assert "Order ORD10001 (ride) was completed" in reply.json()["ai_response"]


def test_somebody_elses_order_and_none_at_all_are_told_alike(api, company):
    stranger = api.bearer("R000002")
    others, none = said(api, stranger), said(api, stranger, order_id="ORD99999")
    assert others == none.replace("ORD99999", "ORD10001")
    assert others.startswith("I cannot find order ORD10001 in your account")
    looks = ["order", "trip", "payments"]
    assert company.asked == looks * 2  # as much work for the one as for the other


def test_where_nobody_answers_the_answer_stands_as_it_is(api, company):
    company.away = True
    assert said(api).startswith("About order ORD10001: ")


def test_an_agent_sees_how_the_order_stands(api, company):
    body = {**ASKED, "message": "I want to talk to a person about ORD10001"}
    opened = api.call("POST", "/support/conversations", json=body).json()
    path = f"/support/conversations/{opened['conversation_id']}/handover"
    agent = api.bearer("admin", Role.ADMIN)
    assert api.call("GET", path, agent).json()["order"].startswith("Order ORD10001 (ride) was")
    company.away = True
    assert api.call("GET", path, agent).json()["order"] is None


def test_who_writes_through_a_service_has_the_tier_that_is_known_of_them():
    known = Known()
    facts = Facts(known, 300)
    assert facts.tier("R9") == LoyaltyTier.PLATINUM_RIDER
    assert facts.tier("R9") == LoyaltyTier.PLATINUM_RIDER
    assert facts.tier("R1") == LoyaltyTier.BASIC
    assert known.asked == ["user", "user"]  # each once
    known.away = True
    assert facts.tier("R2") == LoyaltyTier.BASIC


def test_a_profile_is_looked_up_again_after_a_while():
    known = Known()
    facts = Facts(known, 0.01)
    facts.tier("R9")
    while len(known.asked) < 2:
        facts.tier("R9")
    assert known.asked == ["user", "user"]
