"""What must move, and which way, when a message gets worse."""

import pytest

from engines.support import sos

CALM = [
    "where is my driver",
    "i was charged twice for my trip",
    "my food order is missing a drink",
    "how do i change my card",
    "the parcel has not arrived",
    "the driver took a longer way",
    "i need the receipt for my ride",
    "my promo code was not accepted",
]


@pytest.fixture(scope="module")
def score(support):
    def scores(texts):
        found = support.sentiment.probabilities(support.encoder.embed(texts), texts)
        return found[:, 2] - found[:, 0]

    return scores


@pytest.mark.parametrize(
    "insult",
    ["you are useless idiots", "this is a disgusting scam of a company", "i hate this app"],
)
def test_an_insult_lowers_the_sentiment(score, insult):
    before, after = score(CALM), score([f"{text}, {insult}" for text in CALM])
    assert (after < before - 0.1).mean() >= 0.85, list(zip(CALM, before, after, strict=True))
    assert after.mean() < -0.4


@pytest.mark.parametrize(
    "praise", ["thank you so much, you are wonderful", "great service, love it"]
)
def test_praise_raises_the_sentiment(score, praise):
    before, after = score(CALM), score([f"{text}. {praise}" for text in CALM])
    assert (after > before).all(), list(zip(CALM, before, after, strict=True))
    assert after.mean() > before.mean() + 0.5


@pytest.mark.parametrize("danger", ["i am hurt and bleeding", "there was a crash and i am injured"])
def test_harm_makes_any_message_a_matter_of_danger(support, danger):
    texts = [f"{text}, {danger}" for text in CALM]
    guess = support.intent.guess(support.encoder.embed(texts), texts)
    calm = support.intent.guess(support.encoder.embed(CALM), CALM)
    assert (guess.danger > calm.danger).all()
    # whatever the model reads: rule 1 looks at the SOS list as well
    assert all(sos.count(text) for text in texts)
    assert not any(sos.count(text) for text in CALM)
