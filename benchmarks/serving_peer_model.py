"""The MLflow peer of `tripo bench serving`: a model from code, so that nothing is pickled."""

from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel

from benchmarks.serving_peers import Answer, shared


class Peer(PythonModel):  # type: ignore[misc]  # MLflow is untyped
    """One shared encoder."""

    answer: Answer

    def load_context(self, context: Any) -> None:
        self.answer = shared()

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[Any]:
        return [self.answer(text) for text in model_input["text"]]


mlflow.models.set_model(Peer())
