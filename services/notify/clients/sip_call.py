"""One telephone call: it rings, says who calls and for whom, waits for the key 1, and only then says what there is to say.

Whoever answers without pressing 1 (a stranger, an answering machine) learns nothing. The key 2 has the present words said again.
A person has been told when the details were said to their end, whoever hangs up after that. Which telephone is used is `Line`'s.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from services.notify.clients.sip import RATE, REPEATS

_GIVE_UP: Final = "gongji gives up"
_CLOSE: Final = 5.0  # seconds that the stack may take to report the end of a call that we ended
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


class Line(Protocol):
    """The telephone's side of one call."""

    def say(self, words: bytes, left: Callable[[int], None]) -> None:
        """Begins to say `words`. If some have to be said again, `left` is told how many octets are to come."""
        ...

    def hush(self) -> bool:
        """Stops saying; whether all words were out, give or take half a second."""
        ...

    async def hang_up(self) -> None:
        """CANCEL before the answer, BYE after it. Never raises: the other side may have been faster."""
        ...


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
        self._repeats = 0
        self.digit = ""

    async def run(self, line: Line) -> tuple[str, str]:
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
                        return self._result(line, ""), "no CALL_CLOSED"
                    await self._hang_up(line)
                    continue
                if name == "CALL_CLOSED":
                    return self._result(line, text), text
                if name == "CALL_ESTABLISHED":
                    await self._answered(line)
                elif name == _GIVE_UP and not self._ours:
                    await self._hang_up(line)
                elif name == "CALL_DTMF_START" and not self._ours:
                    self._pressed(line, text)
        finally:
            line.hush()

    def give_up(self) -> None:
        """Has the call ended now: CANCEL or BYE, so that nobody is left on the line."""
        self._events.put_nowait((_GIVE_UP, ""))

    async def _answered(self, line: Line) -> None:
        if self._ours:  # picked up as we gave up
            await self._hang_up(line)
        else:
            self._say(line, _Stage.OPENING)

    def _pressed(self, line: Line, digit: str) -> None:
        self.digit = digit
        if digit == "1" and self._stage is _Stage.OPENING:
            self._say(line, _Stage.SPEECH)
        elif digit == "2" and self._repeats < REPEATS:
            self._repeats += 1
            self._say(line, self._stage)

    def _say(self, line: Line, stage: _Stage) -> None:
        """Begins to say the words of a stage; what was being said stops."""
        self._hush(line)
        self._stage = stage
        words = self._script.speech if stage is _Stage.SPEECH else self._script.opening
        self._be_patient(len(words))
        line.say(words, self._be_patient)

    def _be_patient(self, octets: int) -> None:
        """The callee has time for a key once the words are out."""
        if not self._ours:
            self._until = self._loop.time() + octets / RATE + self._script.wait

    def _hush(self, line: Line) -> None:
        """Notes whether the details had been said to their end."""
        out = line.hush()
        self._told |= out and self._stage is _Stage.SPEECH

    def _result(self, line: Line, text: str) -> str:
        self._hush(line)
        if self._told:
            return "confirmed"
        if self._stage is not _Stage.RINGING:
            return "not-confirmed" if self._ours else "hung-up"
        if self._ours:
            return "no-answer"
        code = re.match(r"(\d{3})", text)
        return _BY_CODE.get(int(code[1]) if code else 0, "failed")

    async def _hang_up(self, line: Line) -> None:
        """Then CALL_CLOSED is due."""
        self._ours = True
        self._until = self._loop.time() + _CLOSE
        await line.hang_up()
