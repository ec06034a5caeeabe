"""The linter finds what it is for in a seed that is otherwise clean."""

import json

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from cli.main import app
from core.params import load_params
from core.settings import settings
from expectations.knowledge_base import problems
from pipelines.datasets import texts
from pipelines.knowledge_base_lint import POLICIES, allowed, mistranslated, repeated, wrong_figures


@pytest.fixture(scope="module")
def known():
    params = load_params(settings().params, "full")
    return allowed(yaml.safe_load(POLICIES.read_text()), params)


@pytest.mark.parametrize(
    "answer",
    [
        "Cancel free within 2 minutes of the match; later it is $5 or 10% of the fare, up to $20.",
        "Three minutes of waiting are free, then 30 cents a minute.",
        "Refunds arrive in 3 to 5 business days once decided within 24 hours.",
        "The phone line is open from 6:00 to 23:00 local time.",
        "PREMIUM costs $19.99 a month or ten months' price, $199.90, a year.",
        "For example, a trip of $34 earns points at once.",
    ],
)
def test_what_the_company_decided_is_fine(known, answer):
    assert list(wrong_figures(answer, known)) == []


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("Free within 2 minutes, then it is $6.", "'$6'"),
        ("Waiting time is free for 5 hours.", "'5 hours'"),
        ("You pay 12% of the fare when you cancel.", "'12%'"),
        # a figure of something else: 10 business days stand nowhere, 15 % is a tip, not a fee
        ("Your refund is paid in 10 business days.", "'10 business days'"),
        ("If you cancel late, 15% of the fare is due.", "'15%'"),
        ("The phone line opens at 8:00.", "'8:00'"),
        ("You must have held a licence for 2 years.", "'2 years'"),
    ],
)
def test_a_figure_that_disagrees_is_found(known, answer, wrong):
    found = list(wrong_figures(answer, known))
    assert len(found) == 1
    assert found[0].startswith(wrong)


def test_questions_that_mean_the_same_and_answers_that_are_the_same():
    items = [
        {"kb_code": code, "language_code": language, "answer": answer}
        for code, language, answer in (
            ("KB0001", "en", "Tap Help."), ("KB0002", "en", "tap  help."),
            ("KB0003", "es", "Pulsa."),
        )
    ]  # fmt: skip
    vectors = np.eye(3, 384, dtype="float32")
    vectors[1] = vectors[2] = vectors[0]
    assert list(repeated(items, vectors)) == [
        "KB0002: asks what KB0001 asks, 1.00 alike",
        "KB0002: answers word for word what KB0001 answers",
    ]


def test_the_seed_is_clean_and_the_command_says_so():
    done = CliRunner().invoke(app, ["kb", "lint", "--json"])
    found = json.loads(done.stdout)
    assert (done.exit_code, found["problems"]) == (0, [])
    assert found["items"] == len(texts.items())


def test_a_dirty_seed_is_named_line_by_line(tmp_path):
    items = yaml.safe_load((texts.KNOWLEDGE / "account.yaml").read_text())
    items[0]["answer"] += " It takes 17 days."
    (tmp_path / "account.yaml").write_text(yaml.safe_dump(items))
    done = CliRunner().invoke(app, ["kb", "lint", "--folder", str(tmp_path), "--json"])
    assert done.exit_code == 1
    line, *translations = json.loads(done.stdout)["problems"]
    assert line.startswith(f"{items[0]['kb_code']}: '17 days' is not decided")
    assert translations == [
        "KB2001: states no number, where KB0001 states 17",
        "KB4001: states no number, where KB0001 states 17",
    ]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"translation_of": "KB0999"}, "KB2001: expected the code of an English item, got KB0999"),
        ({"translation_of": None}, "KB2001: expected the code of an English item, got None"),
        ({"translation_of": "KB0005"}, "KB2001: intent, audience or services are not those of"),
        ({"language_code": "fr"}, "KB0001 is translated into fr twice"),
        ({"language_code": "en"}, "KB2001: is in English, so it translates no KB0001"),
    ],
)
def test_a_translation_belongs_to_one_english_item(change, wrong):
    items = [item | change if item["kb_code"] == "KB2001" else item for item in texts.items()]
    assert any(wrong in line for line in problems(items))


def test_a_translation_that_promises_another_number_is_found():
    items = [
        {"kb_code": "KB0001", "answer": "Free for 2 minutes, from 6:00; then $5 or 10%."},
        {"kb_code": "KB2001", "answer": "Gratis 2 minutos, de 6:00; luego 10% o $5.",
         "translation_of": "KB0001"},
        {"kb_code": "KB4001", "answer": "Gratuit 3 minutes, dès 6:00 ; puis 10 % ou $5.",
         "translation_of": "KB0001"},
    ]  # fmt: skip
    (line,) = mistranslated(items)
    assert line == "KB4001: states 10 3 5 6:00, where KB0001 states 10 2 5 6:00"


def test_a_folder_without_items_is_no_clean_seed(tmp_path):
    done = CliRunner().invoke(app, ["kb", "lint", "--folder", str(tmp_path / "nowhere"), "--json"])
    assert done.exit_code != 0
