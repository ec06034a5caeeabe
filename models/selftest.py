"""Self-test rows: a few inputs and the predictions they gave, kept with the model and replayed.

They travel as ``selftest.json`` inside the artefact. A model that does not give the same answers
after loading (another library version, a damaged file, a wrong encoder) never serves.
"""

import io
import json

import numpy as np
import pandas as pd

from core.errors import ReleaseRefused
from models.contract import Predictor

FILE = "selftest.json"
TOLERANCE = 1e-3


def make(predictor: Predictor, rows: pd.DataFrame) -> bytes:
    """The rows and what the predictor says to them, as JSON."""
    frame = rows.reset_index(drop=True)
    return json.dumps(
        {
            "rows": frame.to_json(orient="table", index=False, double_precision=15),
            "expected": predictor.predict(frame).to_json(
                orient="table", index=False, double_precision=15
            ),
        }
    ).encode()


def rows_of(content: bytes) -> pd.DataFrame:
    """The self-test inputs."""
    return _frame(json.loads(content)["rows"])


def _frame(table: str) -> pd.DataFrame:
    return pd.read_json(io.StringIO(table), orient="table", precise_float=True)


def replay(name: str, predictor: Predictor, content: bytes) -> int:
    """Predict the self-test rows again; the number of rows replayed.

    Raises
    ------
    ReleaseRefused
        If a column is missing, a word differs, or a number is further off than ``TOLERANCE``.
    """
    stored = json.loads(content)
    expected = _frame(stored["expected"])
    given = predictor.predict(_frame(stored["rows"])).reset_index(drop=True)
    for column in expected.columns:
        if column not in given:
            raise ReleaseRefused(f"{name}: expected a prediction column {column!r}; it is missing")
        want, got = expected[column], given[column]
        if pd.api.types.is_numeric_dtype(want):
            same = np.allclose(
                want.astype(float), got.astype(float), atol=TOLERANCE, equal_nan=True
            )
        else:
            same = want.astype(str).tolist() == got.astype(str).tolist()
        if not same:
            raise ReleaseRefused(
                f"{name}: self-test column {column!r} expected {want.tolist()[:3]}, "
                f"got {got.tolist()[:3]}: the model does not behave as it did when it was judged"
            )
    return len(expected)
