"""What a benchmark keeps: rows with bars, laid over those of earlier calls."""

import json

from benchmarks.report import Row, keep, machine


def test_a_row_is_the_median_of_its_repeats_held_to_its_bar():
    row = Row("accuracy", (0.91, 0.97, 0.95), "share", 0.95, peers={"other": 0.9})
    shown = row.shown()
    assert (shown["value"], shown["met"], shown["repeats"], shown["spread"]) == (
        0.95,
        True,
        3,
        0.06,
    )
    assert Row("error", (0.03,), "ECE", 0.02, higher_is_better=False).met is False
    assert Row("seconds", (3.0,), "s", None).met is None


def test_later_rows_replace_earlier_ones_of_their_name_and_leave_the_rest(tmp_path):
    path = tmp_path / "reports" / "bench.json"
    keep(path, "text", [Row("a", (1.0,), "", None), Row("b", (2.0,), "", 3.0)])
    keep(path, "matching", [Row("c", (5.0,), "s", None)])
    found = keep(path, "text", [Row("b", (4.0,), "", 3.0)])
    assert [(row["name"], row["value"], row["met"]) for row in found["rows"]] == [
        ("a", 1.0, None),
        ("b", 4.0, True),
    ]
    kept = json.loads(path.read_text())
    assert kept["text"] == found and kept["matching"]["rows"][0]["name"] == "c"
    assert "cores" in machine()
