"""Minimum functionality and invariance of the intent model.

Source
------
Ribeiro et al. (2020), Beyond Accuracy: Behavioral Testing of NLP Models with CheckList.
"""

from pathlib import Path

import numpy as np
import pytest
import yaml

from features.text import mistype

PLAINEST = yaml.safe_load((Path(__file__).parent / "plainest.yaml").read_text())
LEAST_RIGHT = 8
"""Of an intent's ten plainest sentences."""


@pytest.fixture(scope="module")
def guessed(intents_of):
    texts = [text for sentences in PLAINEST.values() for text in sentences]
    return dict(zip(texts, intents_of(texts), strict=True))


def test_every_intent_has_its_ten_plainest_sentences():
    assert len(PLAINEST) == 43
    assert {len(set(sentences)) for sentences in PLAINEST.values()} == {10}


@pytest.mark.parametrize("intent", PLAINEST)
def test_the_plainest_sentences_are_understood(guessed, intent):
    wrong = {text: guessed[text] for text in PLAINEST[intent] if guessed[text] != intent}
    assert 10 - len(wrong) >= LEAST_RIGHT, wrong


def test_hardly_any_plain_sentence_is_missed(guessed):
    right = [guessed[t] == intent for intent, texts in PLAINEST.items() for t in texts]
    assert np.mean(right) >= 0.97


NAMED = [
    "{name} from {city} here, i can't log in to my account",
    "my driver {name} never came to pick me up in {city}",
    "i left my phone in {name}'s car near {city} station",
    "how much is a ride from {city} airport to {name} street",
    "{name} was driving dangerously through {city}",
    "i want to speak to a person, my name is {name}, {city}",
    "my parcel to {name} in {city} arrived damaged",
    "please thank {name}, best driver in {city}",
]
NAMES = ["Maria", "Ahmed", "Wei", "Olumide", "Siobhan", "Priya", "Juan", "Ingrid"]
CITIES = ["Austin", "Leeds", "Lagos", "Pune", "Ghent", "Osaka", "Quito", "Tromsø"]


@pytest.mark.parametrize("template", NAMED)
def test_names_and_cities_do_not_change_the_intent(intents_of, template):
    pairs = zip(NAMES, CITIES, strict=True)
    found = intents_of([template.format(name=name, city=city) for name, city in pairs])
    assert len(set(found)) == 1, found


@pytest.mark.parametrize(
    ("change", "least"),
    [
        (str.upper, 0.95),
        (lambda text: f"{text}!!!", 0.97),
        (lambda text: f"hi, {text}", 0.95),
        (lambda text: f"{text} please", 0.95),
        (lambda text: mistype(text, np.random.default_rng(len(text))), 0.88),
    ],
    ids=["capitals", "exclamation", "greeting", "please", "typos"],
)
def test_the_way_of_writing_hardly_changes_the_intent(guessed, intents_of, change, least):
    texts = [text for intent, sentences in PLAINEST.items() for text in sentences
             if intent != "smalltalk"]  # fmt: skip
    found = intents_of([change(text) for text in texts])
    same = [guessed[text] == now for text, now in zip(texts, found, strict=True)]
    changed = [(t, guessed[t], n) for t, n in zip(texts, found, strict=True) if guessed[t] != n]
    assert np.mean(same) >= least, changed
