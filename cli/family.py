"""Airflow and MLflow as processes forked from one parent that has imported what they share.

Run as ``python -m cli.family [--migrate] [--triggerer]``. Started apart, each process spends
seconds on the same imports; forked, they spend them once. The scheduler comes last and with the
libraries that tasks need: Airflow's local executor forks its workers from the scheduler and the
tasks from the workers, so what is imported here is imported in every task. Why this is safe, and
what it saves: docs/decisions/0004-preloaded-workers.md.
"""

import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from core.settings import Settings, settings

SHARED = (
    "airflow.__main__",
    "airflow.models.dagrun",
    "airflow.models.dagbag",
    "airflow.sdk.execution_time.task_runner",
    "airflow.providers.standard.operators.hitl",
    "airflow.providers.standard.operators.python",
    "airflow.providers.standard.operators.trigger_dagrun",
)
TASKS = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "sqlalchemy.orm",
    "mlflow",
    "pyarrow.compute",
    "pyarrow.dataset",
    "duckdb",
    "ibis.backends.duckdb",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.feature_extraction.text",
    "sklearn.svm",
    "sklearn.metrics",
    "onnxruntime",
    "tokenizers",
    "xgboost",
    "matplotlib.pyplot",
    "phonenumbers",
    "dateparser",
    "pydantic_settings",
    "yaml",
)


def airflow(*arguments: str) -> Callable[[], None]:
    """``airflow <arguments>``, to be run in a child."""

    def run() -> None:
        from airflow.__main__ import main

        sys.argv = ["airflow", *arguments]
        main()

    return run


def mlflow(found: Settings) -> Callable[[], None]:
    """MLflow's tracking server, to be run in a child.

    What ``mlflow server --workers 1`` starts as a further process, without that process: the
    application reads where its store is from variables whose names MLflow exports.
    """

    def run() -> None:
        import uvicorn

        server = importlib.import_module("mlflow.server")
        home = found.home.absolute()
        os.environ[server.BACKEND_STORE_URI_ENV_VAR] = f"sqlite:///{home / 'mlflow.db'}"
        os.environ[server.ARTIFACTS_DESTINATION_ENV_VAR] = str(home / "mlartifacts")
        os.environ[server.SERVE_ARTIFACTS_ENV_VAR] = "true"
        os.environ[server.ARTIFACT_ROOT_ENV_VAR] = "mlflow-artifacts:/"
        uvicorn.run(
            "mlflow.server.fastapi_app:app",
            host=found.host,
            port=found.mlflow_port,
            log_level="warning",
        )

    return run


def fork(name: str, become: Callable[[], None], logs: Path) -> int:
    """Run ``become`` in a child whose output goes to ``logs/<name>.log``; the child's id."""
    child = os.fork()
    if child:
        return child
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, signal.SIG_DFL)
    log = os.open(logs / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    code = 1
    try:
        become()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def preload(modules: tuple[str, ...]) -> None:
    """Import modules; freeze what they made, so that collecting garbage does not copy pages."""
    for name in modules:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


class Family:
    """The children, by process id, and how they end."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.stopping = False
        self._children: dict[int, str] = {}
        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, self._stop)

    def add(self, name: str, become: Callable[[], None]) -> None:
        if not self.stopping:
            self._children[fork(name, become, self.logs)] = name

    def wait(self) -> int:
        """0 once all have ended after a SIGTERM; 1 as soon as one ends by itself."""
        while self._children:
            pid, status = os.wait()
            name = self._children.pop(pid, None)
            if name is not None and not self.stopping:
                log = self.logs / f"{name}.log"
                sys.stderr.write(f"{log.read_text(errors='replace')}\n{name} ended: {status}\n")
                return 1
        return 0

    def _stop(self, *_: object) -> None:
        self.stopping = True
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)


def main() -> int:
    """Fork each process as soon as what it needs is imported, then wait for all."""
    found = settings()
    logs = found.home.absolute() / "logs"
    family = Family(logs)
    # imports make objects by the hundred thousand and free next to none of them
    gc.set_threshold(50_000, 20, 20)
    # first, and with imports of its own: this core would wait for those of Airflow otherwise
    family.add("mlflow", mlflow(found))
    preload(SHARED[:1])
    if "--migrate" in sys.argv:
        migration = fork("airflow-migrate", airflow("db", "migrate"), logs)
        preload(SHARED)
        if os.waitpid(migration, 0)[1] != 0:
            sys.stderr.write((logs / "airflow-migrate.log").read_text(errors="replace"))
            return 1
    preload(SHARED)
    # Apart, because of SQLite: the core API writes its audit log on its event loop, and would wait
    # there for the write of a task whose end needs that loop (until the database's time-out).
    family.add("airflow-api-server", airflow("api-server", "--apps", "core"))
    tasks_port = str(found.execution_port)
    execution = airflow("api-server", "--apps", "execution", "--port", tasks_port)
    family.add("airflow-execution-api", execution)
    family.add("airflow-dag-processor", airflow("dag-processor"))
    preload(TASKS)
    family.add("airflow-scheduler", airflow("scheduler", "--skip-serve-logs"))
    if "--triggerer" in sys.argv:
        family.add("airflow-triggerer", airflow("triggerer", "--skip-serve-logs"))
    return family.wait()


if __name__ == "__main__":
    sys.exit(main())
