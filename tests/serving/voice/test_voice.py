"""Voice over the socket: real speech of espeak-ng, real recognition, confirmed ids, wrong input."""

import base64
import io
import re
import struct
import wave

import numpy as np
import pytest

from serving.voice.recognise import GRAMMAR, RATE, Grammar
from serving.voice.speak import can_speak, speech
from tests.serving.support.test_conversations import HURT, opened
from tests.serving.support.test_socket import joined, send, until

pytestmark = pytest.mark.skipif(not can_speak(), reason="espeak-ng is not installed")
AT_LEAST = 0.8
"""Share of the grammar's phrases that are understood word for word; 40 of 45 were."""


def spoken(text):
    """PCM16 at 16 kHz of a sentence, with a little silence around it."""
    made = speech(text, "en")
    assert made is not None
    rate = struct.unpack("<I", made[24:28])[0]
    samples = np.frombuffer(made[44:], "<i2").astype("float64")
    count = int(len(samples) * RATE / rate)
    slower = np.interp(np.linspace(0, len(samples) - 1, count), np.arange(len(samples)), samples)
    return np.concatenate([np.zeros(3200), slower, np.zeros(4800)]).astype("<i2").tobytes()


def heard(text):
    pytest.importorskip("pocketsphinx")
    ears, pcm = Grammar(), spoken(text)
    for start in range(0, len(pcm), 6400):
        ears.feed(pcm[start : start + 6400])
    return ears.finish()


def test_most_common_requests_are_understood_word_for_word():
    found = re.search(r"<question> =(.*?);", GRAMMAR.read_text(), re.DOTALL)
    assert found is not None
    phrases = [" ".join(phrase.split()) for phrase in found[1].split("|")]
    right = [heard(phrase) == phrase for phrase in phrases]
    assert len(phrases) >= 40
    assert sum(right) / len(right) >= AT_LEAST


def pieces(pcm):
    for start in range(0, len(pcm), 32_000):
        yield base64.b64encode(pcm[start : start + 32_000]).decode()


def say_aloud(socket, text, transcript=None):
    send(socket, "VOICE_START", language="en")
    for piece in pieces(spoken(text)):
        send(socket, "VOICE_DATA", data=piece)
    send(socket, "VOICE_END", **({"transcript": transcript} if transcript else {}))


def final(socket):
    """The transcript at the end of an utterance; partial ones come before it."""
    while True:
        told, _ = until(socket, "TRANSCRIPT")
        if told["final"]:
            return told


def test_a_spoken_question_is_answered_in_writing_and_aloud(api):
    pytest.importorskip("pocketsphinx")
    conversation_id = opened(api)["conversation_id"]
    with joined(api, conversation_id) as socket:
        until(socket, "CONNECTED")
        say_aloud(socket, "i lost my phone")
        assert final(socket) == {"text": "i lost my phone", "final": True, "confirm": None}
        reply, _ = until(socket, "AI_RESPONSE")
        assert reply["intent"] == "lost_item"
        audio, _ = until(socket, "AUDIO")
        with wave.open(io.BytesIO(base64.b64decode(audio["data"]))) as sound:
            assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
            assert sound.getnframes() / sound.getframerate() > 3  # seconds
    whole = api.call("GET", f"/support/conversations/{conversation_id}").json()
    assert whole["messages"][2]["message_type"] == "VOICE_TRANSCRIPT"


@pytest.mark.parametrize(("answer", "said"), [("yes", True), ("no", False)])
def test_an_order_is_read_back_before_it_is_used(api, answer, said):
    conversation_id = opened(api)["conversation_id"]
    with joined(api, conversation_id) as socket:
        until(socket, "CONNECTED")
        send(socket, "VOICE_START")
        send(socket, "VOICE_END", transcript="where is order one two three four five")
        told = final(socket)
        assert told["text"] == "where is ORD12345"
        assert "one two three four five" in told["confirm"]
        until(socket, "AUDIO")
        send(socket, "VOICE_START")
        send(socket, "VOICE_END", transcript=answer)
        final(socket)
        until(socket, "AI_RESPONSE" if said else "AUDIO")
    messages = api.call("GET", f"/support/conversations/{conversation_id}").json()["messages"]
    assert ("where is ORD12345" in [m["content"] for m in messages]) is said


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([("VOICE_DATA", {"data": "AAAA"})], "begin one with VOICE_START"),
        ([("VOICE_END", {})], "begin one with VOICE_START"),
        ([("VOICE_START", {}), ("VOICE_START", {})], "an utterance goes on"),
        ([("VOICE_START", {}), ("VOICE_DATA", {"data": "not base64!"})], "expected base64"),
        ([("VOICE_START", {}), ("VOICE_DATA", {"data": "AAAB"})], "whole samples"),
        ([("VOICE_START", {"language": "English"})], "language: String should match"),
        ([("VOICE_START", {}), ("VOICE_DATA", {"data": "A" * 90_000})], "data: String should have"),
    ],
)
def test_what_cannot_be_heard_is_an_error_and_the_conversation_goes_on(api, frames, words):
    with joined(api, opened(api)["conversation_id"]) as socket:
        until(socket, "CONNECTED")
        for kind, data in frames:
            send(socket, kind, **data)
        error, _ = until(socket, "ERROR")
        assert words in error["message"]
        send(socket, "SEND_MESSAGE", content=HURT)
        until(socket, "AI_RESPONSE")


def test_more_than_a_minute_of_speech_is_refused(api):
    pytest.importorskip("pocketsphinx")
    with joined(api, opened(api)["conversation_id"]) as socket:
        until(socket, "CONNECTED")
        send(socket, "VOICE_START")
        silence = base64.b64encode(b"\0" * (64 << 10)).decode()
        for _ in range(30):
            send(socket, "VOICE_DATA", data=silence)
        assert "at most 60 s" in until(socket, "ERROR")[0]["message"]


def test_an_agent_writes_and_does_not_speak(api):
    conversation_id = opened(api, HURT)["conversation_id"]
    with joined(api, conversation_id, api.agent_of(conversation_id)) as socket:
        until(socket, "CONNECTED")
        send(socket, "VOICE_START")
        assert until(socket, "ERROR")[0]["code"] == "NotAllowed"
