"""Text to speech by espeak-ng: a WAV of a sentence."""

import logging
import shutil
import struct
import subprocess

log = logging.getLogger(__name__)
VOICES = {"en": "en-us", "es": "es", "fr": "fr-fr"}
TIMEOUT_S = 5.0
HEADER = 44
"""Bytes of a WAV before its samples."""


def can_speak() -> bool:
    """Whether espeak-ng is installed."""
    return shutil.which("espeak-ng") is not None


def speech(text: str, language: str) -> bytes | None:
    """A WAV (mono, PCM16); None where espeak-ng is not there or does not manage.

    The text goes in by standard input: nothing a user writes becomes an argument.
    """
    voice = VOICES.get(language, VOICES["en"])
    command = ["espeak-ng", "-v", voice, "-s", "160", "--stdin", "--stdout"]
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("an answer could not be spoken: %s", type(error).__name__)
        return None
    return _with_lengths(done.stdout) if len(done.stdout) > HEADER else None


def _with_lengths(made: bytes) -> bytes:
    """The WAV with its lengths: written to a pipe, espeak-ng cannot go back and fill them in."""
    body = made[HEADER:]
    riff = made[:4] + struct.pack("<I", HEADER - 8 + len(body)) + made[8 : HEADER - 4]
    return riff + struct.pack("<I", len(body)) + body
