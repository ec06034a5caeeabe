"""A real PostgreSQL server for tests, in a folder of its own, reached by a socket in it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, or None where no server is installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return debian[-1].parent if debian else None


def _as_who() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; Debian's package made a user for it."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam("postgres")
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


@contextmanager
def postgres_server(bin_folder: Path) -> Iterator[str]:
    """Start a server; yields the address of its maintenance database."""
    who = _as_who()
    folder = Path(tempfile.mkdtemp(prefix="tripo-pg-"))  # short: a socket's path has a limit
    if who:
        os.chown(folder, who["user"], who["group"])
    data = folder / "data"

    def call(program: str, *arguments: str) -> None:
        command = [str(bin_folder / program), "-D", str(data), *arguments]
        # pg_ctl's server keeps its output open: a pipe would never end
        with (folder.parent / f"{folder.name}.log").open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, cwd=folder, check=False, **who)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{Path(log.name).read_text()[-3000:]}")

    options = f"-k {folder} -c listen_addresses= -c fsync=off -c full_page_writes=off"
    try:
        call("initdb", "-U", "tripo", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        call("pg_ctl", "-w", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://tripo@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        (folder.parent / f"{folder.name}.log").unlink(missing_ok=True)
