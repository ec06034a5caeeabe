"""Bundled text: where it lies, how it is split, and its vectors, computed once per encoder.

Held-out files are test rows only. What a message is used for depends on its own characters, so
that the encoder and every head agree on which texts were learned from.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml
from numpy.typing import NDArray

from core.errors import BadInput
from core.intents import LABELS
from expectations.knowledge_base import TRANSLATION_OF
from features.text import normalise
from models.contract import Artefact
from pipelines.context import Context
from pipelines.step import files_digest

DATA = Path(__file__).parents[2] / "data"
INTENTS = DATA / "utterances" / "intents"
VALIDATION = DATA / "utterances" / "validation.csv"
ASKED_ITEMS = DATA / "utterances" / "kb_validation.csv"
WORDINGS = DATA / "utterances" / "kb_wordings.csv"
INDEXED = DATA / "utterances" / "kb_wordings_indexed.csv"
SENTIMENT = DATA / "utterances" / "sentiment.csv"
HELD_OUT_INTENTS = DATA / "heldout" / "intents.jsonl"
RELABELLED = DATA / "heldout" / "relabelled.csv"
HELD_OUT_LANGUAGES = DATA / "heldout" / "languages.csv"
HELD_OUT_SENTIMENT = DATA / "heldout" / "sentiment.csv"
HELD_OUT_ITEMS = [DATA / "heldout" / name for name in ("knowledge_base.csv", "paraphrases.csv")]
KNOWLEDGE = DATA / "knowledge_base"
EMBEDDINGS = "embeddings"
TRAINING = "training"


def item_files(folder: Path = KNOWLEDGE) -> list[Path]:
    """The seed of the knowledge base, one file a category."""
    return sorted(folder.glob("*.yaml"))


def items(folder: Path = KNOWLEDGE) -> list[dict[str, Any]]:
    """Every item of the seed, with its category.

    Raises
    ------
    BadInput
        Naming the file that is not a YAML list of mappings, and where it goes wrong; or the
        folder, if no file lies there.
    """
    found = []
    files = item_files(folder)
    if not files:
        raise BadInput(f"expected YAML files of items in {folder}; there are none")
    for path in files:
        found += [{"category": path.stem, **item} for item in listed_items(path)]
    return found


def listed_items(path: Path) -> list[dict[str, Any]]:
    """The items of one YAML file; BadInput if it is no list of mappings."""
    try:
        listed = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not valid YAML in UTF-8: {error}") from None
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise BadInput(f"{path}: expected a list of items, got {type(listed).__name__}")
    return listed


def item_texts() -> pd.DataFrame:
    """Wordings and answers of the seed's items: text, label (intent), kb_code, part.

    What is said in another language counts as a text of the English item that it translates. Part
    ``wording`` is from a file of its own: how people ask, to learn from and not in the item.
    """
    known = items()
    found = [
        (normalise(text), item["intent"], item.get(TRANSLATION_OF) or item["kb_code"], part)
        for item in known
        for part, texts in (
            ("question", [item["question"]]),
            ("variant", item["variants"]),
            ("answer", [item["answer"]]),
        )
        for text in texts
    ]
    intent_of = {item["kb_code"]: item["intent"] for item in known}
    wordings = asked([WORDINGS])
    found += [
        (text, intent_of[code], code, "wording")
        for text, code in zip(wordings["text"], wordings["kb_code"], strict=True)
        if code in intent_of
    ]
    return pd.DataFrame(found, columns=["text", "label", "kb_code", "part"])


def asked(paths: Iterable[Path]) -> pd.DataFrame:
    """text, kb_code: questions, each with the item that answers it, empty if none does."""
    parts = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths]
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(text=rows["text"].map(normalise))


def intent_files(folder: Path = INTENTS) -> list[Path]:
    """Messages to learn intents from: one file a category, and one for what is out of scope."""
    return sorted(folder.glob("*.csv"))


def written(folder: Path = INTENTS) -> pd.DataFrame:
    """Every message to learn intents from: text, label."""
    parts = [labelled(path, LABELS) for path in intent_files(folder)]
    if not parts:
        raise BadInput(f"expected CSV files with columns text,label in {folder}; there are none")
    return pd.concat(parts, ignore_index=True)


def validation() -> pd.DataFrame:
    """text, label, acceptable, kind: another hand's messages, for thresholds and settings only."""
    rows = pd.read_csv(VALIDATION, dtype=str, keep_default_na=False)
    return rows.assign(text=rows["text"].map(normalise))


def labelled(path: Path, labels: Sequence[str], also: Sequence[str] = ()) -> pd.DataFrame:
    """text, label and the columns ``also`` of a CSV; BadInput names what is wrong with it."""
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (FileNotFoundError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadInput(f"{path}: expected a CSV with columns text,label; got {error}") from None
    columns = ["text", "label", *also]
    missing = [column for column in columns if column not in rows]
    if missing:
        raise BadInput(f"{path}: expected columns {','.join(columns)}; missing {missing}")
    odd = sorted(set(rows["label"]) - set(labels))
    if odd:
        raise BadInput(f"{path}: expected labels out of {list(labels)}, got {odd}")
    return rows.assign(text=rows["text"].map(normalise))[columns]


def held_out_intents() -> pd.DataFrame:
    """text, label, acceptable (``a|b``), kind; written before and apart from all training text."""
    lines = HELD_OUT_INTENTS.read_text().splitlines()
    rows = pd.DataFrame([json.loads(line) for line in lines if line.strip()])
    return pd.DataFrame(
        {
            "text": rows["text"].map(normalise),
            "label": rows["label"],
            "acceptable": rows["acceptable"].map("|".join),
            "kind": rows["kind"],
        }
    )


def held_out() -> list[str]:
    """Every text of the held-out files, normalised."""
    parts = (pd.read_csv(p, dtype=str)["text"] for p in (HELD_OUT_SENTIMENT, *HELD_OUT_ITEMS))
    return [normalise(text) for text in pd.concat([held_out_intents()["text"], *parts])]


def for_training(rows: pd.DataFrame, held_out: Iterable[str]) -> pd.DataFrame:
    """Each text once, none of them held out, marked as training text."""
    seen = {text.casefold() for text in held_out}
    key = rows["text"].str.casefold()
    kept = rows[~key.isin(seen) & ~key.duplicated()].reset_index(drop=True)
    return kept.assign(acceptable=kept["label"], kind=TRAINING)


def split(rows: pd.DataFrame, validate_share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to learn from and rows kept aside; a text falls on the same side for every model."""
    digests = (hashlib.sha256(text.casefold().encode()).digest() for text in rows["text"])
    places = np.array([int.from_bytes(found[:6], "big") / 2**48 for found in digests])
    aside = places < validate_share
    return rows[~aside].reset_index(drop=True), rows[aside].reset_index(drop=True)


def with_vectors(rows: pd.DataFrame, encoder: Artefact, ctx: Context) -> pd.DataFrame:
    """The rows with columns ``embedding`` (384 numbers) and ``encoder_sha256``.

    Read from the lake if this encoder met exactly these texts before.
    """
    from models.support.encoder import encoder_sha256

    sha = encoder_sha256(encoder)
    vectors = _vectors(rows["text"].tolist(), sha, encoder, ctx)
    return rows.assign(embedding=list(vectors), encoder_sha256=sha)


def with_intents(rows: pd.DataFrame, intent: Artefact) -> pd.DataFrame:
    """Rows with vectors, with a column ``intent_probabilities`` (44 numbers) beside."""
    from models.support import heads
    from models.support import intent as model

    vectors = heads.stack(rows["embedding"].tolist())
    guess = model.load(intent).guess(vectors, rows["text"].tolist())
    return rows.assign(intent_probabilities=list(guess.probabilities))


def _vectors(texts: list[str], sha: str, encoder: Artefact, ctx: Context) -> NDArray[np.float32]:
    from models.support.encoder import WIDTH
    from models.support.known_vectors import embed

    key = f"{sha[:16]}-{hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]}"
    if not ctx.lake.has(EMBEDDINGS, key):
        flat = pa.array(embed(texts, encoder).ravel())
        table = pa.table({"vector": pa.FixedSizeListArray.from_arrays(flat, WIDTH)})
        ctx.lake.write_free(EMBEDDINGS, key, table)
    column = ctx.lake.read(EMBEDDINGS, [key])["vector"].combine_chunks()
    found: NDArray[np.float32] = column.flatten().to_numpy().reshape(-1, WIDTH)
    return found


def inputs(paths: Iterable[Path], artefacts: Mapping[str, Artefact]) -> dict[str, str]:
    """Digests of the files and of the encoder; BadInput names files that are not there."""
    from models.support.encoder import encoder_sha256

    wanted = list(paths)
    missing = [str(path) for path in wanted if not path.is_file()]
    if missing:
        raise BadInput(f"expected the bundled text {', '.join(missing)}; it is not there")
    return {
        "files": files_digest(wanted),
        **{name: encoder_sha256(artefact) for name, artefact in artefacts.items()},
    }


def about(paths: Iterable[Path]) -> dict[str, str]:
    """What a model card says about the text."""
    return {
        "text": "written for this project by a language model; no customer wrote it",
        "files": ", ".join(str(path.relative_to(DATA)) for path in paths if path.suffix != ".yaml"),
    }
