"""Pages of what a text model got wrong, in Markdown: a reviewer reads the messages themselves."""

from collections.abc import Iterable, Sequence

import pandas as pd

WORST, EXAMPLES, SHOWN = 10, 3, 160


def confusions(texts: pd.Series, labels: pd.Series, guesses: pd.Series) -> str:
    """The pairs of labels that were confused most often, each with some of its messages."""
    wrong = pd.DataFrame({"text": texts, "label": labels, "guess": guesses})
    wrong = wrong[wrong["label"] != wrong["guess"]]
    said: dict[tuple[str, str], list[str]] = {}
    for text, label, guess in wrong.itertuples(index=False, name=None):
        said.setdefault((label, guess), []).append(text)
    worst = sorted(said.items(), key=lambda pair: -len(pair[1]))[:WORST]
    rows = (
        (label, guess, f"{len(found)} of {(labels == label).sum()}", _quoted(found))
        for (label, guess), found in worst
    )
    title = f"{len(wrong)} of {len(texts)} messages were taken for something else."
    return listed(title, ("label", "guess", "messages", "for example"), rows)


def listed(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table below a sentence; its cells are Markdown already (`cell`)."""
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([title, "", *lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _quoted(texts: Sequence[str]) -> str:
    return "<br>".join(cell(text) for text in texts[:EXAMPLES])


def cell(text: str) -> str:
    """Markdown that shows the text as it is, on one line."""
    short = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    return " ".join(short.split()).replace("|", "\\|").replace("<", "&lt;")
