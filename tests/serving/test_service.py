"""The endpoints over HTTP: what the caller must change is 4xx, what may come back is 503."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from core.schema import asset_schema
from serving.schemas import MANY_TEXTS
from store import releases
from store.db import connect, migrate, write
from store.lake import Lake, arrow_schema
from store.tables import DriverQualification

# BentoML and its libraries use what their own libraries deprecate
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
RULES_ONLY = {"product": "profit", "members": {}}
JOURNEY = {"distance_km": 6.4, "duration_minutes": 17, "pickup_at": "2026-11-22T18:30:00Z"}
TABLE = DriverQualification.__tablename__
HOUR = {"zone_id": "Z01", "hour_utc": "2026-11-22T18:00:00Z"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with a profit release of no models, so that rules answer, and a lake of two zones."""
    folder = tmp_path_factory.mktemp("home")
    engine = connect(f"sqlite:///{folder / 'store.db'}")
    migrate(engine)
    release_id = releases.write_manifest(folder / "releases", RULES_ONLY)
    releases.move_pointer(engine, "profit", release_id, RULES_ONLY, "ada", "first", AT)
    engine.dispose()
    row = {
        "hour": datetime(2026, 11, 15, 18, tzinfo=UTC), "requests": 7, "unmet": 0,
        "available_drivers": 3.0, "weather": 0.0, "holiday": False, "event": 0.0,
        "competitor_index": 1.0,
    }  # fmt: skip
    table = pa.Table.from_pylist(
        [{**row, "zone_id": zone} for zone in ("Z01", "Z02")],
        schema=arrow_schema(asset_schema("market_hours")),
    )
    Lake(folder / "lake").write("market_hours", "2026-11-15", table)
    return folder


@pytest.fixture(scope="module")
def client(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIPO_HOME", str(home))
        patch.setenv("BENTOML_HOME", str(home / "bentoml"))
        patch.setenv("BENTOML_DO_NOT_TRACK", "True")
        from serving.service import TripoService

        token = {"Authorization": "Bearer local-development-only"}
        with TestClient(TripoService.to_asgi(), headers=token) as opened:
            yield opened


def test_a_price_is_signed_and_a_forecast_is_given(client):
    price = client.post("/price", json={"journey": JOURNEY})
    assert (price.status_code, price.json()["zone_id"]) == (200, "Z01")
    forecast = client.post("/forecast", json={"hours": [HOUR, {**HOUR, "weather": -1}]})
    assert forecast.status_code == 200
    assert [row["requests"] for row in forecast.json()] == [7.0, 7.0]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/price", {"journey": {**JOURNEY, "zone_id": "Z99"}}),
        ("/forecast", {"hours": [HOUR, {**HOUR, "zone_id": "Z99"}]}),
    ],
)
def test_an_unknown_zone_is_the_callers_to_change(client, path, body):
    reply = client.post(path, json=body)
    assert reply.status_code == 400
    assert "zone_id: expected zones of this city (Z01, Z02), got Z99" in reply.text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"hour_utc": "0001-01-01T00:00:00Z"}, "greater than or equal to 2000-01-01"),
        ({"weather": 2}, "less than or equal to 1"),
        ({"wether": 0}, "Extra inputs are not permitted"),
    ],
)
def test_an_hour_that_cannot_be_is_the_callers_to_change(client, changed, words):
    reply = client.post("/forecast", json={"hours": [{**HOUR, **changed}]})
    assert reply.status_code == 400
    assert words in reply.text


def test_a_store_that_does_not_answer_may_come_back(client, home):
    drivers = {"drivers": [{"driver_id": "D0001"}]}
    assert client.post("/qualify", json=drivers).json()[0]["known"] is False
    engine = connect(f"sqlite:///{home / 'store.db'}")
    rename(engine, TABLE, "away")
    assert client.post("/qualify", json=drivers).status_code == 503
    rename(engine, "away", TABLE)
    assert client.post("/qualify", json=drivers).status_code == 200
    engine.dispose()


def rename(engine, table, to):
    change = f"ALTER TABLE {table} RENAME TO {to}"
    write(engine, lambda connection: connection.exec_driver_sql(change))


def test_a_product_without_a_release_may_get_one(client):
    assert client.post("/answer", json={"messages": [{"text": "hi"}]}).status_code == 503


def test_the_openapi_page_is_in_our_words_and_says_who_needs_a_token(client):
    page = client.get("/docs.json").json()
    assert page["info"]["title"] == "Tripo04OS ML serving"
    assert "cents" in page["info"]["description"]
    assert "contact" not in page["info"]
    assert page["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    needs = {path: "security" in ways for path, m in page["paths"].items() for ways in m.values()}
    asked = {"/livez": False, "/readyz": False, "/metrics": True, "/answer": True, "/price": True}
    assert {path: needs[path] for path in asked} == asked


def test_the_log_names_the_field_that_was_refused_and_not_what_was_in_it(client, caplog):
    words = "call me on 0171 5550123"
    asked = {"messages": [{"text": "hello", "channel": words}]}
    assert client.post("/answer", json=asked).status_code == 400
    (line,) = [r.getMessage() for r in caplog.records if "Exception on /answer" in r.getMessage()]
    assert "messages.0.channel: " in line
    assert words not in caplog.text


@pytest.mark.parametrize(
    "path",
    ["/answer", "/search", "/intent", "/sentiment", "/qualify", "/match", "/price", "/forecast"],
)
@pytest.mark.parametrize("body", [{}, {"mistyped": ["where is my driver"]}])
def test_a_missing_or_mistyped_argument_is_refused_and_no_sample_answered(client, path, body):
    answer = client.post(path, json=body)
    assert answer.status_code == 400
    assert "Field required" in answer.text


def test_an_argument_that_is_not_known_is_refused(client):
    answer = client.post("/intent", json={"texts": ["where is my driver"], "language": "de"})
    assert answer.status_code == 400
    assert "language" in answer.text
    assert "Extra inputs are not permitted" in answer.text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/answer", "messages"),
        ("/search", "queries"),
        ("/intent", "texts"),
        ("/sentiment", "texts"),
    ],
)
def test_more_messages_than_a_batch_holds_are_refused_before_they_wait(client, path, name):
    one = {"text": "hello"} if name in {"messages", "queries"} else "hello"
    answer = client.post(path, json={name: [one] * (MANY_TEXTS + 1)})
    assert answer.status_code == 400
    assert f"at most {MANY_TEXTS} items" in answer.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"distance_km": True}, "valid number"),
        ({"distance_km": "6.4"}, "valid number"),
        ({"pickup_at": "0001-01-01T00:00:00Z"}, "greater than or equal to 2000"),
        ({"pickup_at": "9999-01-01T00:00:00Z"}, "less than 2100"),
        ({"vertical": "MOTO", "service_class": "VIP"}, "are classes of RIDE"),
    ],
)
def test_a_journey_that_cannot_be_is_refused(client, change, words):
    journey = JOURNEY | change
    answer = client.post("/price", json={"journey": journey})
    assert answer.status_code == 400
    assert words in answer.text
