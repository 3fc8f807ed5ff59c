"""How often one number is texted or called: rolling windows, counted before anything is submitted.

Providers count submissions to one number over every sender's notices, whatever came of them, and punish who sends more. What a cap
does not let through waits until it does; it is never a failure.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.policies.types import Window

WINDOWS: Final[Mapping[Window, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
LONGEST: Final = max(WINDOWS.values())
"""So long the uses of a number are remembered."""
IN_USE: Final = timedelta(seconds=5)
"""A number that is being called is looked at again after this."""


def hashed(number: str, key: bytes) -> bytes:
    """Sixteen bytes that name a number in E.164 for whoever has the key, and for nobody else."""
    return hmac.digest(key, number.encode(), "sha256")[:16]


def next_free(used: Sequence[datetime], caps: Mapping[Window, int], now: datetime) -> datetime | None:
    """The first moment from `now` on at which one more use stays within every cap; None if a cap is 0.

    `used`: when the number was used or will be, ascending, the last 24 hours at least.
    """
    at = now
    for window, cap in caps.items():
        if cap == 0:
            return None
        if len(used) >= cap:
            at = max(at, used[-cap] + WINDOWS[window])
    return at


@dataclass(slots=True)
class Line:
    """One number and one medium while a batch is judged: its uses, and the turns that were promised to earlier notices."""

    used: list[datetime] = field(default_factory=list)
    busy: bool = False  # it is being called

    def queue(self, caps: Mapping[Window, int], now: datetime, *, alone: bool) -> datetime | None:
        """When the next notice may go: `now`, or later. Who comes first goes first. None: never.

        `alone`: one at a time, as with calls.
        """
        at = next_free(self.used, caps, now)
        if at is None:
            return None
        if alone and self.busy:
            at = max(at, now + IN_USE)
        if self.used:
            at = max(at, self.used[-1])
        return at

    def take(self, at: datetime, now: datetime, *, alone: bool) -> None:
        """The turn at `at` is given away: used now, or promised. A promise only spaces those behind it; it is judged again when due."""
        self.used.append(at)
        self.used.sort()
        if at <= now and alone:
            self.busy = True
