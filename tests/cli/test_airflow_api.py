"""The REST client against a server that answers as Airflow does; the real one is in tests/e2e."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from cli.airflow_api import AirflowApi, AirflowRefused

RUN = {
    "dag_id": "ingest",
    "dag_run_id": "r1",
    "partition_key": "2026-11-21",
    "state": "failed",
    "queued_at": "2026-11-22T08:00:00+00:00",
    "start_date": "2026-11-22T08:00:01Z",
    "end_date": "2026-11-22T08:00:03.500000Z",
}
LOG = [
    {"event": "::group::"},
    {"event": "failed", "error_detail": [{"exc_type": "BadInput", "exc_value": "no zone Z99"}]},
]


class Airflow(BaseHTTPRequestHandler):
    """Answers from a script: (method, path) -> list of (status, body), the last one for good."""

    script: ClassVar[dict] = {}
    asked: ClassVar[list] = []

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        path = self.path.partition("?")[0]
        self.asked.append((self.command, path, body))
        answers = self.script[self.command, path]
        status, said = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def airflow(monkeypatch):
    monkeypatch.setattr("cli.airflow_api.PAUSES_S", (0.0, 0.0))
    handler = type("Scripted", (Airflow,), {"script": {}, "asked": []})
    handler.script["POST", "/auth/token"] = [(201, {"access_token": "t"})]
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()


def test_a_run_is_started_for_a_key_without_a_logical_date(airflow):
    airflow.script["POST", "/api/v2/dags/ingest/dagRuns"] = [(200, RUN)]
    with AirflowApi(airflow.url, "admin", "secret") as api:
        run = api.trigger("ingest", "r1", "2026-11-21", {"range": "2026-11-21"})
    assert run.key == "2026-11-21"
    assert run.seconds == 2.5
    assert airflow.asked[0][2] == {"username": "admin", "password": "secret"}
    assert airflow.asked[1][2] == {
        "dag_run_id": "r1",
        "logical_date": None,
        "partition_key": "2026-11-21",
        "conf": {"range": "2026-11-21"},
    }


def test_a_busy_database_is_asked_again_and_a_run_is_not_started_twice(airflow):
    busy = (500, {"detail": {"reason": "Database error"}})
    airflow.script["POST", "/api/v2/dags/ingest/dagRuns"] = [busy, (409, {})]
    airflow.script["GET", "/api/v2/dags/ingest/dagRuns/r1"] = [(200, RUN)]
    with AirflowApi(airflow.url, "admin", "secret") as api:
        assert api.trigger("ingest", "r1", "2026-11-21").state == "failed"


def test_a_refusal_says_what_was_asked_and_what_came(airflow):
    airflow.script["POST", "/api/v2/dags/ingest/dagRuns"] = [(400, {"detail": "range: no match"})]
    with (
        AirflowApi(airflow.url, "admin", "secret") as api,
        pytest.raises(AirflowRefused, match=r"a run of ingest for x, got 400: .*range: no match"),
    ):
        api.trigger("ingest", "r1", "x")


def test_the_log_of_a_failed_task_ends_with_the_reason(airflow):
    tasks = [
        {"task_id": "load", "state": "failed", "try_number": 2, "map_index": -1},
        {"task_id": "docs", "state": "upstream_failed", "try_number": 0, "map_index": -1},
    ]
    path = "/api/v2/dags/ingest/dagRuns/r1"
    airflow.script["GET", path] = [(200, RUN)]
    airflow.script["GET", f"{path}/taskInstances"] = [(200, {"task_instances": tasks})]
    airflow.script["GET", f"{path}/taskInstances/load/logs/2"] = [(200, {"content": LOG})]
    with AirflowApi(airflow.url, "admin", "secret") as api:
        said = api.failure(api.dag_run("ingest", "r1"))
    assert said.startswith("ingest.load (2026-11-21):")
    assert said.endswith("BadInput: no zone Z99")


def test_no_answer_at_all_is_an_error_of_ours(monkeypatch):
    monkeypatch.setattr("cli.airflow_api.PAUSES_S", ())
    with pytest.raises(AirflowRefused, match="no answer"):
        AirflowApi("http://127.0.0.1:9", "admin", "secret").__enter__()
