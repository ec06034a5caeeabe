"""The encoder learns what it is shown, leaves alone what is frozen, and sees every row once."""

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertModel

from core.params.language import TuningParams
from features.text import mistype
from models.support.bodies import UpperBody, WholeBody
from models.support.network import pooled, source
from models.support.tuning import RETRIEVAL, _epoch, _Task, tune

PARAMS = TuningParams(
    seed=3,
    epochs=20,
    batch_size=8,
    learning_rate=0.003,
    head_learning_rate=0.01,
    frozen_layers=1,
    smoothing=0.0,
    typo_share=0.2,
    retrieval_weight=1.0,
    precision="float32",
)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(source())


def network(tokenizer):
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    return pooled(BertModel(config))


def toy() -> pd.DataFrame:
    things = ["car", "van", "bike", "truck", "taxi", "bus", "cab", "tram"]
    rows = [(f"where is my {t}", "eta", "intent") for t in things]
    rows += [(f"refund the {t} fare", "refund", "intent") for t in things]
    rows += [(f"what does a {t} cost", t, RETRIEVAL) for t in things]
    rows += [(f"price of one {t} please", t, RETRIEVAL) for t in things]
    return pd.DataFrame(rows, columns=["text", "label", "task"])


def separation(net, tokenizer) -> float:
    """How much nearer texts of one intent are than texts of two."""
    texts = ["where is my taxi", "where is my bus", "refund the taxi fare"]
    given = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        v = net.eval()(given["input_ids"], given["attention_mask"])
    return float(v[0] @ v[1] - v[0] @ v[2])


def test_texts_of_one_intent_come_closer_than_texts_of_two(tokenizer):
    net = network(tokenizer)
    before = separation(net, tokenizer)
    losses = []
    rows = toy().query("task == 'intent'")
    tune(net, tokenizer, rows, PARAMS, lambda step, steps, loss: losses.append(loss))
    assert separation(net, tokenizer) > before + 0.2
    assert losses[-1] < losses[0]


def test_frozen_layers_and_word_embeddings_stay_as_they_were(tokenizer):
    net = network(tokenizer)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    tune(net, tokenizer, toy(), PARAMS.model_copy(update={"epochs": 1}))
    moved = {name for name, p in net.named_parameters() if not torch.equal(p, before[name])}
    assert any("layer.1." in name for name in moved)
    assert not any("embeddings" in name or "layer.0." in name for name in moved)


@pytest.mark.parametrize("frozen", [1, 2])
def test_remembered_layers_give_the_vectors_of_the_whole_network(tokenizer, frozen):
    net = network(tokenizer)
    texts = ["where is my taxi", "refund", "one text that is longer than all the others here"]
    params = PARAMS.model_copy(update={"frozen_layers": frozen})
    upper = UpperBody(net, tokenizer, params)
    upper.prepare(texts[:2])
    net.eval()
    with torch.no_grad():
        found, wanted = upper.embed(texts), WholeBody(net, tokenizer, params).embed(texts)
    assert torch.allclose(found, wanted, atol=2e-3)


def test_an_epoch_shows_every_row_once_and_no_item_twice_in_a_batch(tokenizer):
    net = network(tokenizer)
    parts = {str(n): part for n, part in toy().groupby("task")}
    body = WholeBody(net, tokenizer, PARAMS)
    tasks = {name: _Task(name, part, body) for name, part in parts.items()}
    seen: dict[str, list[int]] = {name: [] for name in tasks}
    for name, places in _epoch(tasks, 4, np.random.default_rng(5)):
        seen[name] += places.tolist()
        if name == RETRIEVAL:
            codes = tasks[name].codes[places]
            assert len(set(codes)) == len(codes)
    for name, places in seen.items():
        assert sorted(places) == list(range(len(parts[name]))), name


def test_a_mistyped_text_differs_in_few_letters_and_the_same_seed_mistypes_alike():
    text = "the driver never came and i was charged for waiting"
    found = mistype(text, np.random.default_rng(6))
    assert found != text
    assert found == mistype(text, np.random.default_rng(6))
    assert abs(len(found) - len(text)) <= 8
