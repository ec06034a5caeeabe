"""Vectors of bundled text: those the bundled encoder gives, of all of it."""

import json

import numpy as np
import pytest
from safetensors import safe_open

from models.support import encoder, known_vectors, network
from pipelines.datasets.encoder import bundled_texts


@pytest.fixture(scope="module")
def artefact():
    meta = {"max_tokens": 128, "batch_size": 16, "threads": 2, "cached_texts": 100}
    return {
        encoder.MODEL: encoder.bundled(),
        encoder.TOKENIZER: (network.source() / encoder.TOKENIZER).read_bytes(),
        encoder.META: json.dumps(meta).encode(),
    }


@pytest.fixture(scope="module")
def kept():
    with safe_open(encoder.BUNDLED / known_vectors.VECTORS, framework="numpy") as file:
        return file.metadata(), set(file.get_tensor("digest").tolist())


def test_the_bundled_encoder_made_them(kept, artefact):
    assert kept[0][known_vectors.ENCODER] == encoder.encoder_sha256(artefact)


def test_every_bundled_text_is_known_and_no_other(kept):
    assert kept[1] == set(known_vectors._digests(bundled_texts()).tolist())


def test_a_known_vector_is_the_one_that_would_be_computed(artefact):
    bundled = bundled_texts()
    asked = [*bundled[::500], "a sentence that nobody ever wrote down here"]
    computed = encoder.TextEncoder(artefact).embed(asked)
    read = known_vectors.embed(asked, artefact)
    assert np.allclose(np.linalg.norm(read, axis=1), 1, atol=1e-5)
    cosines = (read * computed).sum(axis=1)
    assert cosines.min() > 0.97
    assert cosines.mean() > 0.98


def test_rounding_costs_less_than_a_thousandth_of_cosine(artefact, tmp_path):
    asked = ["where is my driver"]  # alone, since a batch is quantised together
    (tmp_path / known_vectors.VECTORS).write_bytes(known_vectors.packed(asked, artefact))
    exact = encoder.TextEncoder(artefact).embed(asked)
    assert (known_vectors.embed(asked, artefact, tmp_path) * exact).sum() > 0.999


def test_known_texts_are_not_computed(artefact, tmp_path, monkeypatch):
    asked = ["where is my driver", "I was charged twice"]
    (tmp_path / known_vectors.VECTORS).write_bytes(known_vectors.packed(asked, artefact))
    monkeypatch.setattr(known_vectors, "TextEncoder", None)
    found = known_vectors.embed([*asked, *asked[:1]], artefact, tmp_path)
    assert np.array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])


def test_another_encoder_computes_for_itself(artefact, tmp_path):
    asked = ["where is my driver", "thanks"]
    known = known_vectors.packed(asked, artefact)
    (tmp_path / known_vectors.VECTORS).write_bytes(known)
    # an unknown field at the end of the file: another SHA-256, the same network
    other = {**artefact, encoder.MODEL: artefact[encoder.MODEL] + b"\xfa\x7f\x01x"}
    assert encoder.encoder_sha256(other) != encoder.encoder_sha256(artefact)
    computed = encoder.TextEncoder(other).embed(asked)
    assert np.array_equal(known_vectors.embed(asked, other, tmp_path), computed)


def test_without_a_file_everything_is_computed(artefact, tmp_path):
    asked = ["where is my driver", "thanks"]
    computed = encoder.TextEncoder(artefact).embed(asked)
    assert np.allclose(known_vectors.embed(asked, artefact, tmp_path), computed, atol=1e-6)
