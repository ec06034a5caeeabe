"""Messages of many callers are read together; each gets its own reply, and an error reaches all."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import ModelMissing
from engines.support.policy import Message
from serving.support import answers
from serving.support.answers import LARGEST, Answers


class Slow:
    """An engine whose first batch waits until it is let go; it says what each batch held."""

    def __init__(self):
        self.batches, self.begun, self.go = [], threading.Event(), threading.Event()

    def __call__(self, release, messages):
        self.batches.append([message.text for message in messages])
        self.begun.set()
        assert self.go.wait(10)
        return [f"{release}: {message.text}" for message in messages]


@pytest.fixture
def slow(monkeypatch):
    engine = Slow()
    monkeypatch.setattr(answers, "answer_batch", engine)
    return engine


def test_who_comes_while_the_engine_is_at_work_is_read_together(slow):
    ours = Answers(lambda: "r1")
    with ThreadPoolExecutor(LARGEST + 9) as callers:
        first = callers.submit(ours.to, Message("0"))
        assert slow.begun.wait(10)
        others = [callers.submit(ours.to, Message(str(n))) for n in range(1, LARGEST + 9)]
        while len(ours._waiting) < len(others):
            threading.Event().wait(0.01)
        slow.go.set()
        assert first.result(10) == "r1: 0"
        assert [o.result(10) for o in others] == [f"r1: {n}" for n in range(1, LARGEST + 9)]
    assert [len(batch) for batch in slow.batches] == [1, LARGEST, 8]


def test_an_error_reaches_everybody_who_waits_and_the_next_call_is_read(slow):
    missing = iter([True])

    def release():
        if next(missing, False):
            raise ModelMissing("no support release serves yet")
        return "r2"

    slow.go.set()
    ours = Answers(release)
    with pytest.raises(ModelMissing):
        ours.to(Message("lost"))
    assert ours.to(Message("found")) == "r2: found"
