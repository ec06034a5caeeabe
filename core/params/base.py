"""The base of every section of params.yaml."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen and closed: an unknown field is an error, a value never changes after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")
