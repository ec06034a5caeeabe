"""Languages are told apart where it is clear; everything else is read as English."""

import csv

import pytest

from engines.support.language import ENGLISH, OWN_NAMES, detect, notice
from pipelines.datasets import texts


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("dónde está mi conductor", "es"),
        ("mi pedido llegó frío y falta la bebida", "es"),
        ("mon chauffeur n'est jamais venu me chercher", "fr"),
        ("Bonjour", "fr"),
        ("Mein Fahrer ist an mir vorbeigefahren", "de"),
        ("onde está o meu motorista, já esperei meia hora", "pt"),
        ("где мой водитель", "ru"),
        ("أين السائق", "ar"),
        ("我的司机在哪里", "zh"),
        ("ドライバーはどこですか", "ja"),
        ("기사님 어디세요", "ko"),
    ],
)
def test_each_of_the_ten(text, language):
    assert detect(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "refund", "Uber", "ok", "???", "🙂", "", "[order_id]", "where r u", "lmao bro wtf",
        "my driver José Ramírez from Calle Mayor", "Pizza Margherita", "WHERE IS MY ORDER",
        "Quiero un coche for my mother, is that possible?", "x " * 500,
    ],
)  # fmt: skip
def test_doubt_is_english(text):
    assert detect(text) == ENGLISH


def test_english_messages_are_hardly_ever_taken_for_something_else():
    with texts.VALIDATION.open() as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] != "code_switch"]
    taken = [row["text"] for row in rows if detect(row["text"]) != ENGLISH]
    assert len(rows) > 300
    assert len(taken) <= 0.01 * len(rows), taken


def test_every_language_has_a_notice_in_its_own_words_that_names_the_others():
    seen = {notice(code, ["en", "es"]) for code in OWN_NAMES}
    assert len(seen) == len(OWN_NAMES)
    assert all("English, español" in text and "SOS" in text for text in seen)
    assert notice("xx", ["en"]).startswith("For now I can answer")
