"""Forecasts and prices are for zones the city has, and for the conditions the caller expects."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pydantic import ValidationError

from core.errors import BadInput
from core.params import load_params
from core.schema import asset_schema
from serving.profit import Zones, forecast
from serving.releases import Loaded
from serving.schemas import ZoneHour
from store.lake import Lake, arrow_schema

PARAMS = load_params(Path(__file__).parents[2] / "params.yaml")
EVENING = datetime(2026, 11, 22, 18, tzinfo=UTC)


def write_day(lake, day, *zones):
    row = {
        "hour": datetime.fromisoformat(f"{day}T18:00:00+00:00"), "requests": 7, "unmet": 0,
        "available_drivers": 3.0, "weather": 0.0, "holiday": False, "event": 0.0,
        "competitor_index": 1.0,
    }  # fmt: skip
    schema = arrow_schema(asset_schema("market_hours"))
    table = pa.Table.from_pylist([{**row, "zone_id": zone} for zone in zones], schema=schema)
    Lake(lake).write("market_hours", day, table)


@dataclass
class Seen:
    """A demand model that keeps the rows it was asked about."""

    rows: list[pd.DataFrame] = field(default_factory=list)

    def predict(self, rows):
        self.rows.append(rows)
        return pd.DataFrame({"requests": 5.0, "low": 2.0, "high": 9.0}, index=rows.index)


def asked(lake, *hours):
    model = Seen()
    out = forecast(Loaded("r1", {"demand": model}, None), hours, lake, PARAMS)
    return model.rows[0], out


def test_the_model_sees_the_conditions_that_are_expected(tmp_path):
    storm = ZoneHour(zone_id="Z01", hour_utc=EVENING, weather=-0.8, holiday=True, event=0.4)
    rows, _ = asked(tmp_path, storm)
    assert rows[["weather", "holiday", "event"]].to_numpy().tolist() == [[-0.8, 1.0, 0.4]]


def test_conditions_that_are_not_given_are_ordinary(tmp_path):
    rows, _ = asked(tmp_path, ZoneHour(zone_id="Z01", hour_utc=EVENING))
    assert rows[["weather", "holiday", "event"]].to_numpy().tolist() == [[0.0, 0.0, 0.0]]


def test_one_hour_may_be_asked_for_in_several_conditions(tmp_path):
    write_day(tmp_path, "2026-11-15", "Z01")
    hours = [
        ZoneHour(zone_id="Z01", hour_utc=EVENING, weather=weather) for weather in (0.0, -1.0, -1.0)
    ]
    rows, out = asked(tmp_path, *hours)
    assert rows["weather"].tolist() == [0.0, -1.0, -1.0]
    assert rows["lag_last"].tolist() == [7.0, 7.0, 7.0]
    assert [one.hour_utc for one in out] == [EVENING] * 3


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        ("0001-01-01T00:00:00Z", "greater than or equal to 2000-01-01"),
        ("0001-01-01T00:00:00+05:00", "greater than or equal to 2000-01-01"),
        ("9999-12-31T23:59:00-05:00", "less than 2100-01-01"),
        ("2026-11-22T18:00:00", "timezone"),
    ],
)
def test_an_hour_that_no_calendar_of_ours_has_is_refused(hour, words):
    with pytest.raises(ValidationError, match=words):
        ZoneHour(zone_id="Z01", hour_utc=hour)


@pytest.mark.parametrize("hour", ["2000-01-01T00:00:00Z", "2099-12-31T23:59:59Z"])
def test_the_first_and_the_last_hour_are_answered(tmp_path, hour):
    _, out = asked(tmp_path, ZoneHour(zone_id="Z01", hour_utc=hour))
    assert out[0].requests == 5.0


def test_a_zone_that_the_city_does_not_have_is_named(tmp_path):
    write_day(tmp_path, "2026-11-21", "Z01", "Z02")
    zones = Zones(tmp_path)
    zones.require(["Z01", "Z02", "Z01"])
    with pytest.raises(BadInput, match=r"zones of this city \(Z01, Z02\), got Y01, Z03$"):
        zones.require(["Z03", "Z01", "Y01"])


def test_a_lake_that_knows_no_zones_refuses_none(tmp_path):
    Zones(tmp_path).require(["Z99"])


def test_a_zone_that_opens_later_is_known_at_once(tmp_path):
    write_day(tmp_path, "2026-11-21", "Z01")
    zones = Zones(tmp_path)
    zones.require(["Z01"])
    write_day(tmp_path, "2026-11-22", "Z01", "Z02")
    zones.require(["Z02"])


def test_a_zone_whose_rows_a_day_lost_is_still_known(tmp_path):
    first = datetime(2026, 11, 14, tzinfo=UTC)
    days = [(first + timedelta(days=n)).date().isoformat() for n in range(8)]
    write_day(tmp_path, days[0], "Z01", "Z02", "Z03")
    write_day(tmp_path, days[1], "Z01", "Z02")
    for day in days[2:]:
        write_day(tmp_path, day, "Z01")
    zones = Zones(tmp_path)
    zones.require(["Z02"])
    with pytest.raises(BadInput, match="got Z03"):
        zones.require(["Z03"])
