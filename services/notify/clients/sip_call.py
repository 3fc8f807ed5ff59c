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

from baresip.errors import AudioRestarted, BaresipError

from services.notify.clients.sip import RATE, REPEATS

_FRAME: Final = 640  # octets written at once: 40 ms
_GIVE_UP: Final = "gongji gives up"
_CLOSE: Final = 5.0  # seconds that the stack may take to report the end of a call that we ended
_ON_THE_WAY: Final = RATE // 2
"""Octets of speech (0.5 s) that may not be out yet when the callee hangs up at the last word."""
_STACK_HOLDS: Final = 2**15
"""Octets that the stack takes ahead of the wire (2 s). Once it has taken as much silence after the words, the words are out."""
_MOVES: Final = 6
"""How often a call may be put on hold or through; some words are said again each time."""
_BY_CODE: Final = {
    486: "busy", 600: "busy", 603: "declined", 404: "invalid", 484: "invalid", 604: "invalid",
    480: "unavailable", 408: "no-answer", 487: "no-answer",
    401: "not-allowed", 403: "not-allowed", 407: "not-allowed",
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
        self._until = 0.0
        self._repeats = self._moves = 0
        self._feeder: asyncio.Task[None] | None = None
        self._words, self._taken, self._resumed = b"", 0, 0
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
                    if self._loop.time() < self._until:  # some words had to be said again
                        continue
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
        self._words = self._script.speech if stage is _Stage.SPEECH else self._script.opening
        self._taken = self._resumed = 0
        self._be_patient()
        self._feeder = asyncio.create_task(self._feed(call))

    def _be_patient(self) -> None:
        """The callee has time for a key once the words are out."""
        self._until = self._loop.time() + max(0, len(self._words) - self._taken) / RATE + self._script.wait

    async def _feed(self, call: Any) -> None:
        """Hands the words over as fast as they are taken. Ends by cancellation if the callee has gone, for CALL_CLOSED follows."""
        await _silence(call)
        stream = self._words + b"\0" * _STACK_HOLDS
        while self._taken < len(stream):
            try:
                self._taken += call.audio.write(stream[self._taken : self._taken + _FRAME])
            except AudioRestarted:  # put on hold or through: what the stack held is lost
                self._move()
            except BaresipError:
                pass  # no way for words at the moment
            await asyncio.sleep(0.02)

    def _move(self) -> None:
        """Goes on with the words that may not have been heard."""
        self._moves += 1
        self._taken = self._resumed = max(self._resumed, self._taken - _STACK_HOLDS)
        if self._moves > _MOVES:
            self.give_up()
        elif not self._ours:
            self._be_patient()

    def _be_silent(self) -> None:
        """Notes whether the details had been said to their end."""
        if self._feeder is None:
            return
        self._feeder.cancel()
        self._feeder = None
        if self._stage is _Stage.SPEECH:
            self._told |= self._taken >= len(self._words) + _STACK_HOLDS - _ON_THE_WAY

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


async def _silence(call: Any) -> None:
    """Drops words that the stack still holds; what is handed over before it has done so would be dropped, too."""
    with contextlib.suppress(BaresipError):
        if call.audio.info().tx_buffered:
            call.audio.flush_tx()
        while call.audio.info().tx_buffered:
            await asyncio.sleep(0.02)
