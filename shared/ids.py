"""Message ids: UUIDv7 (RFC 9562 §5.7), ordered by time and made cheaply: random bits come 4 KiB at a time."""

import os
import time
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as FastUUID

_POOL = 4096


class Ids(Protocol):
    """Where new ids come from; a simulation gives its own."""

    def new(self) -> UUID: ...


class SystemIds:
    """UUIDv7 with milliseconds of real time, a 12-bit counter within the millisecond, and 62 random bits."""

    __slots__ = ("_at", "_last", "_milliseconds", "_pool", "_random")

    def __init__(
        self,
        milliseconds: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._milliseconds, self._random = milliseconds, random
        self._pool, self._at, self._last = b"", _POOL, 0

    def new(self) -> UUID:
        if self._at >= _POOL:
            self._pool, self._at = self._random(_POOL), 0
        stamp = self._milliseconds() << 12
        # Never backwards: the counter runs on into the next millisecond when one is used up or the clock steps back.
        self._last = stamp = max(stamp, self._last + 1)
        tail = int.from_bytes(self._pool[self._at : self._at + 8], "big") & 0x3FFF_FFFF_FFFF_FFFF
        self._at += 8
        high = (stamp >> 12) << 16 | 0x7000 | stamp & 0xFFF
        value = high << 64 | 0x8000_0000_0000_0000 | tail
        return FastUUID(value.to_bytes(16, "big"))
