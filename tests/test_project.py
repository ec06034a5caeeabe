"""What the project says about itself is true: README, compose file, DVC stages, text hashes."""

import csv
import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml

from core.intents import LABELS
from models.catalog import CATALOG
from pipelines.datasets import annotated, texts
from pipelines.datasets.encoder import text_digests

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
ONE_SHOT = {"migrate"}


def test_every_folder_in_the_readme_exists_and_every_package_is_in_it():
    named = set(re.findall(r"^\| `([a-z_]+)/`", README, re.MULTILINE))
    assert {name for name in named if not (ROOT / name).is_dir()} == set()
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - named == set()


def test_every_make_target_in_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`?make ([a-z0-9]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_training_dag_is_in_the_readme():
    for spec in CATALOG.values():
        assert f"`{spec.dag}`" in README, spec.dag


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_each_container_has_a_health_check_and_listens_on_loopback_only(name):
    service = COMPOSE["services"][name]
    assert name in ONE_SHOT or "healthcheck" in service
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), port


def test_no_container_has_a_password_in_the_file():
    for name, service in COMPOSE["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            secret = re.search(r"PASSWORD|SECRET|TOKEN|KEY", variable)
            assert not secret or str(value).startswith("/run/secrets"), (name, variable)
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")


def test_every_dependency_of_a_container_is_a_container():
    for service in COMPOSE["services"].values():
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])


def test_the_held_out_text_is_what_was_committed():
    for line in (ROOT / "data" / "heldout" / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        content = (ROOT / "data" / "heldout" / name.lstrip("*")).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, name


def test_no_held_out_message_is_in_the_training_text():
    lines = (ROOT / "data" / "heldout" / "intents.jsonl").read_text().splitlines()
    held_out = {json.loads(line)["text"].casefold() for line in lines}
    training = set()
    for path in (ROOT / "data" / "utterances" / "intents").glob("*.csv"):
        with path.open(newline="") as file:
            training |= {row["text"].casefold() for row in csv.DictReader(file)}
    assert len(training) > 5000
    assert training & held_out == set()


def test_no_held_out_question_or_annotation_is_in_the_training_text():
    items = {text.casefold() for text in texts.asked(texts.HELD_OUT_ITEMS)["text"]}
    learned = texts.item_texts()
    assert (learned["part"] == "wording").sum() > 1000
    indexed = texts.asked([texts.INDEXED])["text"]
    shown = {text.casefold() for text in [*learned["text"], *indexed]}
    assert items & shown == set()
    frozen = {text.casefold() for text in texts.asked([texts.ASKED_ITEMS])["text"]}
    assert frozen & {text.casefold() for text in indexed} == set()
    asked = {text.casefold() for text in texts.labelled(texts.HELD_OUT_LANGUAGES, LABELS)["text"]}
    known = [*texts.written()["text"], *learned["text"]]
    assert asked & {text.casefold() for text in known} == set()
    marked, trained = (
        {message.text.casefold() for message in annotated.read(path)}
        for path in (annotated.HELD_OUT, annotated.LEARNED)
    )
    assert (len(marked) >= 300, marked & trained) == (True, set())


def test_the_bundled_encoder_is_the_one_its_recipe_names_and_knows_todays_text():
    recipe = json.loads((ROOT / "data" / "encoder" / "recipe.json").read_text())
    network = (ROOT / "data" / "encoder" / "model.onnx").read_bytes()
    assert hashlib.sha256(network).hexdigest() == recipe["sha256"]
    assert len(network) <= 25 * 2**20
    messages = text_digests()["messages"]
    assert messages == recipe["text"]["messages"], "run `tripo bundle-encoder` after a change of it"
