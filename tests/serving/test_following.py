"""Serving follows the pointers: a bad release is refused and retried while the old one serves."""

import logging
import time
from datetime import UTC, datetime

import pytest

from core.errors import StoreUnavailable
from serving import releases as following
from serving.releases import RETRY_S, Serving
from store import releases

AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
FIRST = {"product": "profit", "members": {}, "number": 1}
SECOND = {"product": "profit", "members": {}, "number": 2}
UNKNOWN_MODEL = {"product": "profit", "members": {"horoscope": {"files": {}}}}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Build:
    """Builds an engine, or fails with what it was told to."""

    def __init__(self):
        self.asked = []
        self.error = None

    def __call__(self, release_id, parts):
        self.asked.append(release_id)
        if self.error is not None:
            raise self.error
        return f"engine of {release_id}"


@pytest.fixture
def place(sqlite_store, tmp_path):
    """A serving that has loaded FIRST, with its clock, its build, and a way to move the pointer."""

    def move(manifest):
        release_id = releases.write_manifest(tmp_path, manifest)
        releases.move_pointer(sqlite_store, "profit", release_id, manifest, "ada", "better", AT)
        return release_id

    clock, build = Clock(), Build()
    serving = Serving(sqlite_store, tmp_path, {"profit": build}, clock)
    first = move(FIRST)
    serving.refresh()
    assert serving.ids() == {"profit": first}
    return serving, clock, build, move, first


@pytest.mark.parametrize(
    "error",
    [
        OSError("disk"),
        KeyError("cached_texts"),
        ValueError("not ONNX"),
        RuntimeError("onnxruntime"),
        StoreUnavailable("away"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_release_that_does_not_load_is_refused_and_tried_again_later(place, caplog, error):
    serving, clock, build, move, first = place
    build.error = error
    second = move(SECOND)
    with caplog.at_level(logging.ERROR):
        serving.refresh()
    assert serving.current("profit").engine == f"engine of {first}"
    assert f"profit release {second} refused" in caplog.text
    assert type(error).__name__ in caplog.text

    build.error = None
    clock.now += RETRY_S - 1
    serving.refresh()
    assert build.asked == [first, second]
    clock.now += 1
    serving.refresh()
    assert serving.ids() == {"profit": second}
    assert build.asked == [first, second, second]


def test_a_release_of_a_model_this_version_does_not_know_is_refused(place, caplog):
    serving, _, _, move, first = place
    unknown = move(UNKNOWN_MODEL)
    serving.refresh()
    assert serving.ids() == {"profit": first}
    assert f"profit release {unknown} refused" in caplog.text


def test_another_release_need_not_wait_for_the_refused_one(place):
    serving, _, build, move, _ = place
    build.error = OSError("disk")
    move(SECOND)
    serving.refresh()
    build.error = None
    third = move({**SECOND, "number": 3})
    serving.refresh()
    assert serving.ids() == {"profit": third}


def test_the_thread_that_follows_outlives_every_error(place, monkeypatch):
    serving, _, build, move, _ = place
    monkeypatch.setattr(following, "POLL_S", 0.01)
    answers = iter([RuntimeError("the driver broke"), OSError("socket")])
    pointer = releases.pointer

    def sometimes(engine, product):
        error = next(answers, None)
        if error is not None:
            raise error
        return pointer(engine, product)

    serving.start()
    monkeypatch.setattr(releases, "pointer", sometimes)
    build.error = KeyError("cached_texts")
    move(SECOND)
    assert within_5_s(lambda: len(build.asked) == 2)
    build.error = None
    third = move({**SECOND, "number": 3})
    assert within_5_s(lambda: serving.ids() == {"profit": third})
    serving.stop()


def within_5_s(happened):
    end = time.monotonic() + 5
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)
    return happened()
