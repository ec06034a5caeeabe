"""How a model got better while it learned: kept in its meta file, drawn for the reviewer."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.contract import Artefact

if TYPE_CHECKING:
    from matplotlib.figure import Figure

META, CURVE = "meta.json", "learning_curve"
MOST_POINTS = 60


def curve(x: str, y: str, points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """What goes into the meta file: names of the axes, and at most 60 points evenly spread."""
    step = max(1, -(-len(points) // MOST_POINTS))
    kept = [*points[:-1:step], points[-1]] if points else []
    return {"x": x, "y": y, "points": [[float(a), round(float(b), 6)] for a, b in kept]}


def pictures(artefact: Artefact) -> "dict[str, Figure]":
    """The curve of an artefact; nothing for a model that has none."""
    found = json.loads(artefact.get(META, b"{}")).get(CURVE)
    if not found or not found["points"]:
        return {}
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(*zip(*found["points"], strict=True), marker="." if len(found["points"]) < 12 else "")
    axes.set(xlabel=found["x"], ylabel=found["y"], title="Learning curve")
    return {CURVE: figure}
