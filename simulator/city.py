"""The city itself: zones, people, laws of the place; made once from params, the same every time."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa

from core.enums import ServiceClass, Vertical
from core.params.data import SimulatorParams
from core.params.decisions import PricingParams
from simulator.calibration import Calibration, Floats
from simulator.company import Company
from simulator.people import Bools, Drivers, Ints, Riders, make_drivers, make_riders
from simulator.randomness import stream
from simulator.texts import Texts

KM_PER_DEGREE = 111.195
VERTICALS = tuple(Vertical)
CLASSES = tuple(ServiceClass)
RIDE, MOTO, FOOD, GROCERY, GOODS, TRUCK_VAN = range(6)


@dataclass(frozen=True, slots=True)
class Zones:
    """Square cells on a grid around the centre, row by row; ``business`` 1 offices, 0 homes."""

    columns: int
    x_km: Floats
    y_km: Floats
    share: Floats
    business: Floats
    toll: Bools

    def __len__(self) -> int:
        return len(self.share)


@dataclass(frozen=True, eq=False)
class City:
    """Everything that does not change from day to day. Ids of zone, rider, driver are taken by
    index from the Arrow arrays here."""

    params: SimulatorParams
    pricing: PricingParams
    calibration: Calibration
    company: Company
    texts: Texts
    zones: Zones
    riders: Riders
    drivers: Drivers

    @property
    def last_day(self) -> date:
        return self.params.last_day

    @property
    def first_order_day(self) -> date:
        return self.last_day - timedelta(days=self.params.days - 1)

    @property
    def first_day(self) -> date:
        return self.last_day - timedelta(days=max(self.params.history_days, self.params.days) - 1)

    @cached_property
    def zone_ids(self) -> pa.Array:
        return _ids("Z", len(self.zones), 2, first=1)

    @cached_property
    def rider_ids(self) -> pa.Array:
        return _ids("R", len(self.riders), 6)

    @cached_property
    def driver_ids(self) -> pa.Array:
        return _ids("D", len(self.drivers), 4)

    @cached_property
    def vehicle_ids(self) -> pa.Array:
        return _ids("V", len(self.drivers), 4)

    @cached_property
    def fares(self) -> Ints:
        """Rows RIDE ... TRUCK_VAN; columns cents per km, per minute, minimum, booking."""
        table = [self.pricing.fares[v] for v in VERTICALS]
        return np.array([[f.km, f.minute, f.minimum, f.booking] for f in table], dtype=np.int64)

    @cached_property
    def class_factor(self) -> Floats:
        return np.array([self.pricing.class_multiplier[c] for c in CLASSES], dtype=float)

    @cached_property
    def order_of_zones(self) -> Ints:
        """Rank of every zone along a snake through the grid, so that close ranks lie close."""
        z = np.arange(len(self.zones))
        row, column = divmod(z, self.zones.columns)
        along = np.where(row % 2 == 0, column, self.zones.columns - 1 - column)
        return np.asarray(row * self.zones.columns + along)

    def zone_at(self, x_km: Floats, y_km: Floats) -> Ints:
        """The nearest zone; a place outside belongs to the cell at the edge."""
        cell, columns, n = self.params.cell_km, self.zones.columns, len(self.zones)
        rows = -(-n // columns)
        column = np.rint(x_km / cell + (columns - 1) / 2).clip(0, columns - 1)
        row = np.rint(y_km / cell + (rows - 1) / 2).clip(0, rows - 1)
        return np.asarray(np.minimum(row * columns + column, n - 1), dtype=np.int64)

    def latitude(self, y_km: Floats) -> Floats:
        return np.asarray(self.params.centre_lat + y_km / KM_PER_DEGREE)

    def longitude(self, x_km: Floats) -> Floats:
        shrink = np.cos(np.radians(self.params.centre_lat))
        return np.asarray(self.params.centre_lon + x_km / (KM_PER_DEGREE * shrink))


def _ids(letter: str, n: int, width: int, first: int = 0) -> pa.Array:
    return pa.array([f"{letter}{i:0{width}d}" for i in range(first, first + n)], pa.string())


def _make_zones(params: SimulatorParams) -> Zones:
    """A busy centre, a toll bridge between two columns of the first row."""
    rng = stream(params.seed, "zones")
    n = params.zones
    columns = int(np.ceil(np.sqrt(n)))
    row, column = divmod(np.arange(n), columns)
    x: Floats = np.asarray((column - (columns - 1) / 2) * params.cell_km, dtype=np.float64)
    y: Floats = np.asarray((row - (-(-n // columns) - 1) / 2) * params.cell_km, dtype=np.float64)
    weight = np.exp(-np.hypot(x, y) / 7) * rng.lognormal(0, 0.35, n)
    business = (1 - np.hypot(x, y) / (np.hypot(x, y).max() + 1e-9)) * 0.7 + rng.uniform(0, 0.3, n)
    side, bridge = column < columns / 2, row == 0
    toll = (side[:, None] != side[None, :]) & bridge[:, None] & bridge[None, :]
    return Zones(columns, x, y, weight / weight.sum(), business, toll)


def make_city(
    params: SimulatorParams, pricing: PricingParams, calibration: Calibration, company: Company,
    texts: Texts,
) -> City:  # fmt: skip
    """The city that a seed means; the same bytes each time."""
    zones = _make_zones(params)
    return City(
        params=params,
        pricing=pricing,
        calibration=calibration,
        company=company,
        texts=texts,
        zones=zones,
        riders=make_riders(params.seed, params.riders, zones.share, params.last_day),
        drivers=make_drivers(params.seed, params.drivers, zones.share, params.last_day),
    )
