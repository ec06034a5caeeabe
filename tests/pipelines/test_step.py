"""A step runs again exactly when its inputs, parameters or code changed."""

import json

import pytest

from core.errors import BadInput
from pipelines.step import code_digest, files_digest, read_json, run_step, write_json


def runner(output, calls, **changed):
    def work():
        calls.append(1)
        output.write_text("done")
        return {"runs": len(calls)}

    given = {"modules": ["core.money"], "inputs": {"rows": "a"}, "params": {"trees": 1}, **changed}
    return run_step(output, work=work, **given)


def test_an_unchanged_step_is_skipped_and_gives_its_recorded_result(tmp_path):
    output, calls = tmp_path / "out", []
    assert not runner(output, calls).skipped
    again = runner(output, calls)
    assert (again.skipped, again.result, len(calls)) == (True, {"runs": 1}, 1)


@pytest.mark.parametrize(
    "changed",
    [{"inputs": {"rows": "b"}}, {"params": {"trees": 2}}, {"modules": ["core.partition"]}],
    ids=["inputs", "params", "code"],
)
def test_a_change_makes_it_run_again(tmp_path, changed):
    output, calls = tmp_path / "out", []
    runner(output, calls)
    assert not runner(output, calls, **changed).skipped


def test_a_missing_output_makes_it_run_again(tmp_path):
    output, calls = tmp_path / "out", []
    runner(output, calls)
    output.unlink()
    assert not runner(output, calls).skipped


def test_a_step_that_failed_is_not_taken_for_done(tmp_path):
    output, calls = tmp_path / "out", []
    runner(output, calls)

    def fail():
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        run_step(output, modules=["core.money"], inputs={"rows": "b"}, params={}, work=fail)
    assert not runner(output, calls).skipped


def test_the_digest_of_code_follows_imports():
    assert code_digest("store.lake") != code_digest("core.schema")
    with pytest.raises(BadInput, match="a module of the project"):
        code_digest("json")


def test_the_digest_of_files_does_not_depend_on_their_order(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("1")
    b.write_text("2")
    assert files_digest([a, b]) == files_digest([b, a])
    before = files_digest([a, b])
    b.write_text("3")
    assert files_digest([a, b]) != before


def test_what_is_no_number_is_written_as_null(tmp_path):
    path = write_json(tmp_path / "a.json", {"auroc": float("nan"), "rows": [1.5, float("inf")]})
    assert json.loads(path.read_text()) == {"auroc": None, "rows": [1.5, None]}
    assert "NaN" not in path.read_text()


def test_a_record_that_was_cut_short_is_named_with_the_way_out(tmp_path):
    record = write_json(tmp_path / "intent.json", {"version": "3"})
    assert read_json(record) == {"version": "3"}
    assert read_json(tmp_path / "nothing.json") is None
    record.write_text(record.read_text()[:8])
    with pytest.raises(BadInput, match=r"expected JSON in .*intent\.json.*delete it and run"):
        read_json(record)
    record.write_text("[1]")
    with pytest.raises(BadInput, match="expected a JSON object"):
        read_json(record)
