"""Bundled text: where it lies, how it is split, and its vectors, computed once per encoder.

Held-out files are test rows only. What a message is used for depends on its own characters, so
that the encoder and every head agree on which texts were learned from.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml

from core.errors import BadInput
from features.text import normalise
from models.contract import Artefact
from pipelines.context import Context
from pipelines.step import files_digest

BUNDLED = Path(__file__).parents[2] / "data"
UTTERANCES = BUNDLED / "utterances"
HELDOUT = BUNDLED / "heldout"
KNOWLEDGE = BUNDLED / "knowledge_base"
EMBEDDINGS = "embeddings"
TRAINING = "training"


def knowledge_files() -> list[Path]:
    """The seed of the knowledge base, one file a category."""
    return sorted(KNOWLEDGE.glob("*.yaml"))


def digest(paths: Iterable[Path]) -> str:
    """One digest over bundled files; BadInput names those that are not there."""
    wanted = list(paths)
    missing = [str(path) for path in wanted if not path.is_file()]
    if missing:
        raise BadInput(f"expected the bundled text {', '.join(missing)}; it is not there")
    return files_digest(wanted)


def labelled(path: Path, labels: Sequence[str]) -> pd.DataFrame:
    """A CSV with columns text and label; BadInput names what is wrong with it."""
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: expected a CSV with columns text,label; got {error}") from None
    missing = [column for column in ("text", "label") if column not in rows]
    if missing:
        raise BadInput(f"{path}: expected columns text,label; missing {missing}")
    odd = sorted(set(rows["label"]) - set(labels))
    if odd:
        raise BadInput(f"{path}: expected labels out of {list(labels)}, got {odd}")
    return rows.assign(text=rows["text"].map(normalise))[["text", "label"]]


def heldout_intents() -> pd.DataFrame:
    """text, label, acceptable (``a|b``), kind; written before and apart from all training text."""
    lines = (HELDOUT / "intents.jsonl").read_text().splitlines()
    rows = pd.DataFrame([json.loads(line) for line in lines if line.strip()])
    return pd.DataFrame(
        {
            "text": rows["text"].map(normalise),
            "label": rows["label"],
            "acceptable": rows["acceptable"].map("|".join),
            "kind": rows["kind"],
        }
    )


def knowledge_questions() -> pd.DataFrame:
    """English questions and variants of the seed as text, label (their intent)."""
    items = [item for path in knowledge_files() for item in yaml.safe_load(path.read_text())]
    pairs = [
        (normalise(text), item["intent"])
        for item in items
        if item.get("language_code") == "en"
        for text in (item["question"], *item["variants"])
    ]
    return pd.DataFrame(pairs, columns=["text", "label"])


def for_training(rows: pd.DataFrame, heldout: Iterable[str]) -> pd.DataFrame:
    """Each text once, none of them held out, marked as training text."""
    seen = {text.casefold() for text in heldout}
    key = rows["text"].str.casefold()
    kept = rows[~key.isin(seen) & ~key.duplicated()].reset_index(drop=True)
    return kept.assign(acceptable=kept["label"], kind=TRAINING)


def split(rows: pd.DataFrame, validate_share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and validation rows; a text falls on the same side for every model."""
    digests = (hashlib.sha256(text.casefold().encode()).digest() for text in rows["text"])
    places = np.array([int.from_bytes(found[:6], "big") / 2**48 for found in digests])
    aside = places < validate_share
    return rows[~aside].reset_index(drop=True), rows[aside].reset_index(drop=True)


def embedded(rows: pd.DataFrame, encoder: Artefact, ctx: Context) -> pd.DataFrame:
    """``rows`` with a column ``embedding``, read from the lake if this encoder met the texts."""
    from models.support.encoder import encoder_sha256

    sha = encoder_sha256(encoder)
    vectors = _vectors(rows["text"].tolist(), sha, encoder, ctx)
    found = rows.assign(embedding=list(vectors))
    found.attrs = {"encoder_sha256": sha}
    return found


def _vectors(
    texts: list[str], sha: str, encoder: Artefact, ctx: Context
) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    from models.support.encoder import WIDTH, load

    key = f"{sha[:16]}-{hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]}"
    if not ctx.lake.has(EMBEDDINGS, key):
        flat = pa.array(load(encoder).embed(texts).ravel())
        table = pa.table({"vector": pa.FixedSizeListArray.from_arrays(flat, WIDTH)})
        ctx.lake.write_free(EMBEDDINGS, key, table)
    column = ctx.lake.read(EMBEDDINGS, [key])["vector"].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, WIDTH)
