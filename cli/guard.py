"""The guard of the supervisor: ends every session it was told of once its standard input closes.

Run as ``python -m cli.guard``; reads one process id a line. Imports the standard library only, so
that it stands before the first process does.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ATTEMPTS = 50
PAUSE_S = 0.05


def session_members(leader: int) -> list[int]:
    """Living processes of the session that ``leader`` leads, zombies left out."""
    members = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # "pid (name) state ppid pgrp session ..."; the name may hold spaces
            state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            members.append(int(entry.name))
    return members


def end_sessions(leaders: Iterable[int]) -> None:
    """SIGKILL every process of the sessions, again and again until none is left."""
    waiting = list(leaders)
    for _ in range(ATTEMPTS):
        waiting = [leader for leader in waiting if _kill(session_members(leader))]
        if not waiting:
            return
        time.sleep(PAUSE_S)


def _kill(pids: list[int]) -> bool:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return bool(pids)


def main() -> None:
    """Collect process ids until the supervisor is gone."""
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, signal.SIG_IGN)
    end_sessions([int(line) for line in sys.stdin if line.strip()])


if __name__ == "__main__":
    main()
