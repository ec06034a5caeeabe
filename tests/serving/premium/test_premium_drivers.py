"""Drivers over HTTP: found by what is asked, on duty only if they qualify, told every reason."""

import pytest
import sqlalchemy as sa

from core.enums import Role
from store.audit import AUDIT
from tests.serving.premium.rides import (
    admin,
    booked,
    driver,
    evaluated,
    events,
    made,
    offered,
    on_duty,
)


def listed(api, query=""):
    reply = api.call("GET", f"/premium/drivers{query}", admin(api))
    assert reply.status_code == 200, reply.text
    return reply.json()


def ids(found):
    return [row["driver_id"] for row in found["items"]]


def acts(api):
    with api.platform.engine.connect() as connection:
        return sorted(connection.scalars(sa.select(AUDIT.c.action)))


def test_a_driver_is_made_once_and_changed_with_a_line_in_the_audit(api):
    assert (made(api)["tier"], made(api, "D0002")["status"]) == ("NONE", "NOT_QUALIFIED")
    again = {"driver_id": "D0001", "vehicle_type": "SUV"}
    assert api.call("POST", "/premium/drivers", admin(api), json=again).status_code == 409
    path = "/premium/drivers/D0001"
    new = api.call("PATCH", path, admin(api), json={"vehicle_type": "SUV", "child_seat": True})
    assert (new.json()["vehicle_type"], new.json()["child_seat"]) == ("SUV", True)
    assert api.call("GET", path, driver(api)).json() == new.json()
    assert acts(api) == ["driver.change", "driver.create", "driver.create"]
    assert events(api)[1:] == ["PREMIUM_DRIVER_CREATED", "PREMIUM_DRIVER_UPDATED"]
    missing = api.call("PATCH", "/premium/drivers/D9", admin(api), json={"vehicle_type": "SUV"})
    assert missing.status_code == 404


def test_only_who_qualifies_goes_on_duty(api):
    evaluated(api, D0001="QUALIFIED", D0002="NOT_QUALIFIED", D0003="SUSPENSION_PROPOSED")
    for driver_id in ("D0001", "D0002", "D0003", "D0004"):
        made(api, driver_id)
    came = [on_duty(api, driver_id).status_code for driver_id in ("D0001", "D0002", "D0003")]
    assert came == [200, 409, 200]  # a proposal waits for a person
    assert "D0004 is NOT_QUALIFIED" in on_duty(api, "D0004").json()["detail"]
    on_duty(api, lat=38.73)  # moved on
    off = {"available": False}
    path = "/premium/drivers/D0001/availability"
    assert api.call("POST", path, driver(api), json=off).json()["available"] is False
    changes = ["PREMIUM_DRIVER_AVAILABLE", "PREMIUM_DRIVER_AVAILABLE", "PREMIUM_DRIVER_UNAVAILABLE"]
    assert events(api)[4:] == changes
    assert api.call("POST", path, driver(api), json={"available": True}).status_code == 422
    assert api.call("POST", path, driver(api, "D0003"), json=off).status_code == 404
    assert api.call("POST", path, json=off).status_code == 404


def test_who_goes_off_duty_gives_back_what_they_were_offered_and_keeps_what_they_took(api):
    evaluated(api, D0001="QUALIFIED")
    made(api)
    on_duty(api)
    booking = booked(api)
    offered(api, booking["id"])
    path = f"/premium/bookings/{booking['id']}"
    off = {"available": False}
    api.call("POST", "/premium/drivers/D0001/availability", driver(api), json=off)
    assert api.call("GET", path, driver(api)).status_code == 404
    offered(api, booking["id"])
    assert api.call("POST", f"{path}/accept", driver(api)).status_code == 200
    api.call("POST", "/premium/drivers/D0001/availability", driver(api), json=off)
    assert api.call("GET", path, driver(api)).json()["status"] == "DRIVER_ASSIGNED"


def test_drivers_are_found_by_what_is_asked(api):
    evaluated(api, D0001="QUALIFIED", D0002="QUALIFIED", D0003="NOT_QUALIFIED")
    made(api, "D0001", vehicle_type="LUXURY_SUV")
    made(api, "D0002", vehicle_type="SUV")
    made(api, "D0003", vehicle_type="LUXURY_SUV")
    made(api, "D0004", vehicle_type="TRUCK")
    found = {
        "": ["D0001", "D0002", "D0003", "D0004"],
        "?tier=GOLD": ["D0001", "D0002"],
        "?service_class=VIP": ["D0001"],
        "?service_class=LUXURY": ["D0001", "D0002"],
        "?vertical=TRUCK_VAN": ["D0004"],
        "?vertical=RIDE&service_class=LUXURY": ["D0001", "D0002"],
        "?vertical=MOTO&service_class=LUXURY": [],
        "?min_rating=4.9": ["D0001", "D0002", "D0003"],
        "?min_rating=4.95": [],
        "?status=NOT_QUALIFIED": ["D0003", "D0004"],
        "?available=true": [],
    }
    assert {query: ids(listed(api, query)) for query in found} == found
    page = listed(api, "?page=2&page_size=3")
    assert (ids(page), page["total"]) == (["D0004"], 4)


def test_near_a_place_the_nearest_come_first_and_the_far_not_at_all(api):
    evaluated(api, **{f"D000{n}": "QUALIFIED" for n in range(1, 5)})
    for number, lat in ((1, 38.75), (2, 38.721), (3, 38.90), (4, 38.80)):
        made(api, f"D000{number}")
        on_duty(api, f"D000{number}", lat=lat)
    found = listed(api, "?near_lat=38.72&near_lon=-9.14&page_size=2")
    assert (ids(found), found["total"]) == (["D0002", "D0001"], 3)
    assert found["items"][0]["km_away"] == pytest.approx(0.111, abs=0.001)
    assert ids(listed(api, "?near_lat=38.72&near_lon=-9.14&within_km=5")) == ["D0002", "D0001"]


def test_a_driver_is_told_every_reason_and_nobody_elses(api):
    evaluated(api, D0001="WARNING")
    told = api.call("GET", "/premium/drivers/D0001/qualification", driver(api)).json()
    assert (told["status"], told["qualified"], told["threshold"]) == ("WARNING", False, 0.8)
    assert told["reasons"] == [{"gate": "rating", "value": 4.9, "passed": False}]
    for who in (driver(api, "D0002"), api.bearer("D0001")):
        path = "/premium/drivers/D0001/qualification"
        assert api.call("GET", path, who).status_code == 404
    unknown = api.call("GET", "/premium/drivers/D0009/qualification", driver(api, "D0009"))
    assert unknown.status_code == 404


def test_many_suspensions_are_tried_before_they_are_decided(api):
    evaluated(api, D0001="SUSPENSION_PROPOSED", D0002="WARNING", D0003="SUSPENSION_PROPOSED")
    night = api.now.date().isoformat()
    body = {
        "decision": "SUSPEND", "why": "too late too often",
        "proposed": [{"driver_id": f"D000{n}", "evaluated_on": night} for n in (1, 2, 3, 1)],
    }  # fmt: skip
    tried = api.call("POST", "/premium/drivers/status", admin(api), json=body).json()
    assert [row["done"] for row in tried["results"]] == [True, False, True, False]
    assert "no suspension" in tried["results"][1]["problem"]
    assert acts(api) == []
    path = "/premium/drivers/D0001/qualification"
    assert api.call("GET", path, driver(api)).json()["status"] == "SUSPENSION_PROPOSED"
    done = api.call(
        "POST", "/premium/drivers/status", admin(api), json={**body, "dry_run": False}
    ).json()
    assert done["results"] == tried["results"]
    assert acts(api) == ["premium.suspend", "premium.suspend"]
    assert api.call("GET", path, driver(api)).json()["status"] == "SUSPENDED"
    one = {"evaluated_on": night, "decision": "KEEP", "why": "x"}
    late = api.call("POST", "/premium/drivers/D0001/status", admin(api), json=one)
    assert late.status_code == 409


def test_an_appeal_is_the_drivers_own_and_goes_to_somebody_else(api):
    evaluated(api, D0001="SUSPENSION_PROPOSED")
    night = api.now.date().isoformat()
    one = {"evaluated_on": night, "decision": "SUSPEND", "why": "late"}
    done = api.call("POST", "/premium/drivers/D0001/status", admin(api, "rev1"), json=one)
    assert done.json() == {"driver_id": "D0001", "done": True, "problem": None}
    path, body = "/premium/drivers/D0001/appeal", {"evaluated_on": night, "text": "roadworks"}
    assert api.call("POST", path, driver(api, "D0002"), json=body).status_code == 404
    assert api.call("POST", path, admin(api), json=body).status_code == 403
    key = {"Idempotency-Key": "a1"}
    filed = [api.call("POST", path, driver(api), json=body, headers=key) for _ in range(2)]
    assert [reply.status_code for reply in filed] == [201, 201]
    assert filed[0].json() == filed[1].json()
    waiting = api.call("GET", "/premium/appeals", admin(api)).json()
    assert [row["text"] for row in waiting] == ["roadworks"]
    appeal, yes = f"/premium/appeals/{waiting[0]['id']}", {"approve": True, "why": "data wrong"}
    assert api.call("POST", appeal, admin(api, "rev1"), json=yes).status_code == 403
    decided = api.call("POST", appeal, admin(api, "rev2"), json=yes).json()
    assert (decided["status"], decided["decided_by"]) == ("UPHELD", "rev2")
    assert api.call("POST", appeal, admin(api, "rev2"), json=yes).status_code == 409


def test_riders_do_not_see_drivers(api):
    made(api)
    assert api.call("GET", "/premium/drivers").status_code == 403
    assert api.call("GET", "/premium/drivers/D0001").status_code == 404
    agent = api.bearer("agent-01", Role.AGENT)
    assert api.call("GET", "/premium/drivers/D0001", agent).status_code == 200
