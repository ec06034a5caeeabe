"""The bundled text: labelled messages, held-out messages, the knowledge base; and their vectors."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import yaml

from models.contract import Artefact
from pipelines.context import Context
from pipelines.step import files_digest

DATA = Path(__file__).parents[2] / "data"
INTENTS = DATA / "utterances" / "intents.csv"
SENTIMENT = DATA / "utterances" / "sentiment.csv"
HELD_OUT_INTENTS = DATA / "heldout" / "intents.jsonl"
HELD_OUT_SENTIMENT = DATA / "heldout" / "sentiment.csv"
HELD_OUT_ITEMS = DATA / "heldout" / "knowledge_base.csv"


def item_files() -> list[Path]:
    """The seed of the knowledge base, one file a category."""
    return sorted((DATA / "knowledge_base").glob("*.yaml"))


def items() -> list[dict[str, object]]:
    """Every item of the seed, with its category."""
    return [
        {**item, "category": path.stem}
        for path in item_files()
        for item in yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    ]


def item_texts() -> pd.DataFrame:
    """Questions and variants of the seed as text, label, kb_code."""
    rows = [
        {"text": text, "label": item["intent"], "kb_code": item["kb_code"]}
        for item in items()
        for text in [item["question"], *item["variants"]]  # type: ignore[misc]
    ]
    return pd.DataFrame(rows)


def held_out_intents() -> pd.DataFrame:
    """The held-out messages: text, label, acceptable, actions, kind. For judging only."""
    lines = HELD_OUT_INTENTS.read_text().splitlines()
    return pd.DataFrame([json.loads(line) for line in lines if line])


def split_by_text(rows: pd.DataFrame, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A fixed ``share`` of the rows for validation, chosen by a hash of the text alone."""
    place = rows["text"].map(
        lambda text: int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 16**8
    )
    return rows[place >= share], rows[place < share]


def with_vectors(rows: pd.DataFrame, encoder: Artefact) -> pd.DataFrame:
    """The rows with columns ``embedding`` (384 floats) and ``encoder_sha256``."""
    from models.support import encoder as encoders

    loaded = encoders.load(encoder)
    vectors = loaded.embed(rows["text"].tolist()).astype("float64")
    return rows.assign(embedding=list(vectors.tolist()), encoder_sha256=loaded.sha256)


def inputs(paths: list[Path], artefacts: dict[str, Artefact]) -> dict[str, str]:
    """Digests of the files and of the models that stand before."""
    before = {
        name: hashlib.sha256(artefact["model.onnx"]).hexdigest()
        for name, artefact in artefacts.items()
    }
    return {"files": files_digest(paths), **before}


def about(ctx: Context, paths: list[Path]) -> dict[str, str]:
    """What a model card says about the text."""
    return {
        "text": "written for this project by a language model; no customer wrote it",
        "files": ", ".join(str(path.relative_to(DATA)) for path in paths[:4]),
    }
