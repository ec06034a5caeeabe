"""Suspensions and appeals are decided once, by a person, with a reason and a line in the audit."""

from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from core.enums import Role
from core.errors import BadInput, Conflict, NotAllowed, NotThere, TripoError
from store import appeals
from store.audit import AUDIT
from store.db import read, write
from store.rows import replace_rows, upsert_rows
from store.tables import Decision, DriverQualification, PremiumDriver, PremiumReview

NIGHT = date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
def drivers(store: Engine) -> Engine:
    """D1 is proposed for suspension, D2 warned, D3 qualified; all evaluated on NIGHT."""
    stand = {"D1": "SUSPENSION_PROPOSED", "D2": "WARNING", "D3": "QUALIFIED"}
    rows = [
        {
            "driver_id": driver, "status": status, "tier": "SILVER", "quality_score": 50.0,
            "nights_below_standard": 0 if driver == "D3" else 5, "qualified_since": NIGHT,
            "evaluated_on": NIGHT,
        }
        for driver, status in stand.items()
    ]  # fmt: skip
    upsert_rows(store, PremiumDriver, rows)
    judged = [
        {
            "driver_id": driver, "qualified": driver == "D3", "gates_passed": driver == "D3",
            "tier": "SILVER" if driver == "D3" else "NONE", "reasons": [],
        }
        for driver in stand
    ]  # fmt: skip
    replace_rows(store, DriverQualification, {"evaluated_on": NIGHT}, judged)
    return store


def review(engine, decision=Decision.SUSPEND, driver="D1", night=NIGHT, by="rev1", why="late"):
    call = (driver, night, decision, why, by, Role.ADMIN, NOW)
    return write(engine, lambda c: appeals.review(c, *call))


def file(engine, driver="D1", night=NIGHT, text="the rider cancelled", now=NOW):
    call = (driver, night, text, driver, Role.USER, now, 30)
    return write(engine, lambda c: appeals.file(c, *call))


def decide(engine, appeal_id, upheld=True, by="rev2", why="data was wrong"):
    call = (appeal_id, upheld, why, by, Role.ADMIN, NOW + timedelta(days=1))
    return write(engine, lambda c: appeals.decide(c, *call))


def stands(engine, driver="D1"):
    mine = sa.select(appeals.DRIVER).where(appeals.DRIVER.c.driver_id == driver)
    row = read(engine, lambda c: c.execute(mine).one())
    return str(row.status), str(row.tier), row.nights_below_standard


def acts(engine):
    rows = read(engine, lambda c: c.execute(sa.select(AUDIT).order_by(AUDIT.c.at)).all())
    return [(row.action, row.by, (row.detail or {}).get("why")) for row in rows]


def test_a_suspension_takes_effect_at_once_and_says_who_and_why(drivers: Engine) -> None:
    review(drivers)
    assert stands(drivers) == ("SUSPENDED", "NONE", 5)
    assert acts(drivers) == [("premium.suspend", "rev1", "late")]
    assert read(drivers, appeals.decisions) == [
        {"driver_id": "D1", "on": NOW.date(), "suspended": True}
    ]


def test_a_driver_who_is_kept_starts_anew(drivers: Engine) -> None:
    review(drivers, Decision.KEEP)
    assert stands(drivers) == ("QUALIFIED", "SILVER", 0)
    assert [d["suspended"] for d in read(drivers, appeals.decisions)] == [False]


@pytest.mark.parametrize(("driver", "night"), [("D1", date(2026, 11, 19)), ("D2", NIGHT)])
def test_only_what_is_proposed_that_night_can_be_decided(
    drivers: Engine, driver: str, night: date
) -> None:
    with pytest.raises(Conflict, match="no suspension"):
        review(drivers, driver=driver, night=night)
    assert acts(drivers) == []


def test_a_reason_is_asked_for(drivers: Engine) -> None:
    with pytest.raises(BadInput, match="a reason"):
        review(drivers, why=" ")
    with pytest.raises(BadInput, match="a reason"):
        decide(drivers, file(drivers), why="")


def test_the_list_for_reviewers_has_whoever_is_proposed(drivers: Engine) -> None:
    assert [row.driver_id for row in read(drivers, lambda c: appeals.proposed(c, 10))] == ["D1"]
    review(drivers)
    assert read(drivers, lambda c: appeals.proposed(c, 10)) == []


def test_an_upheld_appeal_clears_the_driver_and_the_audit_tells_the_whole_story(
    drivers: Engine,
) -> None:
    review(drivers)
    appeal_id = file(drivers)
    assert [row.id for row in read(drivers, lambda c: appeals.open_appeals(c, 10))] == [appeal_id]
    row = decide(drivers, appeal_id)
    assert (str(row.status), row.decided_by, row.why) == ("UPHELD", "rev2", "data was wrong")
    assert stands(drivers)[0] == "SUSPENDED"  # until the next night
    assert [d["suspended"] for d in read(drivers, appeals.decisions)] == [True, False]
    assert sorted(acts(drivers)) == [
        ("appeal.file", "D1", None),
        ("appeal.uphold", "rev2", "data was wrong"),
        ("premium.suspend", "rev1", "late"),
    ]


def test_an_upheld_appeal_takes_a_warning_back_and_a_rejected_one_does_not(
    drivers: Engine,
) -> None:
    first = file(drivers, "D2")
    decide(drivers, first, upheld=False)
    assert stands(drivers, "D2") == ("WARNING", "SILVER", 5)
    assert read(drivers, appeals.decisions) == []
    decide(drivers, file(drivers, "D1"))
    assert stands(drivers, "D1") == ("QUALIFIED", "SILVER", 0)


def test_whoever_suspended_does_not_decide_the_appeal(drivers: Engine) -> None:
    review(drivers)
    appeal_id = file(drivers)
    with pytest.raises(NotAllowed):
        decide(drivers, appeal_id, by="rev1")
    assert str(decide(drivers, appeal_id, by="rev2").status) == "UPHELD"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ({"driver": "D3"}, BadInput, "nothing to appeal"),
        ({"driver": "D9"}, NotThere, "no evaluation"),
        ({"text": ""}, BadInput, "got nothing"),
        ({"text": "x" * 5001}, BadInput, "at most 5000"),
        ({"now": NOW + timedelta(days=30)}, BadInput, "within 30 days"),
    ],
)
def test_an_appeal_that_cannot_be_is_refused(
    drivers: Engine, call: dict, error: type[TripoError], words: str
) -> None:
    with pytest.raises(error, match=words):
        file(drivers, **call)
    assert acts(drivers) == []


def test_an_evaluation_is_appealed_once_and_one_appeal_is_open_at_a_time(drivers: Engine) -> None:
    appeal_id = file(drivers)
    judged = {"driver_id": "D1", "qualified": False, "gates_passed": False, "tier": "NONE"}
    later = NIGHT + timedelta(days=1)
    replace_rows(drivers, DriverQualification, {"evaluated_on": later}, [{**judged, "reasons": []}])
    with pytest.raises(Conflict, match="open appeal"):
        file(drivers, night=later)
    decide(drivers, appeal_id, upheld=False)
    with pytest.raises(Conflict, match="before"):
        file(drivers)
    assert file(drivers, night=later) != appeal_id


def test_of_many_who_decide_at_once_one_does(drivers: Engine) -> None:
    appeal_id = file(drivers)
    outcomes: list[str] = []

    def attempt(number: int) -> None:
        try:
            outcomes.append(str(decide(drivers, appeal_id, number % 2 == 0, f"r{number}").status))
        except Conflict:
            outcomes.append("conflict")

    threads = [Thread(target=attempt, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("conflict") == 5
    assert sum(action.startswith("appeal.") for action, *_ in acts(drivers)) == 2


def test_a_review_that_stands_already_is_not_written_over(drivers: Engine) -> None:
    review(drivers, Decision.KEEP)
    again = {"status": "SUSPENSION_PROPOSED"}  # as a night that ran beside the decision leaves it
    write(drivers, lambda c: c.execute(appeals.DRIVER.update().values(**again)))
    with pytest.raises(Conflict, match="decided already"):
        review(drivers)
    table = PremiumReview.__table__
    assert read(drivers, lambda c: str(c.scalar(sa.select(table.c.decision)))) == "KEEP"


def test_one_step_down_keeps_a_suspended_driver_as_proposed(drivers: Engine) -> None:
    from store.db import migrate

    review(drivers)
    migrate(drivers, "0005")
    assert stands(drivers)[0] == "SUSPENSION_PROPOSED"
    assert migrate(drivers) == "0007"
