"""Voice in a conversation: heard, shown, confirmed where it names ids or amounts, then said.

VOICE_START {language}, VOICE_DATA {data} (base64 PCM16, mono, 16 kHz), VOICE_END {transcript}: a
transcript of the client's own recogniser wins over ours. TRANSCRIPT {text, final, confirm} and
AUDIO {format, data} go back.
"""

import base64
import binascii
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from starlette.concurrency import run_in_threadpool

from core.errors import BadInput, Conflict
from engines.support.entities import find
from engines.support.spoken import confirmed, speakable, to_confirm, with_digits
from serving.schemas import STORABLE, Closed
from serving.voice.recognise import RATE, Recogniser, recogniser
from serving.voice.speak import speech

MOST_BYTES, MOST_SECONDS = 64 << 10, 60
PARTIAL_EVERY_S = 0.5
AGAIN = "Then please say it once more."
UNHEARD = "I could not make that out. Please say it once more, or type it."
Send = Callable[[str, dict[str, Any]], Awaitable[None]]
Say = Callable[[str], Awaitable[None]]


class StartIn(Closed):
    """VOICE_START."""

    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"


class DataIn(Closed):
    """VOICE_DATA."""

    data: Annotated[str, Field(min_length=1, max_length=MOST_BYTES * 4 // 3 + 4)]


class EndIn(Closed):
    """VOICE_END."""

    transcript: Annotated[str, Field(min_length=1, max_length=5000), STORABLE] | None = None


class Voice:
    """What one socket hears and speaks."""

    def __init__(self, send: Send, say: Say, whisper_model: Path | None) -> None:
        self._send, self._say, self._whisper = send, say, whisper_model
        self._hears: Recogniser | None = None
        self._open, self._bytes, self._shown_at = False, 0, 0.0
        self._waits: str | None = None
        self.language, self.used = "en", False

    async def start(self, given: StartIn) -> None:
        """An utterance begins; Conflict while another goes on."""
        if self._open:
            raise Conflict("VOICE_START: an utterance goes on; end it with VOICE_END")
        self._open, self.used, self.language = True, True, given.language
        self._hears, self._bytes, self._shown_at = None, 0, time.monotonic()

    async def data(self, given: DataIn) -> None:
        """A piece of it."""
        self._require_open("VOICE_DATA")
        pcm = _decoded(given.data)
        self._bytes += len(pcm)
        if self._bytes > MOST_SECONDS * RATE * 2:
            self._open = False
            raise BadInput(f"VOICE_DATA: expected at most {MOST_SECONDS} s of speech; start anew")
        if self._hears is None:
            self._hears = await run_in_threadpool(recogniser, self._whisper, self.language)
        so_far = await run_in_threadpool(self._hears.feed, pcm)
        if so_far and time.monotonic() - self._shown_at >= PARTIAL_EVERY_S:
            self._shown_at = time.monotonic()
            await self._send("TRANSCRIPT", {"text": so_far, "final": False, "confirm": None})

    async def end(self, given: EndIn) -> None:
        """The utterance is over: show it, ask back where it names what must be right, say it."""
        self._require_open("VOICE_END")
        self._open = False
        heard = given.transcript
        if heard is None:
            heard = await run_in_threadpool(self._hears.finish) if self._hears else ""
        text = with_digits(heard.strip())
        if self._waits is not None and (agreed := confirmed(text)) is not None:
            await self._settled(text, agreed)
            return
        question = to_confirm(find(text)) if text else None
        self._waits = text if question else None
        await self._send("TRANSCRIPT", {"text": text, "final": True, "confirm": question})
        if question or not text:
            await self.speak(question or UNHEARD)
        else:
            await self._say(text)

    async def _settled(self, text: str, agreed: bool) -> None:
        said, self._waits = self._waits or "", None
        await self._send("TRANSCRIPT", {"text": text, "final": True, "confirm": None})
        await (self._say(said) if agreed else self.speak(AGAIN))

    async def speak(self, text: str) -> None:
        """The text as AUDIO, where speech can be made."""
        wave = await run_in_threadpool(speech, speakable(text), self.language)
        if wave is not None:
            data = base64.b64encode(wave).decode()
            await self._send("AUDIO", {"format": "wav", "data": data})

    def _require_open(self, kind: str) -> None:
        if not self._open:
            raise Conflict(f"{kind}: no utterance goes on; begin one with VOICE_START")


def _decoded(data: str) -> bytes:
    try:
        pcm = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("VOICE_DATA: expected base64 of PCM16, mono, 16 kHz") from None
    if len(pcm) % 2 or len(pcm) > MOST_BYTES:
        raise BadInput(
            f"VOICE_DATA: expected whole samples of two bytes, at most {MOST_BYTES} bytes; "
            f"got {len(pcm)}"
        )
    return pcm
