"""Speeds by zone and hour: learned, leaned on others, judged, refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput
from core.params import load_params
from engines.premium.dispatch import match_batch
from models.premium.speeds import FittedSpeeds, GreatCircle, Speeds, fit, judge, travel_times

PARAMS = load_params(Path("params.yaml")).matching
KM = 1 / 111.195


def trips(zone, lat, hour, pace, count, km=4.0):
    return pd.DataFrame(
        {
            "zone_id": zone, "pickup_lat": lat, "pickup_lon": -74.0, "dropoff_lat": lat + km * KM,
            "dropoff_lon": -74.0, "minute_of_day": 60.0 * hour + 5, "duration_minutes": pace * km,
        },
        index=range(count),
    )  # fmt: skip


def test_a_zone_with_many_trips_has_its_own_pace_and_one_with_few_leans_on_the_hour():
    rows = pd.concat(
        [trips("slow", 40.0, 8, 6.0, 5000), trips("fast", 41.0, 8, 2.0, 5000),
         trips("rare", 42.0, 8, 60.0, 1)], ignore_index=True,
    )  # fmt: skip
    speeds = fit(rows, PARAMS)
    fast, rare, slow = speeds.pace[:, 8]
    assert (fast, slow) == (pytest.approx(2.0, abs=0.05), pytest.approx(6.0, abs=0.05))
    assert rare == pytest.approx((60 * 4 + 100 * 4.0) / 104, abs=0.1)


def test_trips_unlike_pick_ups_teach_nothing():
    with pytest.raises(BadInput, match="got none"):
        fit(trips("far", 40.0, 8, 2.0, 10, km=30.0), PARAMS)


def test_the_error_is_told_beside_one_speed_and_that_of_the_params():
    rows = pd.concat(
        [trips("slow", 40.0, 8, 6.0, 900), trips("fast", 41.0, 8, 2.0, 900)], ignore_index=True
    )
    told = judge(fit(rows, PARAMS), rows, PARAMS)
    assert told["mae_minutes"] < 1 < told["mae_one_speed"]
    assert told["mae_params"] == pytest.approx((6 - 3.25 + 3.25 - 2) / 2 * 4, abs=0.01)
    assert told["trips"] == 1800


def test_a_pick_up_has_the_pace_of_its_zone_and_hour():
    pace = np.full((2, 24), 2.0)
    pace[0, 8] = 30.0  # a jam in the first zone at eight
    speeds = Speeds(np.array([[40.0, -74.0], [41.0, -74.0]]), pace)
    requests = [{"request_id": "r", "lat": 40.0, "lon": -74.0}]
    drivers = [{"driver_id": "d", "lat": 40.0 + KM, "lon": -74.0}]
    jam = match_batch(requests, drivers, PARAMS, FittedSpeeds(speeds, 8))
    later = match_batch(requests, drivers, PARAMS, FittedSpeeds(speeds, 9))
    assert jam.assignment == {"r": None}
    assert later.explanations[0]["eta_minutes"] == pytest.approx(2.0, abs=0.01)


def test_speeds_are_used_where_fitted_and_the_hour_is_known():
    speeds = Speeds(np.array([[40.0, -74.0]]), np.full((1, 24), 3.0))
    assert isinstance(travel_times(PARAMS, None, 8), GreatCircle)
    assert isinstance(travel_times(PARAMS, speeds, None), GreatCircle)
    assert isinstance(travel_times(PARAMS, speeds, 8), FittedSpeeds)
    with pytest.raises(BadInput, match="of the local clock"):
        travel_times(PARAMS, speeds, 24)


@pytest.mark.parametrize("wrong", [{}, {"places": [[1, 2]], "pace": [[1.0] * 23]},
                                   {"places": [[1, 2]], "pace": [[0.0] * 24]},
                                   {"places": "x", "pace": []}])  # fmt: skip
def test_a_file_that_holds_no_speeds_is_refused(wrong):
    with pytest.raises(BadInput):
        Speeds.of_json(wrong)


def test_negative_minutes_are_refused():
    class Backwards:
        def minutes(self, pickups, drivers, pickup, driver, km):
            return -km

    with pytest.raises(BadInput, match="0 minutes or more"):
        match_batch(
            [{"request_id": "r", "lat": 40.0, "lon": -74.0}],
            [{"driver_id": "d", "lat": 40.01, "lon": -74.0}], PARAMS, Backwards(),
        )  # fmt: skip
