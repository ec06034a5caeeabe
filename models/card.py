"""The model card, generated from the run: purpose, data, result, limits."""

from models.contract import Card, Dataset, Judgement


def render(
    name: str, key: str, about: Card, dataset: Dataset, judged: Judgement, params: dict[str, object]
) -> str:
    """The card as Markdown."""
    lines = [
        f"# {name}",
        "",
        f"**For:** {about.purpose}",
        f"**Limits:** {about.limits}",
        f"**Must not be used for:** {about.not_for}",
        "",
        "## Data",
        f"- partition key: {key}",
        f"- rows: train {len(dataset.train)}, validate {len(dataset.validate)}, "
        f"test {len(dataset.test)}",
        f"- digest: {dataset.digest}",
        *(f"- {what}: {value}" for what, value in dataset.about.items()),
        "",
        "## Result on rows never seen in training",
        f"| metric | {name} | {judged.baseline} (baseline) |",
        "|---|---|---|",
        *(
            f"| {metric} | {value:.4f} | {_shown(judged.baseline_metrics.get(metric))} |"
            for metric, value in judged.metrics.items()
        ),
        "",
        f"{judged.primary}: interval {judged.low:.4f} to {judged.high:.4f}; gain in loss over the "
        f"baseline {judged.gain_low:.5f} to {judged.gain_high:.5f}, so the baseline is "
        f"{'beaten' if judged.beats_baseline else 'NOT beaten'}.",
        "",
        "## Slices",
        "| slice | value | rows | metric | interval |",
        "|---|---|---|---|---|",
        *(
            f"| {s.name} | {s.value} | {s.rows} | {s.metric:.4f} | {s.low:.4f} to {s.high:.4f} |"
            for s in judged.slices
        ),
        "",
        "## Parameters",
        *(f"- {field}: {value}" for field, value in params.items()),
    ]
    return "\n".join(lines) + "\n"


def _shown(value: float | None) -> str:
    """Four digits; a dash where the baseline has no such figure."""
    return "–" if value is None else f"{value:.4f}"
