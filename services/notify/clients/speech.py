"""Mandarin speech, offline: eSpeak NG from the wheel `espeakng-loader`, brought down to telephone quality.

A second of speech costs about 10 ms; results are kept by text. The engine has global state, so one thread speaks at a time.
"""

import asyncio
import ctypes
import hashlib
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import espeakng_loader
import numpy as np

RATE: Final = 8000
_SYNCHRONOUS, _UTF8, _RATE_PARAMETER = 2, 1, 1
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class SpeechError(Exception):
    """The speech engine could not be started or did not speak."""


class _Engine:
    """The one eSpeak NG of the process: its state is global, so there is no second one and one text at a time."""

    def __init__(self) -> None:
        self._heard: list[bytes] = []
        self._callback = _CALLBACK(self._collect)  # kept alive as long as the engine
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        if self.rate <= 0:
            raise SpeechError("eSpeak NG does not start: reinstall the package espeakng-loader")
        if self._library.espeak_SetVoiceByName(b"cmn"):
            raise SpeechError("eSpeak NG has no Mandarin voice: reinstall the package espeakng-loader")
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, wav: Any, samples: int, _events: int | None) -> int:
        if wav and samples > 0:
            self._heard.append(ctypes.string_at(wav, samples * 2))
        return 0

    def speak(self, text: str, words_per_minute: int) -> bytes:
        """PCM at the engine's own rate."""
        self._heard.clear()
        self._library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
        raw = text.encode() + b"\0"
        if self._library.espeak_Synth(raw, len(raw), 0, 0, 0, _UTF8, None, None) or not self._heard:
            raise SpeechError("eSpeak NG did not speak")
        return b"".join(self._heard)


_engine: _Engine | None = None
_one_at_a_time = threading.Lock()


class Speech:
    """Speaks Chinese text as 8 kHz mono s16le PCM and remembers what it has spoken."""

    def __init__(self, *, words_per_minute: int = 180, keep: int = 256, folder: Path | None = None) -> None:
        """`keep`: how many texts stay in memory (about 16 kB a second of speech).

        `folder`: where they stay over restarts, `<digest>.pcm` beside `<digest>.txt`; it is made.
        """
        self._folder = folder
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._keep, self._wpm = keep, words_per_minute

    async def say(self, text: str) -> bytes:
        """The text as PCM, without blocking the loop. Raises SpeechError."""
        return await asyncio.to_thread(self.say_now, text)

    def say_now(self, text: str) -> bytes:
        """The text as PCM, the same octets for the same text while it is kept. Raises SpeechError."""
        global _engine
        with _one_at_a_time:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
            pcm = self._from_folder(text)
            if pcm is None:
                if _engine is None:
                    _engine = _Engine()
                sound = np.frombuffer(_engine.speak(text, self._wpm), dtype="<i2").astype(np.float64)
                pcm = resample(sound, _engine.rate)
                self._into_folder(text, pcm)
            self._kept[text] = pcm
            if len(self._kept) > self._keep:
                self._kept.popitem(last=False)
            return pcm

    def _file(self, text: str) -> Path | None:
        return (
            self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.pcm" if self._folder else None
        )

    def _from_folder(self, text: str) -> bytes | None:
        file = self._file(text)
        return file.read_bytes() if file and file.exists() else None

    def _into_folder(self, text: str, pcm: bytes) -> None:
        if file := self._file(text):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.with_suffix(".txt").write_text(text, encoding="utf-8")
            part = file.with_suffix(".part")
            part.write_bytes(pcm)
            part.replace(file)


def resample(sound: "np.ndarray[tuple[int], np.dtype[np.float64]]", rate: int, reach: int = 24) -> bytes:
    """Down to 8 kHz s16le by a windowed sinc that lets 3.6 kHz pass, at 70 % of full scale.

    `reach`: input samples looked at on each side of an output sample.
    """
    cut = 2 * 3600 / rate
    at = np.arange(0, len(sound) * RATE // rate) * (rate / RATE)
    base = np.floor(at).astype(np.int64)
    padded = np.pad(sound, (reach, reach + 1))
    out = np.zeros(len(at))
    for k in range(-reach + 1, reach + 1):
        x = at - (base + k)
        window = 0.5 + 0.5 * np.cos(np.pi * x / (reach + 1))
        out += padded[base + k + reach] * np.sinc(cut * x) * cut * window
    peak = float(np.max(np.abs(out))) if len(out) else 0.0
    return (out * (0.7 * 32767 / peak) if peak else out).astype("<i2").tobytes()
