"""Factors of prices are tried before they are set; what rides brought adds up to the cent."""

import pytest

from core.enums import LoyaltyTier, Role
from core.errors import LookupUnavailable
from engines.support.ports import User
from pipelines.context import Context
from pipelines.premium_quality import recompute
from serving.support.facts import Facts
from tests.serving.premium.rides import admin, booked, driven, quoted

FACTORS = {
    "luxury": 1.4, "premium": 1.8, "vip": 2.2, "night_factor": 1.0, "weekend_factor": 1.0,
    "why": "the new season",
}  # fmt: skip
TODAY = "?start_date=2026-11-22&end_date=2026-11-22"


def set_factors(api, **changes):
    body = {**FACTORS, "valid_from": "2026-11-22T10:00:00Z", **changes}
    return api.call("POST", "/premium/pricing-rules", admin(api), json=body)


def test_new_factors_are_tried_on_last_weeks_quotes_and_change_nothing(api):
    made = [booked(api), booked(api, service_class="VIP", dropoff={"lat": 38.9, "lon": -9.3})]
    tried = set_factors(api).json()
    assert (tried["quotes"], tried["rule"]) == (2, None)
    assert tried["fares_before_cents"] == sum(row["price_cents"] for row in made)
    # a Sunday: 1.5 x 1.1 becomes 1.8, and 2.0 x 1.1 becomes 2.2
    assert (tried["dearer"], tried["cheaper"]) == (1, 0)
    assert api.call("GET", "/premium/pricing-rules", admin(api)).json() == []


def test_factors_hold_from_their_moment_on(api):
    before = quoted(api)["quote"]
    done = set_factors(api, dry_run=False)
    assert (done.status_code, done.json()["rule"]["created_by"]) == (201, "root")
    assert quoted(api)["quote"]["total_cents"] == before["total_cents"]
    api.later(hours=1)
    lines = dict(quoted(api)["quote"]["lines"])
    assert "weekend" not in lines
    assert lines["service_class"] == pytest.approx(0.8 * before["standard_cents"], abs=1)
    assert set_factors(api, dry_run=False).status_code == 422  # that moment is over
    late = {"valid_from": "2026-11-23T10:00:00Z", "dry_run": False}
    assert [set_factors(api, **late).status_code for _ in range(2)] == [201, 409]


@pytest.mark.parametrize("wrong", [{"luxury": 1.9}, {"vip": 4.1}, {"night_factor": 0.9}])
def test_factors_that_make_a_higher_class_cheaper_are_refused(api, wrong):
    assert set_factors(api, **wrong).status_code == 422


class Plans:
    """A company that knows one subscriber."""

    def user(self, user_id):
        if user_id == "R000009":
            raise LookupUnavailable("away")
        return User(user_id, LoyaltyTier.BASIC, "UNLIMITED" if user_id == "R000002" else None)

    def close(self):
        """Nothing is open."""


def test_a_plan_takes_its_share_off_and_the_driver_earns_the_same(api):
    vars(api.platform)["company"] = Facts(Plans(), 300)
    plain, planned, unknown = (
        quoted(api, api.bearer(rider))["quote"] for rider in ("R000001", "R000002", "R000009")
    )
    assert planned["discount_cents"] == int(plain["fare_cents"] * 0.15)
    assert planned["total_cents"] == plain["total_cents"] - planned["discount_cents"]
    assert sum(cents for _, cents in planned["lines"]) == planned["total_cents"]
    assert planned["driver_pay_cents"] == plain["driver_pay_cents"]
    assert unknown["total_cents"] == plain["total_cents"]
    booked(api, api.bearer("R000002"))
    driven(api)
    row = api.call("GET", f"/premium/analytics/revenue{TODAY}", admin(api)).json()[0]
    assert (row["fares_cents"], row["discounts_cents"]) == (plain["fare_cents"], 0)


def test_what_rides_brought_adds_up(api):
    rides = [driven(api), driven(api), driven(api, service_class="VIP")]
    for ride in rides[:2]:
        api.call("PATCH", f"/premium/bookings/{ride['id']}", json={"rating": 2})
    claim = {"category": "ROUTE"}
    api.call("POST", f"/premium/bookings/{rides[0]['id']}/refund", json=claim)
    off = booked(api, scheduled_at="2026-11-22T09:30:00Z")
    fee = api.call("DELETE", f"/premium/bookings/{off['id']}").json()["cancellation_fee_cents"]
    agent = api.bearer("agent-01", Role.AGENT)
    rows = api.call("GET", f"/premium/analytics/revenue{TODAY}", agent).json()
    first, vip = rows
    assert (first["service_class"], first["completed"], vip["completed"]) == ("PREMIUM", 2, 1)
    assert first["fares_cents"] == 2 * rides[0]["price_cents"]
    assert first["refunds_cents"] == rides[0]["price_cents"]
    assert first["fees_cents"] == fee > 0
    assert first["premium_revenue_cents"] == (
        first["fares_cents"] - first["standard_cents"] - first["bonus_cents"]
        - first["refunds_cents"]
    )  # fmt: skip
    yesterday = "?start_date=2026-11-21&end_date=2026-11-21"
    assert api.call("GET", f"/premium/analytics/revenue{yesterday}", agent).json() == []


def test_drivers_days_are_added_up(api):
    ride = driven(api)
    api.call("PATCH", f"/premium/bookings/{ride['id']}", json={"rating": 4})
    ctx = Context(api.platform.settings, api.platform.params)
    vars(ctx)["engine"] = api.platform.engine
    recompute("2026-11-22", ctx)
    path = f"/premium/analytics/drivers{TODAY}"
    [row] = api.call("GET", path, admin(api)).json()
    assert (row["driver_id"], row["acceptance"], row["on_time_rate"], row["mean_rating"]) == (
        "D0001", 1.0, 1.0, 4.0,
    )  # fmt: skip
    assert row["earnings_cents"] == ride["driver_pay_cents"]
    assert api.call("GET", f"/premium/analytics/trends{TODAY}", admin(api)).json() == []
    wrong = "?start_date=2026-11-23&end_date=2026-11-22"
    assert api.call("GET", f"/premium/analytics/trends{wrong}", admin(api)).status_code == 422


def test_a_batch_is_matched_for_services(api):
    from serving.schemas import SAMPLE_BATCH

    reply = api.call("POST", "/premium/match", admin(api), json=SAMPLE_BATCH.model_dump())
    assert reply.json()["assignment"] == {"Q1": "D0001", "Q2": "D0002"}
