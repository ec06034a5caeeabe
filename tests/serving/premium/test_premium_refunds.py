"""The refund guarantee over HTTP: once by the rule, then by a person; refused with a reason."""

import threading

from core.enums import Role
from tests.serving.premium.rides import admin, booked, driven, driver, events

LATE = {"category": "LATE", "text": "twenty minutes"}


def rated(api, stars=2):
    done = driven(api)
    reply = api.call("PATCH", f"/premium/bookings/{done['id']}", json={"rating": stars})
    assert reply.status_code == 200
    return done


def claim(api, booking, who=None, **more):
    return api.call("POST", f"/premium/bookings/{booking['id']}/refund", who, json=LATE, **more)


def test_the_first_claim_is_paid_at_once_and_the_next_goes_to_a_person(api):
    first, second = rated(api), rated(api)
    paid = claim(api, first)
    assert (paid.status_code, paid.json()["status"]) == (201, "APPROVED")
    assert paid.json()["cents"] == first["price_cents"]
    waits = claim(api, second).json()
    assert (waits["status"], waits["cents"], waits["decided_at"]) == ("PENDING_REVIEW", 0, None)
    assert "one claim in 90 days" in waits["why"]
    agent = api.bearer("agent-01", Role.AGENT)
    assert [row["id"] for row in api.call("GET", "/premium/refunds", agent).json()] == [waits["id"]]
    path, yes = f"/premium/refunds/{waits['id']}", {"approve": True, "why": "we saw it"}
    assert api.call("POST", path, agent, json=yes).status_code == 403
    done = api.call("POST", path, admin(api), json=yes).json()
    assert (done["status"], done["cents"], done["decided_by"]) == (
        "APPROVED", second["price_cents"], "root",
    )  # fmt: skip
    assert api.call("POST", path, admin(api), json=yes).status_code == 409
    assert api.call("GET", f"/premium/bookings/{second['id']}/refund").json() == done
    assert [name for name in events(api) if "REFUND" in name] == [
        "PREMIUM_REFUND_REQUESTED", "PREMIUM_REFUND_PROCESSED", "PREMIUM_REFUND_REQUESTED",
        "PREMIUM_REFUND_PROCESSED",
    ]  # fmt: skip


def test_what_a_person_approved_does_not_use_the_automatic_one_up(api):
    claim(api, rated(api))
    api.later(days=10)
    waits = claim(api, rated(api)).json()
    yes = {"approve": True, "why": "x"}
    api.call("POST", f"/premium/refunds/{waits['id']}", admin(api), json=yes)
    api.later(days=80)
    again = claim(api, rated(api)).json()
    assert (again["status"], again["decided_by"]) == ("APPROVED", None)


def test_a_claim_that_lacks_a_condition_is_refused_with_its_reason(api):
    good, late = rated(api, 4), rated(api)
    assert "rated 4 stars" in claim(api, good).json()["why"]
    api.later(hours=24, seconds=1)
    refused = claim(api, late).json()
    assert (refused["status"], refused["cents"]) == ("REFUSED", 0)
    assert "more than 24 hours" in refused["why"]
    assert claim(api, late).status_code == 409
    # a refusal uses nothing up
    assert claim(api, rated(api)).json()["status"] == "APPROVED"


def test_only_the_rider_claims_and_only_what_they_rated(api):
    booking = booked(api)
    assert claim(api, booking).status_code == 409
    done = driven(api)
    assert "not rated" in claim(api, done).json()["detail"]
    assert claim(api, done, driver(api)).status_code == 403
    assert claim(api, done, api.bearer("R000002")).status_code == 404
    path = f"/premium/bookings/{done['id']}/refund"
    assert api.call("GET", path).status_code == 404
    assert api.call("POST", path, json={"category": "X"}).status_code == 422


def test_of_claims_that_come_at_once_one_is_automatic(api):
    bookings = [rated(api) for _ in range(4)]
    came = []

    def work(booking):
        came.append(claim(api, booking).json()["status"])

    threads = [threading.Thread(target=work, args=(booking,)) for booking in bookings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == ["APPROVED"] + ["PENDING_REVIEW"] * 3


def test_one_key_does_not_answer_for_another_booking(api):
    first, second = rated(api), rated(api)
    key = {"Idempotency-Key": "c1"}
    replies = [claim(api, first, headers=key) for _ in range(2)]
    assert replies[0].json() == replies[1].json()
    assert claim(api, second, headers=key).status_code == 422
