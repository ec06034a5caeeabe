"""A model that behaves differently after loading never serves."""

import pandas as pd
import pytest

from core.errors import ReleaseRefused
from models import selftest


class Double:
    def __init__(self, factor=2.0, word="ok"):
        self.factor, self.word = factor, word

    def predict(self, rows):
        return pd.DataFrame({"y": rows["x"] * self.factor, "label": self.word}, index=rows.index)


ROWS = pd.DataFrame({"x": [1.0, 2.5], "text": ["where is my driver", "refund"]})


def test_the_same_model_replays():
    assert selftest.replay("double", Double(), selftest.make(Double(), ROWS)) == 2


@pytest.mark.parametrize("other", [Double(2.1), Double(word="no")], ids=["number", "word"])
def test_another_model_is_refused(other):
    with pytest.raises(ReleaseRefused, match="double: self-test column"):
        selftest.replay("double", other, selftest.make(Double(), ROWS))
