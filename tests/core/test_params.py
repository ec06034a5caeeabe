"""params.yaml: closed, typed, with profiles and overrides."""

from pathlib import Path

import pytest

from core.errors import BadParams
from core.params import load_params

PARAMS = Path(__file__).parents[2] / "params.yaml"


def test_both_profiles_are_complete():
    assert load_params(PARAMS).simulator.orders_per_day == 8000
    assert load_params(PARAMS, "tiny").simulator.orders_per_day == 300


def test_an_override_replaces_one_field():
    changed = load_params(PARAMS, overrides={"demand.trees": 7})
    assert changed.demand.trees == 7
    assert changed.demand.max_depth == load_params(PARAMS).demand.max_depth


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"demand.branches": 3}, "demand.branches: Extra inputs"),
        ({"demand.trees": 0}, "demand.trees: Input should be greater than 0"),
        ({"demand.trees": "many"}, "demand.trees: Input should be a valid integer"),
        ({"nothing.here": 1}, "nothing: Extra inputs"),
    ],
)
def test_a_wrong_override_is_named_with_what_came(override, words):
    with pytest.raises(BadParams, match=words):
        load_params(PARAMS, overrides=override)


def test_an_unknown_profile_is_refused():
    with pytest.raises(BadParams, match="got 'huge'"):
        load_params(PARAMS, "huge")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadParams, match=r"there is no such file"):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "expected sections like 'gate:' with their fields, got nothing"),
        (b"- gate\n", "got a list"),
        (b"gate: [\n", "expected a YAML file, got: while parsing"),
        (b"\xff\xfe\x00", "expected a YAML file"),
        (b"profiles: [tiny]\n", "profiles: expected sections like 'gate:' with their fields"),
    ],
    ids=["empty", "a list", "no YAML", "no text", "profiles that are a list"],
)
def test_a_file_that_holds_no_sections_is_refused_with_what_came(tmp_path, text, words):
    path = tmp_path / "params.yaml"
    path.write_bytes(text)
    with pytest.raises(BadParams, match=words):
        load_params(path)


def test_a_folder_is_no_file_of_parameters(tmp_path):
    with pytest.raises(BadParams, match="expected a YAML file, got:"):
        load_params(tmp_path)
