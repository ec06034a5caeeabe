"""Parameters of the simulated city, the gate and upkeep."""

from datetime import date

from pydantic import Field

from core.params.base import Section


class SimulatorParams(Section):
    """The size of the city and its clock."""

    seed: int
    last_day: date
    days: int = Field(gt=0, description="days of orders, trips, conversations that end at last_day")
    history_days: int = Field(gt=0, description="days of driver_days and rider_days")
    orders_per_day: int = Field(gt=0)
    riders: int = Field(gt=0)
    drivers: int = Field(gt=0)
    zones: int = Field(gt=1)
    conversations_per_day: int = Field(ge=0)


class GateParams(Section):
    """How much bad data is tolerated before a run stops."""

    tolerated_share: float = Field(ge=0, le=1, description="of rows quarantined, per asset and run")
    docs_sample_rows: int = Field(gt=0, description="rows GX sees when it renders Data Docs")


class UpkeepParams(Section):
    """Backups and retention."""

    backups_kept: int = Field(gt=0)
    conversation_days: int = Field(gt=0)
    feedback_days: int = Field(gt=0)
    log_days: int = Field(gt=0)
