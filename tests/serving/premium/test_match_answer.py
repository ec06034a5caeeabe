"""What `/match` answers is plain JSON, for requests and for drivers passed over."""

import json
from pathlib import Path

from core.params import load_params
from serving.premium.batch import match
from serving.schemas import SAMPLE_BATCH, MatchIn

PARAMS = load_params(Path("params.yaml")).matching


def test_the_sample_is_matched_and_everybody_hears_why():
    told = json.loads(match(SAMPLE_BATCH, PARAMS).model_dump_json())
    assert told["assignment"] == {"Q1": "D0001", "Q2": "D0002"}
    assert [one["nearest"]["why"] for one in told["explanations"]] == ["is the match"] * 2
    assert told["passed_over"] == []
    alone = MatchIn(requests=[], drivers=SAMPLE_BATCH.drivers)
    told = json.loads(match(alone, PARAMS).model_dump_json())
    assert [one["why"] for one in told["passed_over"]] == ["no request within the radius"] * 2
