"""What a service gives to the core and what the core gives to it.

A handler folds pure decisions over the items of a batch. The core does the rest, in one transaction (see `step`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar
from uuid import UUID

from shared.contracts.base import Message
from shared.db import Conn

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong: dotted path, what is wrong with it, and what a right value looks like."""

    field: str
    reason: str
    example: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """A body with a sound envelope and key whose other fields are wrong. `fields` are the raw ones; never store or log them."""

    errors: tuple[FieldError, ...]
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A NULL value on a compacted topic: the key was erased. Only handlers with `tombstones = True` see one."""


class Event(NamedTuple):
    """One claimed record of a topic, validated.

    `time` is the event time, at which policy is evaluated: `ce_time`, or the append time where an outsider's `ce_time` is absent
    or not believed (`time_believed` is False then and the request must be refused with `time-not-believed`).
    """

    topic: str
    partition: int
    offset: int
    key: bytes
    source: str
    id: str
    type: str
    subject: str | None
    time: datetime
    appended_at: datetime
    time_believed: bool
    trace: str | None
    body: Message | Invalid | Tombstone


@dataclass(frozen=True, slots=True)
class Due:
    """A row of table `due` whose time has come; see `due` for when it fires. `time` is its event time, `due_at`."""

    kind: str
    entity: str
    time: datetime
    body: dict[str, Any] = field(default_factory=dict)
    trace: str | None = None
    stored: bool = False
    """Whether it stands in table `due` (False: handed to `apply` by background work)."""


Item: TypeAlias = Event | Due


class Encoded(NamedTuple):
    """A body that is JSON already, with its record key and subject: for a service that stores the very bytes it sends.

    Its maker answers for the bytes being the type's model; its tests hold them against it.
    """

    value: bytes
    key: str
    subject: str


class Asker(Protocol):
    """Whom an answer goes to: the source and id of the request. An `Origin`, or the request's `Event` itself."""

    @property
    def source(self) -> str: ...
    @property
    def id(self) -> str: ...


class Out(Protocol):
    """Collects what a decision says. Never does I/O."""

    @property
    def now(self) -> datetime:
        """The item's time."""
        ...

    def emit(
        self, type: str, body: Message | Encoded | None, *, subject: str | None = None, key: str | None = None
    ) -> None:
        """Publishes `body` as the short type `type`. Topic and key come from the registry; a tombstone (`None`) names its key."""
        ...

    def answer(self, body: Message | Encoded, *, to: Asker, type: str, subject: str | None = None) -> None:
        """Publishes on `answers.<to.source>` in reply to the request `to`; a repeat of the request gets the same bytes again."""
        ...

    def due(self, kind: str, entity: str, at: datetime, body: Mapping[str, Any] = {}) -> None:
        """Sets the one due row of (kind, entity)."""
        ...

    def no_longer_due(self, kind: str, entity: str) -> None: ...

    def new_id(self) -> UUID:
        """A UUIDv7."""
        ...


class Handler(Protocol[S]):
    """A service: its name, its topics and how it folds a batch. `S` is its working set, in memory for one batch.

    Two things more it may have: `tombstones = True`, and `prepare(body)`, pure work on a message alone, such as verifying a signature. The
    decoding step calls it once for each record, before anything is locked; the service itself remembers what it found, so that a batch
    that is tried again, or a request that is judged again, costs it no more. What fails in it must fail in `decide` as well.
    """

    @property
    def name(self) -> str: ...

    @property
    def topics(self) -> tuple[str, ...]: ...

    async def lock(self, conn: Conn, items: Sequence[Item]) -> Any:
        """Reads unlocked only to learn ids, then `SELECT ... FOR UPDATE` sorted by kind and id. Returns the keys for `load`."""
        ...

    async def load(self, conn: Conn, items: Sequence[Item], keys: Any) -> S:
        """Reads the facts, in statements after those that locked."""
        ...

    def decide(self, state: S, item: Item, out: Out) -> None:
        """Folds one item into the working set and says what follows. Pure but for `state` and `out`."""
        ...

    async def save(self, conn: Conn, state: S) -> None:
        """Writes what changed, set-based."""
        ...
