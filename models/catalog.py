"""Every model of the platform: names and dotted paths only, so that importing this is free.

A new model is one entry here, one module in ``models/`` and one dataset in ``pipelines/datasets``:
its DAG, gates, report and endpoint metadata follow from the entry.
"""

from dataclasses import dataclass

from core.errors import BadInput


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model: where it is learned, from what, by which DAG, into which release.

    ``params`` is its own section of params.yaml, ``reads`` are others that its rows depend on.
    """

    name: str
    product: str
    dag: str
    module: str
    dataset: str
    params: str
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    real_data_only: bool = False


_ALL = (
    ModelSpec(
        "encoder", "support", "train_encoder", "models.support.encoder",
        "pipelines.datasets.encoder", "encoder", reads=("sentiment", "knowledge_base"),
    ),
    ModelSpec(
        "intent", "support", "train_intent", "models.support.intent",
        "pipelines.datasets.intent", "intent", needs=("encoder",),
    ),
    ModelSpec(
        "sentiment", "support", "train_sentiment", "models.support.sentiment",
        "pipelines.datasets.sentiment", "sentiment", needs=("encoder",),
    ),
    ModelSpec(
        "locations", "support", "train_sentiment", "models.support.locations",
        "pipelines.datasets.locations", "locations",
    ),
    ModelSpec(
        "knowledge_base", "support", "knowledge_base", "models.support.retrieval",
        "pipelines.datasets.knowledge_base", "knowledge_base", needs=("encoder", "intent"),
    ),
    ModelSpec(
        "driver_qualification", "premium", "train_driver_qualification",
        "models.premium.qualification", "pipelines.datasets.driver_qualification",
        "driver_qualification",
    ),
    ModelSpec(
        "demand", "profit", "train_profit", "models.profit.demand",
        "pipelines.datasets.demand", "demand",
    ),
    ModelSpec(
        "acceptance", "profit", "train_profit", "models.profit.acceptance",
        "pipelines.datasets.acceptance", "acceptance",
    ),
    ModelSpec(
        "contribution", "profit", "train_profit", "models.profit.contribution",
        "pipelines.datasets.contribution", "contribution", reads=("profit_kpis", "pricing"),
    ),
    ModelSpec(
        "fare", "profit", "train_profit", "models.profit.fare",
        "pipelines.datasets.fare", "real_trips", real_data_only=True,
    ),
    ModelSpec(
        "duration", "profit", "train_profit", "models.profit.duration",
        "pipelines.datasets.duration", "real_trips", real_data_only=True,
    ),
)  # fmt: skip

CATALOG: dict[str, ModelSpec] = {spec.name: spec for spec in _ALL}
PRODUCTS: tuple[str, ...] = ("support", "premium", "profit")
NEEDED = ("support", "profit")
"""Serving is not ready without these. Premium can be refused honestly: then drivers are judged by
the rule policy, which says so."""
INDIVISIBLE = frozenset({"support"})
"""Products whose release serves with all of its models or not at all; others have rule policies."""


def spec_of(name: str) -> ModelSpec:
    """The entry of a model; BadInput names the ones there are."""
    try:
        return CATALOG[name]
    except KeyError:
        raise BadInput(f"expected a model out of {', '.join(CATALOG)}; got {name!r}") from None


def members(product: str) -> list[str]:
    """The models that a product's release binds together, in training order."""
    return [spec.name for spec in _ALL if spec.product == product]


def dag_members(dag: str) -> list[str]:
    """The models that one training DAG makes, in order."""
    return [spec.name for spec in _ALL if spec.dag == dag]
