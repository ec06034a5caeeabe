"""The guard of the supervisor: ends all of its processes once its standard input closes.

Run as ``python -m cli.guard HOME``; reads one process id a line, each the leader of a session. A
process that left its session (BentoML's workers do) is known by the mark in its environment.
Imports the standard library only, so that it stands before the first process does.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

MARK = "TRIPO_SUPERVISED_HOME"
"""Names the home in the environment of everything that a supervisor starts."""
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


def marked(home: str) -> list[int]:
    """Processes that a supervisor of ``home`` started, or that these started, in any session."""
    mark = f"\0{MARK}={home}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            if mark in b"\0" + (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it has ended, or is another user's
            continue
    return found


def end_all(leaders: Iterable[int], home: str) -> None:
    """SIGKILL the sessions and every marked process, again and again until none is left."""
    waiting = list(leaders)
    for _ in range(ATTEMPTS):
        waiting = [leader for leader in waiting if _kill(session_members(leader))]
        strays = _kill(marked(home))
        if not waiting and not strays:
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
    end_all([int(line) for line in sys.stdin if line.strip()], sys.argv[1])


if __name__ == "__main__":
    main()
