"""Parameters of the simulated city, the gate and upkeep."""

from datetime import date

from pydantic import Field, field_validator

from core.enums import Vertical
from core.params.base import Section


class SimulatorParams(Section):
    """The size of the city and its clock."""

    seed: int
    last_day: date
    days: int = Field(
        gt=0, le=1100, description="days of orders, trips, conversations that end at last_day"
    )
    history_days: int = Field(gt=0, le=1100, description="days of driver_days and rider_days")
    orders_per_day: int = Field(gt=0, le=2_000_000, description="a day is made in memory")
    riders: int = Field(gt=0)
    drivers: int = Field(gt=0)
    zones: int = Field(gt=1)
    conversations_per_day: int = Field(ge=0)
    city: str
    centre_lat: float = Field(ge=-60, le=60)
    centre_lon: float = Field(ge=-180, le=180)
    cell_km: float = Field(gt=0, description="side of a zone; zones lie on a square grid")
    vertical_share: dict[Vertical, float] = Field(description="of all orders; sums to 1")
    holdout_share: float = Field(ge=0, lt=1, description="of zone x 4 h blocks, rule policy only")
    explore_share: float = Field(ge=0, lt=1, description="of other price slots, moved at random")
    explore_deltas: tuple[float, ...] = Field(min_length=1, description="what exploration adds")
    offer_share: float = Field(ge=0, le=1, description="of riders drawn a day for an offer trial")
    refund_share: float = Field(ge=0, le=1, description="of completed orders, without the abused")
    leakage_share: float = Field(ge=0, le=1, description="of completed orders, injected incidents")
    dirty_share: float = Field(ge=0, lt=0.05, description="of delivered rows, broken on purpose")

    @field_validator("vertical_share")
    @classmethod
    def _whole(cls, shares: dict[Vertical, float]) -> dict[Vertical, float]:
        if set(shares) != set(Vertical) or abs(sum(shares.values()) - 1) > 1e-9:
            raise ValueError("expected a share for each vertical, together 1")
        return shares


class GateParams(Section):
    """How much bad data is tolerated before a run stops."""

    tolerated_share: float = Field(ge=0, le=1, description="of rows quarantined, per asset and run")
    tolerated_day_share: float = Field(
        ge=0, le=1, description="of rows of one day: a range must not hide a day that is all broken"
    )
    tolerated_real: dict[str, float] = Field(
        description="the same share for each kind of public data: what is wrong there stays wrong"
    )
    docs_sample_rows: int = Field(gt=0, description="rows GX sees when it renders Data Docs")


class UpkeepParams(Section):
    """Backups and retention."""

    backups_kept: int = Field(gt=0)
    conversation_days: int = Field(gt=0)
    feedback_days: int = Field(gt=0)
    log_days: int = Field(gt=0)
