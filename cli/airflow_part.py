"""Start one part of Airflow; the scheduler with the libraries that tasks need already imported.

Run as ``python -m cli.airflow_part scheduler``. Airflow's local executor forks its workers from
the scheduler and the tasks from the workers, so what is imported here is imported in every task.
Why this is safe, and what it saves: docs/decisions/0004-preloaded-workers.md.
"""

import importlib
import runpy
import sys

PRELOADED = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "pyarrow.compute",
    "pyarrow.dataset",
    "duckdb",
    "sqlalchemy.orm",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.feature_extraction.text",
    "sklearn.svm",
    "sklearn.metrics",
    "onnxruntime",
    "tokenizers",
    "xgboost",
    "mlflow",
    "matplotlib.pyplot",
    "pydantic_settings",
    "yaml",
    "airflow.sdk",
    "airflow.sdk.execution_time.task_runner",
    "airflow.providers.standard.operators.hitl",
    "airflow.providers.standard.operators.python",
)


def main() -> None:
    """Import what is worth sharing, then become ``airflow <part>``."""
    if sys.argv[1] == "scheduler":
        for name in PRELOADED:
            importlib.import_module(name)
    sys.argv[0] = "airflow"
    runpy.run_module("airflow", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
