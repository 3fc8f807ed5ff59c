"""One telephone call: it rings, says who calls and for whom, waits for the key 1, and only then says what there is to say.

Whoever answers without pressing 1 (a stranger, an answering machine) learns nothing. The key 2 has the present words said again.
A person has been told when the details were said to their end, whoever hangs up after that.
"""

import asyncio
import contextlib
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from baresip.errors import BaresipError

from services.notify.clients.sip import RATE, REPEATS

_FRAME: Final = 640  # octets written at once: 40 ms
_GIVE_UP: Final = "gongji gives up"
_CLOSE: Final = 5.0  # seconds that the stack may take to report the end of a call that we ended
_ON_THE_WAY: Final = 0.5  # seconds of speech that may be in buffers when the callee hangs up at the last word
_BY_CODE: Final = {
    486: "busy", 600: "busy", 603: "declined", 404: "invalid", 484: "invalid", 604: "invalid",
    480: "unavailable", 408: "no-answer", 487: "no-answer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Script:
    """What a call says (8 kHz mono s16le) and how patient it is: seconds of ringing, and for a key after the words have ended."""

    opening: bytes
    speech: bytes
    ring: float
    wait: float


class _Stage(Enum):
    RINGING = auto()
    OPENING = auto()
    SPEECH = auto()


class Call:
    """One call from dialling to CALL_CLOSED. `digit` is the last key that was pressed."""

    def __init__(self, script: Script, events: "asyncio.Queue[tuple[str, str]]") -> None:
        self._script, self._events = script, events
        self._loop = asyncio.get_running_loop()
        self._stage = _Stage.RINGING
        self._ours = self._told = False
        self._said_at = self._until = 0.0
        self._repeats = 0
        self._feeder: asyncio.Task[bool] | None = None
        self.digit = ""

    async def run(self, call: Any) -> tuple[str, str]:
        """Follow the call to its end; returns result and the stack's reason."""
        self._until = self._loop.time() + self._script.ring
        try:
            while True:
                try:
                    async with asyncio.timeout(max(0.01, self._until - self._loop.time())):
                        name, text = await self._events.get()
                except TimeoutError:
                    if self._ours:  # what happened is known, only its end was not reported
                        return self._result(""), "no CALL_CLOSED"
                    await self._hang_up(call)
                    continue
                if name == "CALL_CLOSED":
                    return self._result(text), text
                if name == "CALL_ESTABLISHED":
                    await self._answered(call)
                elif name == _GIVE_UP and not self._ours:
                    await self._hang_up(call)
                elif name == "CALL_DTMF_START" and not self._ours:
                    self._pressed(call, text)
        finally:
            self._be_silent()

    def give_up(self) -> None:
        """Has the call ended now: CANCEL or BYE, so that nobody is left on the line."""
        self._events.put_nowait((_GIVE_UP, ""))

    async def _answered(self, call: Any) -> None:
        if self._ours:  # picked up as we gave up
            await self._hang_up(call)
        else:
            self._say(call, _Stage.OPENING)

    def _pressed(self, call: Any, digit: str) -> None:
        self.digit = digit
        if digit == "1" and self._stage is _Stage.OPENING:
            self._say(call, _Stage.SPEECH)
        elif digit == "2" and self._repeats < REPEATS:
            self._repeats += 1
            self._say(call, self._stage)

    def _say(self, call: Any, stage: _Stage) -> None:
        """Begins to say the words of a stage; what was being said stops."""
        self._be_silent()
        self._stage = stage
        words = self._script.speech if stage is _Stage.SPEECH else self._script.opening
        self._feeder = asyncio.create_task(_feed(call, words))
        self._said_at = self._loop.time() + len(words) / RATE
        self._until = self._said_at + self._script.wait

    def _be_silent(self) -> None:
        """Notes whether the details had been said to their end."""
        if self._feeder is None:
            return
        # On a busy machine the words may be behind the clock.
        handed_over = self._feeder.done() and self._feeder.result()
        self._feeder.cancel()
        self._feeder = None
        if self._stage is _Stage.SPEECH and self._loop.time() >= self._said_at - _ON_THE_WAY:
            self._told |= handed_over

    def _result(self, text: str) -> str:
        self._be_silent()
        if self._told:
            return "confirmed"
        if self._stage is not _Stage.RINGING:
            return "not-confirmed" if self._ours else "hung-up"
        if self._ours:
            return "no-answer"
        code = re.match(r"(\d{3})", text)
        return _BY_CODE.get(int(code[1]) if code else 0, "failed")

    async def _hang_up(self, call: Any) -> None:
        """CANCEL before the answer, BYE after it; then CALL_CLOSED is due."""
        self._ours = True
        self._until = self._loop.time() + _CLOSE
        with contextlib.suppress(BaresipError):  # the other side may have been faster
            await call.hangup()


async def _feed(call: Any, words: bytes) -> bool:
    """Hands the words over as fast as they are taken; whether all of them were."""
    at = 0
    try:
        while at < len(words):
            at += call.audio.write(words[at : at + _FRAME])
            await asyncio.sleep(0.02)
    except BaresipError:
        return False  # the peer is gone, CALL_CLOSED follows
    return True
