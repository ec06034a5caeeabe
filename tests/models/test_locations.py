"""The tagger of places: what it learns, what it leaves alone, how it is counted."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput
from core.params import load_params
from core.settings import settings
from features.places import describe, tokens
from models.support import locations
from pipelines.datasets import annotated
from pipelines.datasets.locations import rows

PARAMS = load_params(settings().params, "tiny").locations


@pytest.fixture(scope="module")
def learned():
    known = rows(annotated.LEARNED)
    test = known.iloc[::5]
    train = known.drop(test.index)
    artefact = locations.fit(train, train.iloc[::6], PARAMS)
    return train, test, locations.load(artefact), artefact


def test_it_finds_places_that_it_has_not_seen_and_beats_the_baseline(learned):
    train, test, tagger, _ = learned
    found = locations.score(tagger.predict(test), test)
    beside = locations.score(locations.baseline(train, test, PARAMS), test)
    assert found["f1"] > max(0.7, beside["f1"])
    assert found["f1"] == locations.primary(tagger.predict(test), test)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("pick me up at 7 Walnut Street please", ["7 Walnut Street"]),
        ("from Terminal 2 to Chelsea Market", ["Terminal 2", "Chelsea Market"]),
        ("my driver was rude and late", []),
        ("", []),
    ],
)
def test_what_is_found_is_what_was_named(learned, text, places):
    assert [text[start:end] for start, end, _ in learned[2].find(text)] == places


def test_a_word_piece_tells_a_city_from_a_make_of_car_without_capitals(learned):
    tagger = learned[2]
    assert [t[0:2] for t in tagger.find("going to croydon")] == [(9, 16)]
    assert tagger.find("going to upgrade") == []


def test_a_long_message_of_marks_is_read_in_no_time(learned):
    began = time.process_time()
    assert learned[2].find("!" * 5000) == []
    assert time.process_time() - began < 1.5  # 4 s when every mark looked at every piece


def test_what_rules_have_read_is_no_place(learned):
    text = "I paid at ORD5550001"
    assert "taken" in describe(text, tokens(text), [(10, 20)])[-1]
    assert "taken" not in describe(text, tokens(text), [(10, 20)])[0]


def test_the_same_bytes_from_the_same_rows(learned):
    train, _, _, artefact = learned
    assert locations.fit(train, train.iloc[::6], PARAMS) == artefact


def test_nothing_is_inside_before_it_began():
    logs = np.log(np.array([[0.2, 0.2, 0.6], [0.1, 0.2, 0.7], [0.8, 0.1, 0.1]]))
    assert locations._best(logs).tolist() == [locations.BEGIN, locations.INSIDE, locations.OUTSIDE]


def test_only_exact_spans_count():
    known = pd.DataFrame({"text": ["a b c", "d"], "places": ["[[0, 3]]", "[]"]})
    said = pd.DataFrame({"places": ["[[0, 5]]", "[]"]})
    assert locations.score(said, known)["f1"] == 0
    assert locations.losses(said, known).tolist() == [1, 0]


def test_a_mark_becomes_a_span_of_the_plain_text(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("my [order_id:ORD55120] to [location:Oak Road 4]!\n")
    (message,) = annotated.read(file)
    assert message.text == "my ORD55120 to Oak Road 4!"
    assert [message.text[e.start : e.end] for e in message.entities] == ["ORD55120", "Oak Road 4"]
    assert json.loads(rows(file)["places"][0]) == [[15, 25]]


@pytest.mark.parametrize("line", ["my [ordr:ORD55120]", "my [location:Oak Road", "a ] b"])
def test_a_mark_that_means_nothing_is_named_with_its_line(tmp_path, line):
    file = tmp_path / "a.txt"
    file.write_text(f"fine\n{line}\n")
    with pytest.raises(BadInput, match=r"a\.txt:2: expected"):
        annotated.read(file)
