"""What stops a service, and what must not.

The brake counts only exceptions of our own code that nobody foresaw. Past a run or a share of them the batch is rolled back and the
service stays stopped, across restarts, until `gongji dead-letters resume` clears table `brake`.
Senders' faults never stop a service: past a limit their source is set aside (table `senders`) and its records become dead letters
unread, which can be replayed when the source is restored.
"""

from collections import deque
from collections.abc import Sequence

from shared.db import Conn, Pool
from shared.messaging.tables import Q


class Braked(Exception):
    """The service is stopped by its brake."""


class Brake:
    """Trips at `run` failures in a row, or when more than `share` of the last `window` records failed."""

    def __init__(self, run: int = 20, share: float = 0.3, window: int = 200) -> None:
        self.run, self.share = run, share
        self._last: deque[bool] = deque(maxlen=window)

    def trips(self, outcomes: Sequence[bool]) -> bool:
        """Whether `outcomes` (True: failed), following what is known, are too much."""
        seen = deque(self._last, maxlen=self._last.maxlen)
        seen.extend(outcomes)
        in_a_row = 0
        for failed in reversed(seen):
            if not failed:
                break
            in_a_row += 1
        full = len(seen) == seen.maxlen
        return in_a_row >= self.run or (full and sum(seen) > self.share * len(seen))

    def note(self, outcomes: Sequence[bool]) -> None:
        """Remembers outcomes that were committed."""
        self._last.extend(outcomes)

    def reset(self) -> None:
        self._last.clear()


class Controls:
    """What operators and the core have stopped, as last read from the tables. `braked` is the reason or None."""

    def __init__(self) -> None:
        self.braked: str | None = None
        self.set_aside: frozenset[str] = frozenset()

    async def refresh(self, conn: Conn | Pool) -> None:
        """Reads both tables."""
        row = await conn.fetchrow(Q["controls"])
        assert row is not None
        self.braked, self.set_aside = row[0], frozenset(row[1])
