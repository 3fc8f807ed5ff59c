"""A call of `baresip-python`: words go to the stack as it takes them, and again as far as it lost them."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

from baresip.errors import AudioRestarted, BaresipError

from services.notify.clients.sip import RATE

_FRAME: Final = 640  # octets written at once: 40 ms
_ON_THE_WAY: Final = RATE // 2
"""Octets of speech (0.5 s) that may not be out yet when the callee hangs up at the last word."""
_STACK_HOLDS: Final = 2**15
"""Octets that the stack takes ahead of the wire (2 s). Once it has taken as much silence after the words, the words are out."""
_MOVES: Final = 6
"""How often a call may be put on hold or through; some words are said again each time."""


class StackLine:
    """One call's audio and its end."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._feeder: asyncio.Task[None] | None = None
        self._words, self._taken, self._resumed = b"", 0, 0
        self._moves = 0

    def say(self, words: bytes, left: Callable[[int], None]) -> None:
        """Begins to say `words`; `left` is told how many octets are to come if some are said again."""
        self._words, self._taken, self._resumed = words, 0, 0
        self._feeder = asyncio.create_task(self._feed(left))

    def hush(self) -> bool:
        """Stops; whether the words were out."""
        if self._feeder is None:
            return False
        self._feeder.cancel()
        self._feeder = None
        return self._taken >= len(self._words) + _STACK_HOLDS - _ON_THE_WAY

    async def hang_up(self) -> None:
        """CANCEL or BYE."""
        with contextlib.suppress(BaresipError):  # the other side may have been faster
            await self._call.hangup()

    async def _feed(self, left: Callable[[int], None]) -> None:
        """Hands the words over as fast as they are taken. Ends by cancellation if the callee has gone, for CALL_CLOSED follows."""
        await self._silence()
        stream = self._words + b"\0" * _STACK_HOLDS
        while self._taken < len(stream):
            try:
                self._taken += self._call.audio.write(stream[self._taken : self._taken + _FRAME])
            except AudioRestarted:  # put on hold or through: what the stack held is lost
                await self._move(left)
            except BaresipError:
                pass  # no way for words at the moment
            await asyncio.sleep(0.02)

    async def _move(self, left: Callable[[int], None]) -> None:
        """Goes on with the words that may not have been heard."""
        self._moves += 1
        self._taken = self._resumed = max(self._resumed, self._taken - _STACK_HOLDS)
        if self._moves > _MOVES:
            await self.hang_up()
        else:
            left(max(0, len(self._words) - self._taken))

    async def _silence(self) -> None:
        """Drops words that the stack still holds; what is handed over before it has done so would be dropped, too."""
        with contextlib.suppress(BaresipError):
            if self._call.audio.info().tx_buffered:
                self._call.audio.flush_tx()
            while self._call.audio.info().tx_buffered:
                await asyncio.sleep(0.02)
