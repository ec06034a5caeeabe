"""The pages of mistakes show each message as it is, the commonest error first."""

import pandas as pd

from models.support import intent, mistakes, retrieval


def test_the_commonest_confusion_comes_first_with_its_messages():
    texts = pd.Series(["a", "b|c", "<d>", "e", "f"])
    labels = pd.Series(["x", "x", "x", "y", "y"])
    guesses = pd.Series(["y", "y", "x", "x", "y"])
    page = mistakes.confusions(texts, labels, guesses).splitlines()
    assert page[0] == "3 of 5 messages were taken for something else."
    assert page[4] == "| x | y | 2 of 3 | a<br>b\\|c |"
    assert page[5] == "| y | x | 1 of 2 | e |"


def test_an_acceptable_intent_is_no_mistake():
    rows = pd.DataFrame({"text": ["t"], "label": ["a"], "acceptable": ["a|b"]})
    page = intent.mistakes(pd.DataFrame({"intent": ["b"]}), rows)
    assert page.startswith("0 of 1 messages")


def test_the_surest_wrong_answer_comes_first_with_what_was_found():
    rows = pd.DataFrame({"text": ["q1", "q2", "q3"], "kb_code": ["A", "B", "C"]})
    found = pd.DataFrame(
        {"kb_1": ["A", "C", "A"], "kb_2": ["B", "B", "B"], "kb_3": ["C", "A", "D"],
         "confidence": [0.9, 0.5, 0.8]}
    )  # fmt: skip
    page = retrieval.mistakes(found, rows).splitlines()
    assert page[0] == "2 of 3 questions did not find their item first."
    assert page[4] == "| q3 | C | not found | A, B, D | 0.80 |"
    assert page[5] == "| q2 | B | 2 | C, B, A | 0.50 |"
