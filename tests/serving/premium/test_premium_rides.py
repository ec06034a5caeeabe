"""Premium rides over HTTP: a price that is honoured as signed, one driver, a fee that was told."""

import threading
from datetime import timedelta

import pytest

from core.enums import Role
from tests.serving.premium.rides import (
    TRIP,
    booked,
    driven,
    driver,
    events,
    offered,
    quoted,
)


def at(api, **span):
    return (api.now + timedelta(**span)).isoformat()


def step(api, booking, name, who=None, **more):
    return api.call("POST", f"/premium/bookings/{booking['id']}/{name}", who, **more)


def look(api, booking, who=None):
    return api.call("GET", f"/premium/bookings/{booking['id']}", who).json()


def test_a_quote_adds_up_and_is_booked_at_its_price(api):
    given = quoted(api)
    quote = given["quote"]
    assert sum(cents for _, cents in quote["lines"]) == quote["total_cents"] > 0
    made = api.call("POST", "/premium/bookings", json=given).json()
    assert (made["status"], made["price_cents"]) == ("PENDING", quote["total_cents"])
    assert made["lines"] == quote["lines"]
    assert (made["driver_id"], made["driver_pay_cents"]) == (None, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda g: g["quote"].update(total_cents=1), "signature"),
        (lambda g: g["quote"].update(bound_to="x"), "signature"),
        (lambda g: g["trip"]["dropoff"].update(lat=39.5), "another trip"),
        (lambda g: g["trip"].update(service_class="VIP"), "another trip"),
        (lambda g: g["trip"].update(scheduled_at="2026-11-23T02:00:00Z"), "another trip"),
    ],
)
def test_a_forged_quote_or_one_for_another_trip_is_refused(api, change, words):
    given = quoted(api, pickup=dict(TRIP["pickup"]), dropoff=dict(TRIP["dropoff"]))
    change(given)
    reply = api.call("POST", "/premium/bookings", json=given)
    assert (reply.status_code, words in reply.json()["detail"]) == (422, True)
    assert events(api) == []


def test_a_quote_is_for_its_rider_for_five_minutes_and_for_one_booking(api):
    given = quoted(api)
    other = api.bearer("R000002")
    assert api.call("POST", "/premium/bookings", other, json=given).status_code == 422
    api.later(minutes=5)
    first = api.call("POST", "/premium/bookings", json=given)
    assert first.status_code == 201
    assert api.call("POST", "/premium/bookings", json=given).status_code == 409
    api.later(seconds=1)
    assert "honoured until" in api.call("POST", "/premium/bookings", json=given).json()["detail"]
    assert step(api, first.json(), "confirm").status_code == 409


def test_a_night_ride_is_priced_by_the_citys_clock_not_by_the_riders(api):
    noon = quoted(api, scheduled_at="2026-11-23T12:00:00Z")["quote"]
    night = quoted(api, scheduled_at="2026-11-23T23:00:00Z")["quote"]
    disguised = quoted(api, scheduled_at="2026-11-23T12:00:00-11:00")["quote"]
    names = [dict(quote["lines"]).keys() >= {"night"} for quote in (noon, night, disguised)]
    assert names == [False, True, True]


@pytest.mark.parametrize(
    "trip",
    [
        {"service_class": "STANDARD"},
        {"dropoff": TRIP["pickup"]},
        {"dropoff": {"lat": -38.0, "lon": 9.0}},
        {"scheduled_at": "2026-11-21T09:00:00Z"},
        {"scheduled_at": "2027-11-22T09:00:00Z"},
        {"scheduled_at": "2026-11-22T12:00:00"},
        {"pickup": {"lat": 99, "lon": 0}},
        {"rider_id": "R000002"},
    ],
)
def test_a_trip_that_cannot_be_priced_is_refused(api, trip):
    body = {"trip": {**TRIP, **trip}}
    assert api.call("POST", "/premium/quotes", json=body).status_code == 422


def test_only_a_service_names_the_rider_and_tells_how_the_market_is(api):
    service = {"Authorization": "Bearer local-development-only"}
    body = {"trip": {**TRIP, "rider_id": "R000001"}, "market": {"demand": 1.0, "supply": 0.1}}
    dear = api.call("POST", "/premium/quotes", service, json=body).json()
    assert dear["multiplier"] > quoted(api)["quote"]["multiplier"]
    assert api.call("POST", "/premium/quotes", json=body).status_code == 422
    body["trip"].pop("rider_id")
    assert api.call("POST", "/premium/quotes", service, json=body).status_code == 422
    assert api.call("POST", "/premium/quotes", driver(api), json=body).status_code == 403


def test_a_ride_from_confirmation_to_stars_tells_every_event(api):
    done = driven(api)
    assert (done["status"], done["driver_pay_cents"] > done["driver_bonus_cents"] > 0) == (
        "COMPLETED", True,
    )  # fmt: skip
    path = f"/premium/bookings/{done['id']}"
    assert api.call("PATCH", path, json={"rating": 5}).json()["rating"] == 5
    assert api.call("PATCH", path, json={"rating": 5}).status_code == 200
    assert api.call("PATCH", path, json={"rating": 1}).status_code == 409
    assert events(api) == [
        "PREMIUM_BOOKING_CREATED", "PREMIUM_DRIVER_ASSIGNED", "PREMIUM_TRIP_STARTED",
        "PREMIUM_TRIP_COMPLETED",
    ]  # fmt: skip
    assert api.call("DELETE", path).status_code == 409


def test_an_offer_is_answered_in_time_by_the_driver_who_has_it(api):
    booking = booked(api)
    assert step(api, booking, "accept", driver(api)).status_code == 404
    offered(api, booking["id"])
    assert look(api, booking)["driver_id"] is None  # the rider learns who comes, not who was asked
    assert step(api, booking, "accept", driver(api, "D0002")).status_code == 404
    assert step(api, booking, "accept").status_code == 403
    api.later(seconds=16)
    assert "the offer ended" in step(api, booking, "accept", driver(api)).json()["detail"]
    declined = step(api, booking, "decline", driver(api)).json()
    assert (declined["status"], declined["driver_id"]) == ("CONFIRMED", None)
    offered(api, booking["id"], "D0002")
    taken = step(api, booking, "accept", driver(api, "D0002")).json()
    assert taken["due_at"] == at(api, minutes=4).replace("+00:00", "Z")
    assert look(api, booking)["driver_id"] == "D0002"


def test_a_driver_who_gives_a_ride_back_lets_it_wait_again(api):
    taken = driven(api, until="accept")
    back = step(api, taken, "decline", driver(api)).json()
    assert (back["status"], back["assigned_at"], back["due_at"]) == ("CONFIRMED", None, None)
    offered(api, taken["id"], "D0002")
    assert step(api, taken, "accept", driver(api, "D0002")).status_code == 200


def test_of_many_calls_with_one_offer_one_is_taken(api):
    booking = booked(api)
    offered(api, booking["id"])
    came = []

    def work():
        came.append(step(api, booking, "accept", driver(api)).status_code)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == [200] + [409] * 7
    assert events(api).count("PREMIUM_DRIVER_ASSIGNED") == 1


def test_a_key_that_comes_again_is_answered_the_same_and_done_once(api):
    booking = booked(api)
    offered(api, booking["id"])
    key = {"Idempotency-Key": "k1"}
    answers = [step(api, booking, "accept", driver(api), headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert step(api, booking, "start", driver(api), headers=key).status_code == 422


def test_what_cancelling_costs_is_told_before_and_charged_then(api):
    booking = booked(api, scheduled_at=at(api, hours=2))
    assert booking["cancellation_fee_now_cents"] == 0
    api.later(hours=1, seconds=1)
    told = look(api, booking)["cancellation_fee_now_cents"]
    assert told == (booking["price_cents"] + 1) // 2
    path = f"/premium/bookings/{booking['id']}"
    off = api.call("DELETE", f"{path}?reason=changed+my+mind").json()
    assert (off["status"], off["cancellation_fee_cents"], off["cancelled_by"]) == (
        "CANCELLED", told, "RIDER",
    )  # fmt: skip
    assert off["cancel_reason"] == "changed my mind"
    assert api.call("DELETE", path).status_code == 409
    assert events(api)[-1] == "PREMIUM_BOOKING_CANCELLED"


def test_staff_cancels_for_nothing_and_may_break_a_ride_off(api):
    begun = driven(api, until="start")
    path = f"/premium/bookings/{begun['id']}"
    assert api.call("DELETE", path).status_code == 409
    assert api.call("DELETE", path, driver(api)).status_code == 403
    off = api.call("DELETE", path, api.bearer("root", Role.ADMIN)).json()
    assert (off["status"], off["cancelled_by"], off["cancellation_fee_cents"]) == (
        "CANCELLED", "SYSTEM", 0,
    )  # fmt: skip
    other = booked(api)
    offered(api, other["id"])  # the driver is free again


def test_a_trip_is_changed_with_a_new_quote_as_long_as_that_is_free(api):
    booking = booked(api, scheduled_at=at(api, hours=3))
    path = f"/premium/bookings/{booking['id']}"
    new = quoted(api, service_class="VIP", scheduled_at=at(api, hours=4))
    changed = api.call("PATCH", path, json={"new": new}).json()
    assert (changed["service_class"], changed["price_cents"], changed["status"]) == (
        "VIP", new["quote"]["total_cents"], "CONFIRMED",
    )  # fmt: skip
    assert api.call("PATCH", path, json={}).status_code == 422
    api.later(hours=3, seconds=1)
    late = quoted(api, scheduled_at=at(api, hours=30))
    assert api.call("PATCH", path, json={"new": late}).status_code == 409


def test_a_stranger_does_not_learn_which_bookings_there_are(api):
    done = driven(api)
    strangers = (api.bearer("R000002"), driver(api, "D0002"))
    for who in strangers:
        assert api.call("GET", f"/premium/bookings/{done['id']}", who).status_code == 404
        assert api.call("GET", "/premium/bookings", who).json()["total"] == 0
        query = f"/premium/bookings?rider_id=R000001&driver_id={done['driver_id']}"
        assert api.call("GET", query, who).json()["total"] == 0
    for who in (api.bearer(), driver(api), api.bearer("agent-01", Role.AGENT)):
        assert api.call("GET", "/premium/bookings?status=COMPLETED", who).json()["total"] == 1
