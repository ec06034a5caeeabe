"""reports/run.json: what a run did, in one file. The shape is docs/architecture.md, section 5."""

import platform
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cli.flow import Flow
from cli.samples import answered
from models.catalog import CATALOG
from pipelines.context import Context
from pipelines.results import read
from pipelines.step import read_json, write_json

PACKAGES = (
    "tripo04os-ml", "apache-airflow", "mlflow", "bentoml", "great-expectations", "duckdb",
    "pandas", "xgboost-cpu", "onnxruntime",
)  # fmt: skip


def report(
    ctx: Context,
    flow: Flow,
    started: datetime,
    finished: datetime,
    calls: list[dict[str, Any]],
    error: str | None = None,
) -> dict[str, Any]:
    """Everything a run did and left behind."""
    from store.tables import AiPerformance, ProfitMetrics

    last = ctx.params.simulator.last_day
    ingested = _ingested(ctx, flow)
    return {
        "started": started.isoformat(),
        "finished": finished.isoformat(),
        "seconds": round((finished - started).total_seconds(), 1),
        "profile": ctx.settings.profile,
        "real_data": ctx.settings.data is not None,
        "versions": versions(),
        "data": ingested.get("assets", {}),
        "missing_real_data": ingested.get("missing", []),
        "dags": dags(flow),
        "models": models(ctx),
        "kpis": {
            "date": last.isoformat(),
            "ai_performance": _row(ctx, AiPerformance, last),
            "profit": _row(ctx, ProfitMetrics, last),
        },
        "serving": calls,
        "error": error,
    }


def save(ctx: Context, content: dict[str, Any]) -> Path:
    """Write reports/run.json."""
    return write_json(ctx.settings.reports / "run.json", content)


def succeeded(content: dict[str, Any]) -> bool:
    """Whether every DAG run succeeded and every sample call was answered."""
    return (
        content["error"] is None
        and all(d["state"] == "success" for d in content["dags"])
        and bool(content["serving"])
        and all(answered(call) for call in content["serving"])
    )


def versions() -> dict[str, str]:
    """Of Python, of the packages that matter, and the revision of the code."""
    from pipelines.training import provenance

    found = {name: version(name) for name in PACKAGES}
    return {"python": platform.python_version(), **found, **provenance()}


def _ingested(ctx: Context, flow: Flow) -> dict[str, Any]:
    """What this run ingested: the counts of every asset, and the kinds that were not there."""
    ranges = [str(s.conf.get("range", s.key)) for s in flow.stages if s.name == "ingest"]
    return (read(ctx, "ingest", ranges[0]) if ranges else None) or {}


def dags(flow: Flow) -> list[dict[str, Any]]:
    """Every DAG run in the order of the plan; what never started says so."""
    rows = []
    for stage in flow.stages:
        run = flow.runs.get(stage.name)
        rows.append(
            {
                "dag_id": stage.dag,
                "key": stage.conf.get("range", stage.key),
                "state": run.state if run else "not started",
                "seconds": round(run.seconds, 2) if run and run.seconds is not None else None,
            }
        )
    return rows


def models(ctx: Context) -> list[dict[str, Any]]:
    """The newest version of every model that was trained, and whether it serves."""
    from store import releases

    rows = []
    for name, spec in CATALOG.items():
        trained = read_json(ctx.training_record(name))
        if trained is None:
            continue
        pointer = releases.pointer(ctx.engine, spec.product)
        members = pointer.manifest["members"] if pointer else {}
        # trained again to the same bytes: another version, the same model serves
        is_champion = name in members and members[name]["files"] == trained["files"]
        rows.append(
            {
                "name": name,
                "version": trained["version"],
                "alias": "champion" if is_champion else "challenger",
                "metrics": trained["metrics"],
                "primary": trained["primary"],
                "interval": trained["interval"],
                "baseline": trained["baseline"],
                "beats_baseline": trained["beats_baseline"],
            }
        )
    return rows


def _row(ctx: Context, table: Any, day: Any) -> dict[str, Any]:
    from sqlalchemy import select

    with ctx.engine.connect() as connection:
        found = connection.execute(select(table.__table__).where(table.day == day))
        row = found.mappings().one_or_none()
    return dict(row) if row else {}
