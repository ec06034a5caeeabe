"""The support release with the items and rules that stand in the store now.

What people edit is polled for once a second and put in beside the running release, then swapped in
with one reference; a write through this process is looked at at once.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from core.errors import TripoError
from engines.support.answering import SupportRelease
from engines.support.knowledge import with_items, with_rules
from engines.support.rules import parse
from serving.releases import Loaded
from store import knowledge_base
from store.db import read
from store.rules import active_rules

log = logging.getLogger(__name__)
POLL_S = 1.0
Seen = tuple[str, int, str]


class LiveSupport:
    """Keeps one `SupportRelease` current; ``current`` gives the release that evaluation chose."""

    def __init__(self, engine: Engine, current: Callable[[], Loaded]) -> None:
        self._engine, self._current = engine, current
        self._seen: Seen | None = None
        self._live: SupportRelease | None = None
        self._lock = threading.Lock()
        self._look, self._stopped = threading.Event(), False
        self._thread = threading.Thread(target=self._follow, name="live", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        self._look.set()
        self._thread.join(timeout=5)

    def refresh_soon(self) -> None:
        """Something was written: look now, in the thread."""
        self._look.set()

    def release(self) -> SupportRelease:
        """What answers now; ModelMissing before the first release."""
        loaded = self._current()
        live = self._live
        if live is None or live.release_id != loaded.release_id:
            self.refresh()
            live = self._live
        return live if live is not None else loaded.engine

    def refresh(self) -> None:
        """One look at the store."""
        with self._lock:
            base: SupportRelease = self._current().engine
            rules = active_rules(self._engine)
            newest = read(self._engine, knowledge_base.newest)
            seen = (base.release_id, newest, repr(rules))
            if seen == self._seen:
                return
            live, before = self._live, self._seen
            if live is None or before is None or before[:2] != seen[:2]:
                live = self._over_items(base)
            parsed = [parse(r["rule_name"], r["condition"], r["action"]) for r in rules]
            self._live, self._seen = with_rules(live, parsed), seen

    def _over_items(self, base: SupportRelease) -> SupportRelease:
        """The release over the items of the store; as it is where they are those it knows."""
        items: list[dict[str, Any]] = read(self._engine, knowledge_base.active_items)
        known = {(item["kb_code"], item["item_version"]) for item in base.items.values()}
        if not items or {(i["kb_code"], i["item_version"]) for i in items} == known:
            return base
        return with_items(base, items)

    def _follow(self) -> None:
        while not self._stopped:
            self._look.wait(POLL_S)
            self._look.clear()
            try:
                self.refresh()
            except Exception as error:  # the thread must live: nobody else follows the store
                unforeseen = not isinstance(error, TripoError)
                told = "items and rules cannot be read, serving goes on: %s: %s"
                log.warning(told, type(error).__name__, error, exc_info=unforeseen)
