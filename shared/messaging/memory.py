"""A service in memory: what its handler says is collected, what it sets due is kept. No broker, no database, no clock.

For cases that a policy officer writes and for tests: they run the very handlers that the line runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from shared.contracts.base import Message
from shared.contracts.topics import TYPES
from shared.messaging.handler import Asker, Due, Encoded, Event, Invalid, Tombstone

_VERSION_7 = 0x7000 << 64 | 0x8000_0000_0000_0000


@dataclass(slots=True)
class Memory:
    """What one service keeps besides its working set: due rows, and numbers for messages and ids."""

    dues: dict[tuple[str, str], datetime] = field(default_factory=dict)
    bodies: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    offset: int = 0
    ids: Iterator[int] = field(default_factory=lambda: count(1001))

    def event(
        self,
        type: str,
        body: Message | Invalid | Tombstone,
        *,
        at: datetime,
        source: str,
        believed: bool = True,
        key: str = "",
    ) -> Event:
        """One message, appended when it was sent."""
        self.offset += 1
        return Event(
            topic=TYPES[type].topic,
            partition=0,
            offset=self.offset,
            key=key.encode(),
            source=source,
            id=f"m{self.offset}",
            type=type,
            subject=None,
            time=at,
            appended_at=at,
            time_believed=believed,
            trace=None,
            body=body,
        )

    def next_due(self, until: datetime) -> Due | None:
        """The first row that is due by then, taken out; rows of one time in order of kind and entity."""
        fits = sorted((at, key) for key, at in self.dues.items() if at <= until)
        return self.take(*fits[0][1]) if fits else None

    def take(self, kind: str, entity: str) -> Due:
        """One due row, taken out, at its time."""
        at = self.dues.pop((kind, entity))
        return Due(kind, entity, at, self.bodies.pop((kind, entity), {}))


class Said:
    """What one item said: an implementation of `Out`."""

    def __init__(self, now: datetime, memory: Memory) -> None:
        self.now = now
        self.emitted: list[tuple[str, Any]] = []
        self.answers: list[tuple[Asker, Any]] = []
        self._memory = memory

    def emit(
        self, type: str, body: Message | Encoded | None, *, subject: str | None = None, key: str | None = None
    ) -> None:
        if isinstance(body, Encoded):
            body = TYPES[type].model.model_validate_json(body.value)
        assert isinstance(body, TYPES[type].model)
        self.emitted.append((type, body))

    def answer(self, body: Message | Encoded, *, to: Asker, type: str, subject: str | None = None) -> None:
        if isinstance(body, Encoded):
            body = TYPES[type].model.model_validate_json(body.value)
        assert isinstance(body, TYPES[type].model)
        self.answers.append((to, body))

    def due(self, kind: str, entity: str, at: datetime, body: Mapping[str, Any] = {}) -> None:
        self._memory.dues[kind, entity] = at
        self._memory.bodies[kind, entity] = dict(body)

    def no_longer_due(self, kind: str, entity: str) -> None:
        self._memory.dues.pop((kind, entity), None)

    def new_id(self) -> UUID:
        return UUID(int=int(self.now.timestamp() * 1000) << 80 | _VERSION_7 | next(self._memory.ids))

    @property
    def types(self) -> list[str]:
        """Types of what was emitted, without the topic."""
        return [type.rpartition(".")[2] for type, _ in self.emitted]

    @property
    def codes(self) -> list[str]:
        """Codes of all reasons of the first answer."""
        return [reason.code for reason in self.answers[0][1].reasons]

    @property
    def only(self) -> Any:
        """The one message that was emitted."""
        ((_, body),) = self.emitted
        return body
