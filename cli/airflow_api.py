"""A small client of Airflow's REST API: what `tripo` needs, and nothing else."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import httpx

from core.errors import ProcessFailed, TripoError

DONE = frozenset({"success", "failed"})
POLL_S = 0.2
TAIL_LINES = 30
TIMEOUT_S = 60.0
PAUSES_S = (0.2, 1.0, 3.0)


class AirflowRefused(TripoError):
    """Airflow answered a request with an error."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of one DAG, as Airflow reports it."""

    dag_id: str
    run_id: str
    key: str | None
    state: str
    queued_at: datetime | None
    started: datetime | None
    ended: datetime | None

    @property
    def done(self) -> bool:
        return self.state in DONE

    @property
    def seconds(self) -> float | None:
        """From start to end; None while it runs."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Self:
        """From the JSON of the API."""

        def moment(name: str) -> datetime | None:
            return datetime.fromisoformat(raw[name]) if raw.get(name) else None

        return cls(
            raw["dag_id"], raw["dag_run_id"], raw.get("partition_key"), raw["state"],
            moment("queued_at"), moment("start_date"), moment("end_date"),
        )  # fmt: skip


class AirflowApi:
    """Calls as one user, with a token asked for on entry.

    Every call may be repeated, so one that met a busy database or server is.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S)
        self._user, self._password = user, password

    def __enter__(self) -> Self:
        login = {"username": self._user, "password": self._password}
        answer = self._require(self._send("POST", "/auth/token", json=login), "a token")
        self._client.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def dags(self) -> list[dict[str, Any]]:
        """Every DAG that Airflow has read."""
        return list(self._get("/dags", limit=100)["dags"])

    def import_errors(self) -> list[str]:
        """The files that Airflow could not read, with the reason."""
        errors = self._get("/importErrors", limit=100)["import_errors"]
        return [f"{e['filename']}: {e['stack_trace']}" for e in errors]

    def wait_parsed(self, names: Sequence[str], since: datetime, timeout_s: float) -> None:
        """Wait until every named DAG was read after ``since``.

        Raises
        ------
        ProcessFailed
            Naming the DAGs that are missing, and the import errors.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            found = {d["dag_id"]: d["last_parsed_time"] for d in self.dags() if not d["is_stale"]}
            missing = [
                n for n in names if not found.get(n) or datetime.fromisoformat(found[n]) < since
            ]
            if not missing:
                return
            if time.monotonic() > deadline:
                errors = "\n".join(self.import_errors()) or "no import errors"
                raise ProcessFailed(f"Airflow did not read {', '.join(missing)}: {errors}")
            time.sleep(POLL_S)

    def pause(self, dag_id: str, paused: bool) -> None:
        """Pause or unpause one DAG."""
        answer = self._send(
            "PATCH",
            f"/api/v2/dags/{dag_id}",
            params={"update_mask": "is_paused"},
            json={"is_paused": paused},
        )
        self._require(answer, f"{dag_id} {'paused' if paused else 'unpaused'}")

    def add_pool(self, name: str, slots: int, about: str) -> None:
        """Make a pool, or leave the one that is there."""
        body = {"name": name, "slots": slots, "description": about, "include_deferred": False}
        answer = self._send("POST", "/api/v2/pools", json=body)
        if answer.status_code != httpx.codes.CONFLICT:
            self._require(answer, f"the pool {name}")

    def trigger(
        self, dag_id: str, run_id: str, key: str | None, conf: dict[str, Any] | None = None
    ) -> DagRun:
        """Start one run for a partition key; the run that is there if its id was used before."""
        body = {
            "dag_run_id": run_id,
            "logical_date": None,
            "partition_key": key,
            "conf": conf or {},
        }
        answer = self._send("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        if answer.status_code == httpx.codes.CONFLICT:
            return self.dag_run(dag_id, run_id)
        return DagRun.parse(self._require(answer, f"a run of {dag_id} for {key}"))

    def dag_run(self, dag_id: str, run_id: str) -> DagRun:
        """One run as it is now."""
        return DagRun.parse(self._get(f"/dags/{dag_id}/dagRuns/{run_id}"))

    def runs(
        self, dag_id: str, since: datetime | None = None, states: Sequence[str] = ()
    ) -> list[DagRun]:
        """Runs of a DAG (``~`` for all), newest first, queued at or after ``since``."""
        wanted: dict[str, Any] = {"order_by": "-run_after", "limit": 100}
        if since is not None:
            wanted["run_after_gte"] = since.isoformat()
        if states:
            wanted["state"] = list(states)
        return [DagRun.parse(r) for r in self._get(f"/dags/{dag_id}/dagRuns", **wanted)["dag_runs"]]

    def give_up(self, run: DagRun, why: str) -> None:
        """Mark an unfinished run, and its unfinished tasks, as failed."""
        answer = self._send(
            "PATCH",
            f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}",
            params={"update_mask": ["state", "note"]},
            json={"state": "failed", "note": why},
        )
        self._require(answer, f"{run.dag_id} {run.run_id} marked as failed")

    def wait(
        self,
        run: DagRun,
        progress: Callable[[DagRun], None] = lambda run: None,
        timeout_s: float = 3600.0,
    ) -> DagRun:
        """Wait until a run has ended, calling ``progress`` at every look."""
        deadline = time.monotonic() + timeout_s
        while not run.done:
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{run.dag_id} {run.key}: no end after {timeout_s:.0f} s")
            time.sleep(POLL_S)
            run = self.dag_run(run.dag_id, run.run_id)
            progress(run)
        return run

    def tasks(self, run: DagRun) -> list[dict[str, Any]]:
        """The task instances of a run."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        return list(self._get(path, limit=100)["task_instances"])

    def failure(self, run: DagRun) -> str:
        """The end of the log of every failed task of a run."""
        parts = []
        for task in self.tasks(run):
            if task["state"] in ("failed", "up_for_retry"):
                path = (
                    f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task['task_id']}"
                    f"/logs/{task['try_number']}"
                )
                content = self._get(path, full_content="true", map_index=task["map_index"])
                lines = [_line(entry) for entry in content["content"]]
                parts.append(f"{run.dag_id}.{task['task_id']} ({run.key}):")
                parts += lines[-TAIL_LINES:]
        return "\n".join(parts)

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._require(self._send("GET", f"/api/v2{path}", params=query), path)

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        for pause in PAUSES_S:
            try:
                answer = self._client.request(method, path, **given)
            except httpx.TransportError:
                time.sleep(pause)
                continue
            if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return answer
            time.sleep(pause)
        try:
            return self._client.request(method, path, **given)
        except httpx.TransportError as error:
            raise AirflowRefused(f"asked Airflow for {path}, got no answer: {error!r}") from error

    @staticmethod
    def _require(answer: httpx.Response, wanted: str) -> dict[str, Any]:
        if answer.is_success:
            return dict(answer.json())
        raise AirflowRefused(
            f"asked Airflow for {wanted}, got {answer.status_code}: {answer.text[:500]}"
        )


def _line(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    text = f"{entry.get('event', '')}"
    for trace in entry.get("error_detail") or []:
        text += f"\n  {trace.get('exc_type')}: {trace.get('exc_value')}"
    return text
