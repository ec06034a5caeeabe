"""A draft comes before users once it does no harm; until then what was there is served."""

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from core.errors import BadInput, ReleaseRefused
from core.params import load_params
from core.settings import Settings
from models.catalog import spec_of
from models.support import retrieval
from pipelines import artefacts, knowledge_base, training
from pipelines.bundled_encoder import bundled_artefact
from pipelines.context import Context
from pipelines.datasets import knowledge_base as dataset
from pipelines.datasets import texts
from pipelines.knowledge_base_drafts import NO_RELEASE, admit, propose
from store import releases
from store.db import migrate
from store.knowledge_base import drafts
from tests.pipelines.test_training import ROOT

KEY, NEXT = "2026-11-21", "2026-11-22"
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
NEW = {
    "kb_code": "KB9001",
    "category": "rides",
    "intent": "book_ride",
    "question": "May I bring a full-size surfboard in the vehicle?",
    "variants": ["surfboard on a ride", "will a longboard fit in the back"],
    "answer": "A surfboard that fits inside with the doors closed may come. Tell the driver in "
    "the chat as soon as one is assigned, so that the seats can be folded before the pick-up.",
    "keywords": ["surfboard", "luggage"],
    "service_types": ["RIDE"],
    "audience": "RIDER",
    "language_code": "en",
}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A store with the seed, and a release whose index ranks it."""
    home = tmp_path_factory.mktemp("drafts")
    ctx = Context(Settings(home=home), load_params(ROOT / "params.yaml", "tiny"))
    migrate(ctx.engine)
    knowledge_base.load(KEY, ctx)
    knowledge_base.snapshot(KEY, ctx)
    encoder = bundled_artefact(ctx)
    intent = training.learn(spec_of("intent"), KEY, ctx, {"encoder": encoder})[2]
    needed = {"encoder": encoder, "intent": intent}
    base = training.learn(spec_of("knowledge_base"), KEY, ctx, needed)[2]
    files = {"encoder": encoder, "knowledge_base": base}
    members = {n: {"version": "1", "files": artefacts.keep(ctx, f)} for n, f in files.items()}
    release = releases.write_manifest(ctx.releases, {"members": members})
    releases.move_pointer(ctx.engine, "support", release, {"members": members}, "test", "first", AT)
    return ctx, base


@pytest.fixture
def ctx(released):
    return released[0]


def served(ctx):
    knowledge_base.snapshot(NEXT, ctx)
    rows = pq.read_table(ctx.lake.path("knowledge_base", NEXT)).to_pylist()
    return {row["kb_code"]: row for row in rows}


def test_a_new_item_waits_and_is_admitted_at_night(ctx):
    propose([NEW], "jo", AT, ctx)
    assert NEW["kb_code"] not in served(ctx)
    assert admit(NEXT, ctx) == {"admitted": ["KB9001"], "drafts": {}}
    assert served(ctx)["KB9001"]["item_version"] == 2
    assert admit(NEXT, ctx) == {"admitted": [], "drafts": {}}


def test_a_changed_item_is_served_as_it_was_until_the_change_is_admitted(ctx):
    old = next(item for item in texts.items() if item["kb_code"] == "KB0101")
    better = old["answer"].replace("A decline comes", "Usually a decline comes")
    propose([{**old, "answer": better}], "jo", AT, ctx)
    assert served(ctx)["KB0101"]["answer"] == old["answer"]
    assert admit(NEXT, ctx)["admitted"] == ["KB0101"]
    assert served(ctx)["KB0101"]["answer"] == better
    assert "KB0101" not in knowledge_base.load(KEY, ctx)["conflicts"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"answer": "Ask the driver."}, "12 to 120 words"),
        ({"answer": NEW["answer"] + " A cancellation costs 77 % of the fare."}, "77 %"),
        ({"intent": "lost_item"}, "not of category rides"),
    ],
)
def test_what_the_linter_refuses_stays_a_draft(ctx, change, why):
    item = {**NEW, "kb_code": "KB9002", "question": "Can I take a kayak along?", **change}
    propose([item], "jo", AT, ctx)
    found = admit(NEXT, ctx)
    assert found["admitted"] == []
    assert why in found["drafts"]["KB9002"]
    with ctx.engine.connect() as connection:
        waiting = [version.item["kb_code"] for version in drafts(connection).values()]
    assert "KB9002" in waiting
    assert "KB9002" not in served(ctx)


def test_an_item_that_takes_the_questions_of_another_stays_a_draft(ctx):
    asked = texts.asked([texts.ASKED_ITEMS])
    victim = asked[asked["kb_code"] == "KB0101"]["text"].iloc[0]
    thief = {
        **NEW,
        "kb_code": "KB9003",
        "answer": NEW["answer"].replace("surfboard", "bicycle"),
        "question": victim,
        "variants": [victim + " please", "card"],
    }
    propose([thief], "jo", AT, ctx)
    assert victim in admit(NEXT, ctx)["drafts"]["KB9003"]


def test_without_a_release_nothing_is_admitted(tmp_path):
    ctx = Context(Settings(home=tmp_path), load_params(ROOT / "params.yaml", "tiny"))
    migrate(ctx.engine)
    propose([NEW], "jo", AT, ctx)
    assert admit(NEXT, ctx)["drafts"] == {"KB9001": NO_RELEASE}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"answer": ""}, "answer: String should have at least 1 character"),
        ({"answer": 7}, "answer: Input should be a valid string"),
        ({"kb_code": 9003}, "kb_code: Input should be a valid string"),
        ({"audience": "PASSENGER"}, "audience: Input should be 'RIDER'"),
        ({"question": "x" * 600}, "question: String should have at most 500"),
        ({"service_types": 5}, "service_types: Input should be a valid list"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_an_item_that_cannot_be_stored_is_refused_with_what_is_wrong(ctx, change, told):
    with pytest.raises(BadInput, match=told):
        propose([{**NEW, "kb_code": "KB9004"}, {**NEW, **change}], "jo", AT, ctx)
    assert "KB9004" not in admit(NEXT, ctx)["drafts"]


def test_a_changed_original_that_its_translation_contradicts_stays_a_draft(ctx):
    old = next(item for item in texts.items() if item["kb_code"] == "KB0001")
    propose([{**old, "answer": old["answer"] + " Allow 42 seconds."}], "jo", AT, ctx)
    assert "KB2001" in admit(NEXT, ctx)["drafts"]["KB0001"]


def test_a_seed_that_changes_beside_a_draft_is_a_conflict(ctx, monkeypatch):
    items = texts.items()
    old = next(item for item in items if item["kb_code"] == "KB0003")
    propose([{**old, "answer": "Ask the driver."}], "jo", AT, ctx)
    changed = [{**i, "keywords": ["anew"]} if i["kb_code"] == "KB0003" else i for i in items]
    monkeypatch.setattr(texts, "items", lambda: changed)
    assert knowledge_base.load(KEY, ctx)["conflicts"] == ["KB0003"]


def test_a_draft_of_tomorrow_waits_for_its_night(ctx):
    later = datetime(2026, 11, 24, tzinfo=UTC)
    item = {
        **NEW,
        "kb_code": "KB9005",
        "question": "Does a canoe fit?",
        "answer": NEW["answer"] + " Bye.",
    }
    propose([item], "jo", later, ctx)
    found = admit(NEXT, ctx)
    assert "KB9005" not in found["admitted"] and "KB9005" not in found["drafts"]


def test_an_index_takes_vectors_of_its_own_encoder_only(released):
    ctx, base = released
    known = dataset.parts(pq.read_table(ctx.lake.path("knowledge_base", KEY)).to_pandas()).head()
    other = known.assign(embedding=[[0.0] * 384] * len(known), encoder_sha256="another")
    with pytest.raises(ReleaseRefused, match="got another"):
        retrieval.reindexed(base, other)
