"""The recipe of the text models on files of one's own."""

import itertools

import pandas as pd
import pytest

from core.errors import BadInput
from core.params import load_params
from core.settings import Settings
from pipelines.context import Context
from pipelines.text_files import learn_from_files, read
from tests.pipelines.test_training import ROOT

THINGS = ["car", "van", "bike", "truck", "taxi", "bus", "cab", "tram", "boat", "scooter"]
ASKED = {
    "eta": ["where is my {}", "how long until the {} comes", "when will my {} arrive"],
    "refund": ["refund my {}", "money back for the {}", "i want the {} fare back"],
    "lost": ["i left a bag in the {}", "my phone is still in your {}", "lost a coat, {} seat"],
}


def rows(things) -> pd.DataFrame:
    pairs = itertools.product(ASKED.items(), things)
    found = [(w.format(t), label) for (label, wordings), t in pairs for w in wordings]
    return pd.DataFrame(found, columns=["text", "label"])


@pytest.fixture(scope="module")
def ctx(tmp_path_factory):
    quick = {"encoder.recipe": "quick", "encoder.quick.epochs": 1, "evaluate.bootstrap": 100}
    params = load_params(ROOT / "params.yaml", "tiny", quick)
    return Context(Settings(home=tmp_path_factory.mktemp("files")), params)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    test = rows(THINGS[7:])
    test.loc[len(test)] = ("how tall is the tower of pisa", "unknown")
    rows(THINGS[:8]).to_csv(folder / "train.csv", index=False)
    test.to_parquet(folder / "test.parquet")
    return folder / "train.csv", folder / "test.parquet"


def test_a_file_is_learned_judged_and_every_row_accounted_for(ctx, files):
    seen = []
    found = learn_from_files("intent", *files, ctx, progress=lambda *step: seen.append(step))
    assert found["metrics"]["in_scope_accuracy"] > 0.8
    assert found["recipe"] == "quick" and found["baseline"]["name"] == "TF-IDF + LinearSVC"
    counts = found["rows"]
    # the eighth thing's nine rows stand in both files
    assert counts["train"] + counts["validate"] + counts["left_out"] == 8 * 9
    assert 0 < counts["left_out"] <= 9 and counts["test"] == 3 * 9 + 1
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize(
    ("train", "says"),
    [
        ("text\nhello\n", r"missing \['label'\]"),
        ("text,label\nhello,\nyes,a\n", "row 1 lacks one"),
        ("text,label\n", "there are none"),
        ("text,label\nhello,a\nhi,a\nbye,a\n", r"got only \['a'\]"),
        ("text,label\nhello,a\nhi,a\nbye,b\n", r"one row of \['b'\]"),
        (
            "text,label\nhello,a\nhi,a\nbye,b\nadieu,b\n",
            r"validation labels that training has; got",
        ),
    ],
)
def test_a_bad_file_is_named_before_anything_is_learned(ctx, files, tmp_path, train, says):
    path = tmp_path / "train.csv"
    path.write_text(train)
    with pytest.raises(BadInput, match=says):
        learn_from_files("intent", path, files[1], ctx, validate=files[1])


def test_a_missing_file_and_a_model_that_reads_no_text_are_refused(ctx, files, tmp_path):
    with pytest.raises(BadInput, match=r"nix\.csv: expected CSV or Parquet"):
        read(tmp_path / "nix.csv")
    with pytest.raises(BadInput, match=r"expected one of .*got 'demand'"):
        learn_from_files("demand", *files, ctx)
    with pytest.raises(BadInput, match=r"sentiment: expected the labels .*'eta'"):
        learn_from_files("sentiment", *files, ctx)
