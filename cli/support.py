"""`tripo answer` and `tripo kb`: the support release on this machine, without a server."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.show import Json, show
from core.enums import Audience
from core.errors import ModelMissing
from engines.support.language import OWN_NAMES
from models.catalog import spec_of
from pipelines.context import Context

if TYPE_CHECKING:
    from engines.support.answering import SupportRelease

KNOWLEDGE = Path(__file__).parents[1] / "data" / "knowledge_base"
kb = typer.Typer(
    name="kb", help="The knowledge base: lint, load, search, evaluate.", no_args_is_help=True
)
Asker = Annotated[Audience, typer.Option(help="who asks")]
LONGEST = 5000


def _question(text: str) -> str:
    if not 1 <= len(text.strip()) <= LONGEST:
        raise typer.BadParameter(f"expected 1 to {LONGEST} characters, got {len(text.strip())}")
    return text


def _language(code: str) -> str:
    known = sorted(OWN_NAMES)
    if code and code.lower() not in known:
        raise typer.BadParameter(f"expected one of {', '.join(known)}, got {code!r}")
    return code.lower()


Language = Annotated[
    str, typer.Option(help="two letters, like en, es, fr; detected if left out", callback=_language)
]
Question = Annotated[str, typer.Argument(help="what a user would type", callback=_question)]


def release(ctx: Context) -> "SupportRelease":
    """The support release that the pointer names; ModelMissing before the first."""
    from pipelines.city_policies import serving_release

    found = serving_release(ctx)
    if found is None:
        raise ModelMissing("no support release yet: train and evaluate first (`tripo run`)")
    return found


def answer(
    message: Question,
    audience: Asker = Audience.RIDER,
    language: Language = "",
    as_json: Json = False,
) -> None:
    """What the assistant says to one message, and why: action, intent, confidence, sources.

    Example: tripo answer "my driver took a longer route and I paid more than the quote"
    """
    from dataclasses import asdict

    from engines.support.answering import Message, answer_one

    given = Message(
        text=message,
        audience=audience.value,
        language_code=language,
        asked_at=datetime.now().astimezone(),
    )
    show(asdict(answer_one(release(Context.load()), given)), as_json)


@kb.command()
def load(as_json: Json = False) -> None:
    """Bring data/knowledge_base into the table; items that people edited are left and named."""
    from pipelines.knowledge_base import load as bring
    from store.db import migrate

    ctx = Context.load()
    migrate(ctx.engine)
    show(bring(datetime.now(UTC).date().isoformat(), ctx), as_json)


@kb.command()
def lint(
    folder: Annotated[Path, typer.Option(help="YAML files, one a category")] = KNOWLEDGE,
    as_json: Json = False,
) -> None:
    """Shape of the seed's items, every figure held against data/policies.yaml, repeated questions.

    Exit 1 if anything is wrong. How an item is written: docs/knowledge_base.md
    """
    from pipelines.knowledge_base_lint import lint as check

    found = check(Context.load(), folder)
    show(found, as_json)
    if found["problems"]:
        raise typer.Exit(1)


@kb.command()
def draft(
    file: Annotated[Path, typer.Argument(help="YAML list of items as in the seed, with category")],
    by: Annotated[str, typer.Option(help="who wrote them")],
    as_json: Json = False,
) -> None:
    """Propose new or changed items; each night those that do no harm come before users.

    What is served stays until then. `tripo kb admit` does it now and says why a draft stays one.
    """
    from pipelines.datasets.texts import listed_items
    from pipelines.knowledge_base_drafts import propose

    codes = propose(listed_items(file), by, datetime.now(UTC), Context.load())
    show({"drafts": codes}, as_json)


@kb.command()
def admit(as_json: Json = False) -> None:
    """Hold every draft against the linter and the frozen questions; what passes is an item.

    The next run of the knowledge_base DAG snapshots and indexes it.
    """
    from pipelines.knowledge_base_drafts import admit as judge

    show(judge(datetime.now(UTC).date().isoformat(), Context.load()), as_json)


@kb.command()
def search(
    question: Question,
    audience: Asker = Audience.RIDER,
    language: Language = "",
    as_json: Json = False,
) -> None:
    """The five best items for a question, with the confidence that the first one answers it."""
    from engines.support.answering import Message, rows_of

    loaded = release(Context.load())
    asked = Message(text=question, audience=audience.value, language_code=language)
    found = loaded.retriever.predict(rows_of(loaded, [asked])).iloc[0]
    codes = [code for code in found.filter(regex=r"^kb_\d+$") if code]
    hits: list[dict[str, Any]] = [
        {name: loaded.items[code][name] for name in ("kb_code", "intent", "question", "answer")}
        for code in codes
    ]
    show({"confidence": float(found["confidence"]), "hits": hits}, as_json)


@kb.command("eval")
def evaluate(as_json: Json = False) -> None:
    """Retrieval of the serving release on the held-out questions: recall, MRR, calibration."""
    from models.support import retrieval
    from pipelines import artefacts
    from pipelines.datasets import knowledge_base as dataset

    ctx = Context.load()
    loaded = release(ctx)
    needed = {name: artefacts.champion(name, ctx) or {} for name in spec_of("knowledge_base").needs}
    day = ctx.lake.keys(dataset.SNAPSHOT)[-1]
    rows = dataset.build(day, ctx, needed).test
    figures = retrieval.score(loaded.retriever.predict(rows), rows)
    show({"release": loaded.release_id, "questions": len(rows), **figures}, as_json)
