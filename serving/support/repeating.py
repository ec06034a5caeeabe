"""Work that is done again every few seconds in a thread of its own, whatever went wrong before."""

import logging
import threading
from collections.abc import Callable

from core.errors import TripoError

log = logging.getLogger(__name__)


class Repeating:
    """``work`` every ``every_s`` seconds, from `start` until `stop`; ``name`` is for the log."""

    def __init__(self, name: str, every_s: float, work: Callable[[], object]) -> None:
        self._name, self._every_s, self._work = name, every_s, work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done now; waits ten seconds for that."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self._work()
            except Exception as error:  # the thread must live: nobody else does this
                unforeseen = not isinstance(error, TripoError | OSError)
                told = "%s: it is tried again in %g s: %s: %s"
                kind = type(error).__name__
                log.warning(told, self._name, self._every_s, kind, error, exc_info=unforeseen)
