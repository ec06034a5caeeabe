"""Real servers for tests: started on a free loopback port, ended with the session."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.servers import free_port


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """A real MLflow server on SQLite; yields its address."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
        *("--port", url.rsplit(":", 1)[1], "--workers", "1", "--serve-artifacts"),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    env = {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with (folder / "mlflow.log").open("wb") as out:
        server = subprocess.Popen(
            command, env=env, stdout=out, stderr=out, start_new_session=True, cwd=folder
        )
    try:
        _wait(f"{url}/health", server, folder / "mlflow.log")
        yield url
    finally:
        os.killpg(server.pid, 15)
        server.wait(20)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{url} did not become healthy:\n{log.read_text()[-3000:]}")


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A real Redis; yields its address. None is started where it is not installed."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with (folder / "redis.log").open("wb") as out:
        server = subprocess.Popen([*command, "--save", ""], stdout=out, stderr=out)
    try:
        _listening(port, server, folder / "redis.log")
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _listening(port: int, server: subprocess.Popen[bytes], log: Path, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}:\n{log.read_text()[-3000:]}")


@contextmanager
def imap_server(user: str, password: str) -> Iterator[int]:
    """A real Dovecot with one mailbox; yields its port."""
    import pwd
    import tempfile

    root = os.getuid() == 0
    me = pwd.getpwuid(os.getuid()).pw_name
    # as root its front runs as the package's own users, who cannot look into pytest's folders
    front, back = ("dovenull", "dovecot") if root else (me, me)
    with tempfile.TemporaryDirectory() as made:
        folder, port = Path(made), free_port()
        folder.chmod(0o755)
        owner = pwd.getpwnam(back)  # nobody's mail is read as root
        (folder / "home").mkdir()
        os.chown(folder / "home", owner.pw_uid, owner.pw_gid)
        (folder / "users").write_text(f"{user}:{{PLAIN}}{password}\n")
        (folder / "dovecot.conf").write_text(f"""
base_dir = {folder / "run"}
state_dir = {folder / "state"}
log_path = {folder / "dovecot.log"}
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
first_valid_gid = 1
default_login_user = {front}
default_internal_user = {back}
mail_location = maildir:{folder / "home" / "Maildir"}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder / "users"}
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={folder / "home"}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
}}
service anvil {{
  chroot =
}}
""")
        server = subprocess.Popen(["dovecot", "-F", "-c", str(folder / "dovecot.conf")])
        try:
            _listening(port, server, folder / "dovecot.log")
            yield port
        finally:
            server.terminate()
            server.wait(20)
