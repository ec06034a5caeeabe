"""What people build when they have no platform: the same work behind plain servers.

Each app reads a message with MiniLM for intent, sentiment and a vector, and finds the nearest of
the indexed texts. Weights of the heads are of no account here and are drawn: the work is the same.
Run as ``python -m benchmarks.serving_peers pipelines|shared PORT``.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TEXTS = 8000
"""Vectors to search, about as many as the index of the knowledge base holds."""
LABELS, FEELINGS = 44, 3
Answer = Callable[[str], dict[str, Any]]


def pipelines() -> Answer:
    """Three transformers pipelines, one after the other."""
    import torch
    from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, pipeline

    from models.support import network

    torch.set_num_threads(2)
    source = str(network.source())
    tokenizer = AutoTokenizer.from_pretrained(source)
    intent, feeling = (
        pipeline(
            "text-classification",
            AutoModelForSequenceClassification.from_pretrained(source, num_labels=count),
            tokenizer=tokenizer,
        )
        for count in (LABELS, FEELINGS)
    )
    vector = pipeline("feature-extraction", AutoModel.from_pretrained(source), tokenizer=tokenizer)
    known = _known()

    def answer(text: str) -> dict[str, Any]:
        found = np.asarray(vector(text)[0], "float32").mean(axis=0)
        nearest = int((known @ (found / np.linalg.norm(found))).argmax())
        return {"intent": intent(text)[0], "sentiment": feeling(text)[0], "nearest": nearest}

    return answer


def shared() -> Answer:
    """One encoder in PyTorch, two linear heads on its vector."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from models.support import network

    torch.set_num_threads(2)
    source = str(network.source())
    tokenizer, model = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source)
    heads = [torch.nn.Linear(384, count).eval() for count in (LABELS, FEELINGS)]
    known = _known()
    model.eval()

    @torch.inference_mode()
    def answer(text: str) -> dict[str, Any]:
        given = tokenizer(text, return_tensors="pt", truncation=True)
        vector = model(**given).last_hidden_state[0].mean(0)
        intent, feeling = (int(head(vector).argmax()) for head in heads)
        found = vector.numpy()
        nearest = int((known @ (found / np.linalg.norm(found))).argmax())
        return {"intent": intent, "sentiment": feeling, "nearest": nearest}

    return answer


def _known() -> np.ndarray[Any, np.dtype[np.float32]]:
    drawn = np.random.default_rng(7).standard_normal((TEXTS, 384)).astype("float32")
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def save_for_mlflow(folder: Path) -> None:
    """The shared encoder as an MLflow model, from code, for ``mlflow models serve``."""
    import mlflow

    code = Path(__file__).with_name("serving_peer_model.py")
    mlflow.pyfunc.save_model(str(folder), python_model=str(code))


def main(kind: str, port: int) -> None:
    """Serve one app until it is ended."""
    import uvicorn
    from fastapi import Body, FastAPI

    app, answer = FastAPI(), {"pipelines": pipelines, "shared": shared}[kind]()

    @app.post("/answer")
    def ask(text: str = Body(embed=True)) -> dict[str, Any]:
        return answer(text)

    @app.get("/livez")
    def live() -> dict[str, str]:
        return {"status": "ok"}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
