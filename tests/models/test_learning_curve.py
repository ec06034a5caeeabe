"""The curve of a model's meta file becomes a picture; a model without one gets none."""

import json

from models.learning_curve import curve, pictures


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    found = curve("trees", "loss", [(n, 1 / n) for n in range(1, 301)])
    assert len(found["points"]) <= 61
    assert found["points"][0] == [1.0, 1.0]
    assert found["points"][-1] == [300.0, round(1 / 300, 6)]


def test_the_picture_shows_every_point_under_the_names_of_its_axes():
    made = {"learning_curve": curve("messages", "accuracy", [(100, 0.6), (500, 0.8)])}
    axes = pictures({"meta.json": json.dumps(made).encode()})["learning_curve"].axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("messages", "accuracy")
    assert axes.lines[0].get_ydata().tolist() == [0.6, 0.8]


def test_no_curve_no_picture():
    assert pictures({"meta.json": b"{}"}) == {}
    assert pictures({}) == {}
