"""Parameters of the text models and the knowledge base."""

from typing import Literal

from pydantic import Field

from core.params.base import Section


class TuningParams(Section):
    """How the encoder is fine-tuned."""

    seed: int
    epochs: int = Field(gt=0)
    batch_size: int = Field(gt=1)
    learning_rate: float = Field(gt=0)
    head_learning_rate: float = Field(gt=0)
    frozen_layers: int = Field(ge=0, le=6, description="lowest layers left as they were published")
    smoothing: float = Field(ge=0, lt=1, description="of the labels")
    typo_share: float = Field(ge=0, le=1, description="of texts that are mistyped when seen")
    retrieval_weight: float = Field(ge=0, description="of the contrastive loss")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        description="of the multiplications; auto: bfloat16 where the processor has it"
    )


class EncoderParams(Section):
    """The sentence encoder that every text model shares."""

    recipe: Literal["bundled", "quick", "full", "plain"] = Field(
        description="the bundled network, one tuned now by that recipe, or MiniLM as published"
    )
    quick: TuningParams = Field(description="upper layers only: minutes on two cores")
    full: TuningParams = Field(description="every layer; what the bundled network was made by")
    probe_per_label: int = Field(gt=0, description="known messages of an intent to be nearest to")
    judged_per_label: int = Field(gt=0, description="held-out messages of an intent, at most")

    max_tokens: int = Field(gt=8, le=256)
    batch_size: int = Field(gt=0)
    threads: int = Field(gt=0, le=16, description="of one forward pass")
    cached_texts: int = Field(gt=0, description="texts whose vectors are remembered, in a process")

    @property
    def tuning(self) -> TuningParams | None:
        """How the recipe tunes now; None where it tunes nothing."""
        return {"quick": self.quick, "full": self.full}.get(self.recipe)


class IntentParams(Section):
    """The intent head."""

    seed: int
    most_per_label: int = Field(gt=0, description="messages of a label to learn from, at most")
    c: float = Field(gt=0, description="inverse regularisation of the logistic regression")
    dimensions: int = Field(gt=0, description="hashed n-grams")
    directions: int = Field(gt=0, description="what the n-grams are projected to for fitting")
    lexical_weight: float = Field(gt=0, description="length of an n-gram row beside a unit vector")
    corrections_per_writer: int = Field(
        gt=0, description="accepted corrections of one person's messages that count, at most"
    )
    corrections_share: float = Field(
        ge=0, lt=1, description="corrections beside a label's other messages, at most"
    )
    false_reject_rate: float = Field(
        gt=0, lt=1, description="share of in-scope messages the out-of-scope threshold may reject"
    )


class SentimentParams(Section):
    """The sentiment head."""

    seed: int
    cs: tuple[float, ...] = Field(min_length=1, description="strengths to choose among")
    dimensions: int = Field(gt=0)
    directions: int = Field(gt=0)
    lexical_weight: float = Field(gt=0)
    validate_share: float = Field(gt=0, lt=1)


class LocationsParams(Section):
    """The tagger of places."""

    seed: int
    cs: tuple[float, ...] = Field(min_length=1, description="strengths to choose among")
    dimensions: int = Field(gt=0)
    directions: int = Field(gt=0, le=384, description="of MiniLM's table of word pieces")
    piece_weight: float = Field(gt=0)
    validate_share: float = Field(gt=0, lt=1)


class KnowledgeBaseParams(Section):
    """Retrieval over the knowledge base."""

    top_k: int = Field(gt=0, le=20)
    seed: int
    validate_share: float = Field(
        gt=0,
        lt=1,
        description="of variants the encoder is not tuned on: confidence is learned there",
    )
    penalty: float = Field(gt=0, description="on the squared weights of the fusion")
    bm25_k1: float = Field(gt=0)
    bm25_b: float = Field(ge=0, le=1)


class TextFilesParams(Section):
    """Learning a text model from files of one's own."""

    validate_share: float = Field(
        gt=0, lt=1, description="of training rows kept aside where no validation file is given"
    )
