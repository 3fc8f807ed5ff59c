"""Time and ids of a simulation: both come from the seed."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.ids import SystemIds

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""A Monday, ten o'clock in Beijing."""


class VirtualClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def from_broker(self, milliseconds: int) -> datetime:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)

    def milliseconds(self) -> int:
        """The time as a broker writes it."""
        return int(self._now.timestamp() * 1000)

    def move(self, seconds: float) -> None:
        """Lets time pass."""
        self._now += timedelta(seconds=seconds)


class SeededIds(SystemIds):
    """UUIDv7 whose time is the virtual clock's and whose chance is the seed's."""

    def __init__(self, clock: VirtualClock, chance: random.Random) -> None:
        super().__init__(clock.milliseconds, chance.randbytes)

    def uuid(self) -> UUID:
        """A plain `UUID`, for messages of senders."""
        return UUID(bytes=self.new().bytes)
