"""What a pipeline step works with: settings, parameters, lake, store. The seam of tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.params import Params, load_params
from core.settings import Settings, settings
from store.lake import Lake, Landing

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True)
class Context:
    """Settings and parameters, and the places they name. Making one opens nothing."""

    settings: Settings
    params: Params

    @classmethod
    def load(cls, overrides: Mapping[str, Any] | None = None) -> "Context":
        """From the environment and params.yaml, with ``section.field`` overrides."""
        found = settings()
        return cls(found, load_params(found.params, found.profile, overrides))

    @property
    def home(self) -> Path:
        return self.settings.home.absolute()

    @property
    def lake(self) -> Lake:
        return Lake(self.home / "lake")

    @property
    def landing(self) -> Landing:
        """The simulated city's deliveries."""
        return Landing(self.home / "landing")

    @property
    def releases(self) -> Path:
        """Artefact bytes by SHA-256 and release manifests."""
        return self.home / "releases"

    def training_record(self, model: str) -> Path:
        """What the newest training of a model registered: version and file hashes."""
        return self.home / "training" / f"{model}.json"

    @cached_property
    def engine(self) -> "Engine":
        """The store; opened at first use."""
        from store.db import connect

        return connect(self.settings.store_url)
