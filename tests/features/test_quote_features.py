"""What models look at when a price is shown: known by then, about the trip, not the rider."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput
from core.params import load_params
from features import acceptance, demand, quoted_order, real_trips
from features.contribution import FareRates, arithmetic
from features.geometry import drive_minutes, great_circle_km
from models.profit import trip_regression

PARAMS = load_params(Path("params.yaml"), "tiny")
PERSONAL = (
    "rider",
    "user",
    "name",
    "home",
    "device",
    "battery",
    "age",
    "gender",
    "loyalty",
    "plan",
)
GROUPS = {
    "acceptance": acceptance.KNOWN_AT,
    "demand": demand.KNOWN_AT,
    "contribution": quoted_order.KNOWN_AT,
    "real trips": real_trips.KNOWN_AT,
}
FEATURES = [(group, name) for group, names in GROUPS.items() for name in names]


def hours(days=50, zones=3, seed=1):
    rng = np.random.default_rng(seed)
    when = pd.date_range("2026-10-01", periods=24 * days, freq="h", tz="UTC")
    parts = []
    for zone in range(zones):
        level = 4 + 3 * zone + 3 * np.sin(when.hour.to_numpy() / 24 * 2 * np.pi)
        parts.append(
            pd.DataFrame(
                {
                    "zone_id": f"Z{zone:02d}",
                    "hour": when,
                    "requests": rng.poisson(level),
                    "weather": rng.uniform(-1, 1, len(when)),
                    "holiday": False,
                    "event": 0.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def quotes(n=50, seed=2):
    rng = np.random.default_rng(seed)
    base = rng.uniform(300, 3000, n).round()
    surge = rng.uniform(0.7, 2.0, n).round(3)
    return pd.DataFrame(
        {
            "price_cents": (base * surge).round(),
            "base_cents": base,
            "multiplier": surge,
            "competitor_index": rng.uniform(0.8, 1.2, n),
            "eta_minutes": rng.uniform(2, 12, n),
            "distance_km": rng.uniform(0.5, 20, n),
            "duration_minutes": rng.uniform(2, 60, n),
            "weather": 0.0,
            "event": 0.0,
            "holiday": 0.0,
            "hour_of_day": 12.0,
            "weekday": 2.0,
            "vertical": "RIDE",
            "service_class": "STANDARD",
            "zone_id": "Z00",
        }
    )


HOURS = hours()
CUT = pd.Timestamp("2026-11-05 12:00", tz="UTC")
LAGS = (168, 336)
BEFORE = demand.features(HOURS, HOURS, LAGS)[HOURS["hour"] <= CUT + pd.Timedelta(hours=168)]


@pytest.mark.parametrize(("group", "name"), FEATURES)
def test_every_feature_is_known_at_the_quote_and_not_personal(group, name):
    assert GROUPS[group][name] == "QUOTE"
    assert not any(part in PERSONAL for part in name.split("_"))


@pytest.mark.parametrize("name", demand.NUMERIC)
def test_the_future_cannot_move_a_forecast(name):
    later = HOURS["hour"] > CUT
    changed = HOURS.assign(requests=HOURS["requests"].mask(later, 999))
    after = demand.features(HOURS, changed, LAGS).loc[BEFORE.index]
    pd.testing.assert_series_equal(BEFORE[name], after[name])


@pytest.mark.parametrize("name", [*acceptance.NUMERIC, *acceptance.CATEGORICAL])
def test_whether_a_quote_was_accepted_moves_no_feature(name):
    rows = quotes()
    yes, no = (acceptance.features(rows.assign(accepted=a)) for a in (True, False))
    pd.testing.assert_series_equal(yes[name], no[name])


@pytest.mark.parametrize("name", real_trips.NUMERIC)
def test_how_a_trip_went_moves_none_of_its_features(name):
    rows = trips()
    learned = real_trips.learn_means(rows, rows["duration_minutes"].to_numpy())
    other = rows.assign(duration_minutes=1.0, gross_fare=1, distance_km=99.0)
    one, two = (
        trip_regression._matrix(r, real_trips.with_means(r, learned)) for r in (rows, other)
    )
    pd.testing.assert_series_equal(one[name], two[name])


def test_lags_look_up_the_clock_and_not_the_row_above():
    gap = HOURS.drop(index=HOURS.index[HOURS["hour"] == CUT])
    wanted = HOURS[HOURS["hour"] == CUT + pd.Timedelta(hours=168)]
    found = demand.features(wanted, gap, (168,))
    assert found["lag_last"].isna().all()
    exact = demand.features(wanted, HOURS, (168,))
    assert (exact["lag_last"].to_numpy() == HOURS.loc[HOURS["hour"] == CUT, "requests"]).all()


def test_the_level_is_the_mean_of_the_week_that_ends_at_the_nearest_lag():
    wanted = HOURS[(HOURS["hour"] == CUT) & (HOURS["zone_id"] == "Z01")]
    end = CUT - pd.Timedelta(hours=168)
    week = HOURS[
        (HOURS["zone_id"] == "Z01")
        & (HOURS["hour"] <= end)
        & (HOURS["hour"] > end - pd.Timedelta(hours=168))
    ]
    found = demand.features(wanted, HOURS, LAGS)["zone_level"].iloc[0]
    assert found == pytest.approx(week["requests"].mean())


def test_an_unknown_zone_has_no_past():
    wanted = HOURS.tail(1).assign(zone_id="Z99")
    found = demand.features(wanted, HOURS, LAGS).iloc[0]
    assert np.isnan(found["lag_mean"])
    assert np.isnan(found["zone_level"])


def test_no_history_at_all_is_not_known():
    none = HOURS.head(0)[["zone_id", "hour", "requests"]]
    found = demand.features(HOURS.head(3), none, LAGS)
    assert found[["lag_mean", "zone_level"]].isna().all(axis=None)


@pytest.mark.parametrize("lag", [0, -24])
def test_a_lag_that_reads_the_target_is_refused(lag):
    with pytest.raises(BadInput, match="1 hour or more"):
        demand.features(HOURS, HOURS, (168, lag))


def test_a_repeated_zone_hour_is_refused():
    with pytest.raises(BadInput, match="1 repeat"):
        demand.features(HOURS, pd.concat([HOURS, HOURS.tail(1)]), LAGS)


def test_repricing_moves_the_price_with_the_multiplier():
    rows = quotes().assign(price_cents=1000.0, multiplier=1.0)
    assert (acceptance.reprice(rows, 1.3)["price_cents"] == 1300).all()


def test_the_fare_tables_arithmetic_to_the_cent():
    rates = FareRates(0.8, 0.1, 0.029, 30, 6.0, 5)
    rows = pd.DataFrame(
        {
            "quoted_fare": [1000.0, 1500.0],
            "service_class": ["STANDARD", "PREMIUM"],
            "base_cents": [1000.0, 1000.0],
            "distance_km": [5.0, 5.0],
        }
    )
    assert arithmetic(rows, rates) == pytest.approx([200 - 59 - 30 - 5, 300 - 100 - 73.5 - 30 - 5])


def test_a_degree_of_latitude_is_111_kilometres():
    assert great_circle_km(40.0, -74.0, 41.0, -74.0) == pytest.approx(111.195, abs=0.01)
    assert great_circle_km(40.0, -74.0, 40.0, -74.0) == 0
    assert np.isnan(great_circle_km(np.nan, 0, 0, 0))
    assert drive_minutes(12.0, 24.0, 1.3) == pytest.approx(39.0)


def trips(n=400, seed=5):
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(40.6, 40.8, 12), rng.uniform(-74.0, -73.8, 12)
    a, b = rng.integers(0, 12, n), rng.integers(0, 12, n)
    km = great_circle_km(lat[a], lon[a], lat[b], lon[b]) * 1.3 + 0.5
    clock = rng.integers(0, 1440, n).astype(float)
    busy = np.where((clock > 900) & (clock < 1140), 1.8, 1.0)
    minutes = (3 + 2.2 * km) * busy * rng.lognormal(0, 0.10, n)
    return pd.DataFrame(
        {
            "zone_id": [f"NYC-{i}" for i in a],
            "dropoff_zone_id": [f"NYC-{i}" for i in b],
            "pickup_lat": lat[a],
            "pickup_lon": lon[a],
            "dropoff_lat": lat[b],
            "dropoff_lon": lon[b],
            "product": "green_taxi_hail",
            "minute_of_day": clock,
            "weekday": rng.integers(0, 7, n).astype(float),
            "duration_minutes": minutes,
            "distance_km": km,
            "gross_fare": (250 + 160 * km + 30 * minutes).round(),
        }
    )


def test_a_training_rows_own_target_is_not_in_its_mean():
    rows = trips()
    y = rows["duration_minutes"].to_numpy().copy()
    before = real_trips.out_of_fold_means(rows, y, seed=1)
    y[0] = 1e6
    after = real_trips.out_of_fold_means(rows, y, seed=1)
    pd.testing.assert_series_equal(before.iloc[0], after.iloc[0])


def test_an_unseen_pair_has_the_usual_mean():
    rows = trips()
    learned = real_trips.learn_means(rows, rows["duration_minutes"].to_numpy())
    far = rows.head(1).assign(zone_id="NYC-900", dropoff_zone_id="NYC-901")
    usual = rows["duration_minutes"].mean()
    assert real_trips.with_means(far, learned).iloc[0].tolist() == pytest.approx([usual] * 3)
