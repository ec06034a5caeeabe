"""Processes start, answer, and never outlive their supervisor, however it dies."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cli.guard import session_members
from cli.supervisor import Service, Supervisor, running_in
from core.errors import ProcessFailed

ROOT = Path(__file__).parents[2]
SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
# a child in a process group of its own, as Airflow's tasks are
FAMILY = (
    sys.executable,
    "-c",
    "import subprocess, sys, time\n"
    "subprocess.Popen(['sleep', '600'], process_group=0)\n"
    "print('started', flush=True)\n"
    "time.sleep(600)",
)
SUPERVISE = """
import sys, time
from pathlib import Path
from cli.supervisor import Service, Supervisor
with Supervisor(Path(sys.argv[1])) as supervisor:
    supervisor.start(Service("family", eval(sys.argv[2])))
    print("up", flush=True)
    time.sleep(600)
"""


def wait_until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    assert true()


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def started(supervisor, home, name="family"):
    """The session of a started family, once it has its child."""
    supervisor.start(Service(name, FAMILY))
    wait_until(lambda: "started" in (home / "logs" / f"{name}.log").read_text())
    members = session_members(supervisor.running()[name])
    assert len(members) == 2
    return members


def test_leaving_the_supervisor_ends_every_process_and_its_children(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        members = started(supervisor, tmp_path)
        assert running_in(tmp_path) == supervisor.running()
    assert [pid for pid in members if alive(pid)] == []
    assert running_in(tmp_path) == {}


def test_a_killed_supervisor_leaves_no_process_behind(tmp_path):
    command = [sys.executable, "-c", SUPERVISE, str(tmp_path), repr(FAMILY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout.readline() == "up\n"
        wait_until(lambda: "started" in (tmp_path / "logs" / "family.log").read_text())
        leader = running_in(tmp_path)["family"]
        members = session_members(leader)
        assert len(members) == 2
        process.kill()
    wait_until(lambda: not any(alive(pid) for pid in members))


# a child in a session of its own that outlives its parent, as BentoML's workers do
RUNAWAY = (
    sys.executable,
    "-c",
    "import subprocess, time\n"
    "print(subprocess.Popen(['sleep', '600'], start_new_session=True).pid, flush=True)\n"
    "time.sleep(600)",
)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_left_its_session_is_ended_too(tmp_path, how):
    command = [sys.executable, "-c", SUPERVISE, str(tmp_path), repr(RUNAWAY)]
    log = tmp_path / "logs" / "family.log"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout.readline() == "up\n"
        wait_until(lambda: log.read_text().strip().isdigit())
        stray = int(log.read_text())
        assert alive(stray) and stray not in session_members(running_in(tmp_path)["family"])
        process.send_signal(how)
    wait_until(lambda: not alive(stray))


def test_what_a_killed_run_left_is_ended_before_the_next_starts(tmp_path):
    orphan = subprocess.Popen(SLEEP, start_new_session=True)
    (tmp_path / "run").mkdir()
    born = psutil.Process(orphan.pid).create_time()
    (tmp_path / "run" / "old.pid").write_text(f"{orphan.pid} {born}\n")
    with Supervisor(tmp_path):
        assert orphan.wait(5) == -signal.SIGKILL
    assert not (tmp_path / "run" / "old.pid").exists()


def test_a_reused_process_id_is_not_ended(tmp_path):
    stranger = subprocess.Popen(SLEEP, start_new_session=True)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old.pid").write_text(f"{stranger.pid} 1000.0\n")
    try:
        with Supervisor(tmp_path):
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_that_ends_by_itself_is_reported_with_the_end_of_its_log(tmp_path):
    code = "import sys; print('no disk left'); sys.exit(3)"
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(Service("brief", (sys.executable, "-c", code), healthy=lambda: False))
        with pytest.raises(ProcessFailed, match=r"brief: .*exit code 3(.|\n)*no disk left"):
            supervisor.wait_healthy(["brief"], 10)


def test_a_process_that_never_answers_is_given_up(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(Service("mute", SLEEP, healthy=lambda: False))
        with pytest.raises(ProcessFailed, match="mute: it was not healthy after 0 s"):
            supervisor.wait_healthy(["mute"], 0.2)


def test_a_taken_port_is_named_with_the_variable_that_moves_it(tmp_path):
    with socket.socket() as taken, Supervisor(tmp_path) as supervisor:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ProcessFailed, match=f"127.0.0.1:{port}.*TRIPO_MLFLOW_PORT"):
            supervisor.start(Service("mlflow", SLEEP, ports={port: "TRIPO_MLFLOW_PORT"}))
        assert supervisor.running() == {}


def test_two_platforms_cannot_share_a_home(tmp_path):
    with Supervisor(tmp_path), pytest.raises(ProcessFailed, match=f"process {os.getpid()}"):
        Supervisor(tmp_path).__enter__()


def test_a_process_that_ignores_sigterm_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("cli.supervisor.GRACE_S", 0.3)
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True)"
    with Supervisor(tmp_path) as supervisor:
        command = (sys.executable, "-c", f"{code}; time.sleep(600)")
        supervisor.start(Service("deaf", command))
        wait_until(lambda: "on" in (tmp_path / "logs" / "deaf.log").read_text())
        pid = supervisor.running()["deaf"]
    assert not alive(pid)


def test_a_pid_file_that_was_never_written_whole_stops_nobody(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "family.pid").write_text("")
    assert running_in(tmp_path) == {}
    with Supervisor(tmp_path) as supervisor:
        started(supervisor, tmp_path)
