"""Parameters of the text models and the knowledge base."""

from pydantic import Field

from core.params.base import Section


class EncoderParams(Section):
    """The sentence encoder that every text model shares."""

    max_tokens: int = Field(gt=8, le=256)
    batch_size: int = Field(gt=0)
    threads: int = Field(gt=0, le=16, description="of one forward pass")


class IntentParams(Section):
    """The intent head."""

    seed: int
    c: float = Field(gt=0, description="inverse regularisation of the logistic regression")
    dimensions: int = Field(gt=0, description="hashed n-grams")
    directions: int = Field(gt=0, description="what the n-grams are projected to for fitting")
    lexical_weight: float = Field(gt=0, description="length of an n-gram row beside a unit vector")
    validate_share: float = Field(gt=0, lt=1)
    false_reject_rate: float = Field(
        gt=0, lt=1, description="share of in-scope messages the out-of-scope threshold may reject"
    )


class SentimentParams(Section):
    """The sentiment head."""

    seed: int
    c: float = Field(gt=0)
    dimensions: int = Field(gt=0)
    directions: int = Field(gt=0)
    lexical_weight: float = Field(gt=0)
    validate_share: float = Field(gt=0, lt=1)


class KnowledgeBaseParams(Section):
    """Retrieval over the knowledge base."""

    top_k: int = Field(gt=0, le=20)
    seed: int
    garble_share: float = Field(gt=0, lt=1, description="of words left out of practice questions")
    penalty: float = Field(gt=0, description="on the squared weights of the fusion")
    bm25_k1: float = Field(gt=0)
    bm25_b: float = Field(ge=0, le=1)
