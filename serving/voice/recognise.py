"""Speech to text: Whisper where a model is configured, else a grammar of common requests.

PCM16, mono, 16 kHz. A recogniser is used by one utterance at a time and not shared.
"""

from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.errors import ModelMissing

RATE = 16_000
GRAMMAR = Path(__file__).with_name("requests.gram")
UNDERSTOOD = 2
"""Words from which a partial transcript is worth showing."""


class Recogniser(Protocol):
    """Hears an utterance piece by piece."""

    def feed(self, pcm: bytes) -> str:
        """What is understood so far; empty as long as nothing is."""
        ...

    def finish(self) -> str:
        """What was said in all; empty where it was not understood."""
        ...


class Grammar:
    """pocketsphinx held to the phrases of ``requests.gram``: what it hears is one of them, or
    nothing."""

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError:
            raise ModelMissing(
                "voice needs a recogniser: install the extra `voice`, or set TRIPO_WHISPER_MODEL, "
                "or send the browser's own transcript with VOICE_END"
            ) from None
        self._decoder: Any = Decoder(samprate=float(RATE), loglevel="FATAL")
        self._decoder.add_jsgf_string("requests", GRAMMAR.read_text())
        self._decoder.activate_search("requests")
        self._decoder.start_utt()

    def feed(self, pcm: bytes) -> str:
        self._decoder.process_raw(pcm)
        said = self._said()
        return said if len(said.split()) >= UNDERSTOOD else ""

    def finish(self) -> str:
        self._decoder.end_utt()
        return self._said()

    def _said(self) -> str:
        found = self._decoder.hyp()
        return str(found.hypstr) if found else ""


class Whisper:
    """faster-whisper; it hears the whole utterance at its end."""

    def __init__(self, path: Path, language: str) -> None:
        self._model, self._language, self._heard = _whisper(path), language, bytearray()

    def feed(self, pcm: bytes) -> str:
        self._heard += pcm
        return ""

    def finish(self) -> str:
        wave = np.frombuffer(bytes(self._heard), "<i2").astype("float32") / 32768
        parts, _ = self._model.transcribe(wave, language=self._language)
        return " ".join(part.text.strip() for part in parts)


@cache
def _whisper(path: Path) -> Any:
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise ModelMissing("TRIPO_WHISPER_MODEL is set: install faster-whisper") from None
    return WhisperModel(str(path), device="cpu", compute_type="int8", local_files_only=True)


def recogniser(whisper_model: Path | None, language: str) -> Recogniser:
    """The best that is there; ModelMissing, with what to install, where nothing is."""
    return Whisper(whisper_model, language) if whisper_model else Grammar()
