"""What serves now: follow each product's release pointer, load beside, test, swap one reference.

A request takes the reference once and keeps it, so that no request ever sees two releases. The
release before stays loaded until the next one comes: rolling back is a pointer move.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine

from core.errors import ModelMissing, TripoError
from models import selftest
from models.catalog import CATALOG, NEEDED, PRODUCTS
from models.contract import Artefact, Predictor
from store import releases

log = logging.getLogger(__name__)

POLL_S = 1.0
RETRY_S = 60.0
"""When a refused release is tried again: the store or a file that it missed may be back."""
Build = Callable[[str, dict[str, Artefact]], Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """One release in memory: its id, its predictors by model name, and what the engine built."""

    release_id: str
    predictors: Mapping[str, Predictor]
    engine: Any


def load(root: Any, release_id: str, build: Build | None) -> Loaded:
    """Open every file of a release by its SHA-256, replay the self-test rows, build the engine.

    Raises
    ------
    ArtefactTampered, ReleaseRefused
        If a file or a prediction is not what the manifest recorded.
    """
    manifest = releases.read_manifest(root, release_id)
    parts: dict[str, Artefact] = {
        name: {file: releases.read_blob(root, sha) for file, sha in member["files"].items()}
        for name, member in manifest["members"].items()
    }
    predictors: dict[str, Predictor] = {}
    for name, artefact in parts.items():
        predictors[name] = import_module(CATALOG[name].module).load(artefact)
        selftest.replay(name, predictors[name], artefact[selftest.FILE])
    return Loaded(
        release_id, MappingProxyType(predictors), build(release_id, parts) if build else None
    )


class Serving:
    """The current release of every product, kept current by a thread of its own."""

    def __init__(
        self,
        engine: Engine,
        root: Any,
        builders: Mapping[str, Build],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._root = root
        self._builders = builders
        self._current: dict[str, Loaded] = {}
        self._previous: dict[str, Loaded] = {}
        self._clock = clock
        self._refused: dict[str, tuple[str, float]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="releases", daemon=True)

    def start(self) -> None:
        """Load what the pointers name now, then follow them."""
        self.refresh()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def current(self, product: str) -> Loaded:
        """The release that answers now; ModelMissing before the first one."""
        try:
            return self._current[product]
        except KeyError:
            raise ModelMissing(
                f"no {product} release serves yet: train and evaluate first (`tripo run`)"
            ) from None

    def ids(self) -> dict[str, str]:
        """Product -> release id of what serves."""
        return {product: loaded.release_id for product, loaded in self._current.items()}

    def ready(self) -> bool:
        """Whether every product that no rule policy can stand in for has a release."""
        return all(product in self._current for product in NEEDED)

    def refresh(self) -> None:
        """One look at the pointers. A release that does not load is logged and never swapped in."""
        for product in PRODUCTS:
            pointer = releases.pointer(self._engine, product)
            serving = self._current.get(product)
            if pointer is None or (serving and serving.release_id == pointer.release_id):
                continue
            if not self._rests(product, pointer.release_id):
                self._swap(product, pointer.release_id)

    def _rests(self, product: str, release_id: str) -> bool:
        """Whether this release was refused a short while ago."""
        refused, at = self._refused.get(product, ("", 0.0))
        return refused == release_id and self._clock() - at < RETRY_S

    def _swap(self, product: str, release_id: str) -> None:
        before = self._previous.get(product)
        try:
            if before and before.release_id == release_id:
                loaded = before
            else:
                loaded = load(self._root, release_id, self._builders.get(product))
        except Exception as error:  # whatever a file or a library does, the old release serves on
            self._refused[product] = release_id, self._clock()
            told = "%s release %s refused, tried again in %.0f s: %s: %s"
            named = type(error).__name__
            unforeseen = not isinstance(error, TripoError)
            log.error(told, product, release_id, RETRY_S, named, error, exc_info=unforeseen)
            return
        if product in self._current:
            self._previous[product] = self._current[product]
        self._current[product] = loaded
        log.info("%s serves release %s", product, release_id)

    def _follow(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                self.refresh()
            except Exception as error:  # the thread must live: nothing else follows the pointers
                unforeseen = not isinstance(error, TripoError)
                told = "release pointers cannot be read, serving goes on: %s: %s"
                log.warning(told, type(error).__name__, error, exc_info=unforeseen)
