"""The one clock of a process. `GONGJI_CLOCK` shifts it and speeds it up; demo and tests run on a Monday at 10:00.

Format: `<ISO time with zone>[*speed][@<anchor>]`, for example `2026-11-23T10:00:00+08:00*60@1793412345.25`. The anchor is the real
time (seconds since 1970) at which the clock showed the given time. Whoever starts several processes (`gongji up`) must add the
anchor, because only processes with the same anchor agree; without one the clock starts when the process does.
The broker's timestamps are real time and pass through the same mapping, so that they compare with `now()`.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one offset and no summer time since 1991; policy dates are dates of this zone."""

_FORMAT = re.compile(r"(?P<iso>[^*@]+)(\*(?P<speed>[0-9]+(\.[0-9]+)?))?(@(?P<anchor>[0-9]+(\.[0-9]+)?))?")


class Clock(Protocol):
    """What code takes the time from. Times are aware and in UTC."""

    def now(self) -> datetime: ...

    def from_broker(self, milliseconds: int) -> datetime:
        """The time at which the broker appended a record, by this clock."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """Real time, moved: shows `base` (seconds) when real time is `anchor` and runs `speed` times as fast."""

    base: float = 0.0
    anchor: float = 0.0
    speed: float = 1.0
    real: Callable[[], float] = time.time

    def now(self) -> datetime:
        return self._at(self.real())

    def from_broker(self, milliseconds: int) -> datetime:
        return self._at(milliseconds / 1000)

    def real_seconds_until(self, moment: datetime) -> float:
        """Real seconds until this clock shows `moment`; 0 when it has."""
        return max(0.0, (moment.timestamp() - self.now().timestamp()) / self.speed)

    def _at(self, real: float) -> datetime:
        return datetime.fromtimestamp(self.base + (real - self.anchor) * self.speed, UTC)


def from_setting(text: str | None, real: Callable[[], float] = time.time) -> SystemClock:
    """The clock that `GONGJI_CLOCK` describes; real time when it is empty.

    Raises `ValueError` with an example when the text is not in the format above.
    """
    if not text:
        return SystemClock(real=real)
    match = _FORMAT.fullmatch(text.strip())
    try:
        start = datetime.fromisoformat(match["iso"]) if match else None
    except ValueError:
        start = None
    if match is None or start is None or start.tzinfo is None:
        raise ValueError(
            f"GONGJI_CLOCK is {text!r}; it reads <ISO time with zone>[*speed], for example 2026-11-23T10:00:00+08:00*60"
        )
    speed = float(match["speed"] or 1)
    if speed <= 0:
        raise ValueError(
            "the speed of GONGJI_CLOCK must be above 0, for example 2026-11-23T10:00:00+08:00*60"
        )
    return SystemClock(start.timestamp(), float(match["anchor"] or real()), speed, real)


def with_anchor(text: str | None, real: Callable[[], float] = time.time) -> str:
    """The setting to hand to child processes: `text` with an anchor, so that all of them show the same time."""
    if not text:
        return ""
    from_setting(text, real)
    return text if "@" in text else f"{text.strip()}@{real():.3f}"
