"""The working set of one batch: what is known, and what changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.notify.domain.announce import CENTRE
from services.notify.domain.contact import Person
from services.notify.domain.course import Next, Progress, State
from services.notify.domain.facts import Institution
from services.notify.domain.templates import Templates
from services.notify.domain.told import Told
from shared.contracts.base import Origin
from shared.policies.loader import Policies
from shared.policies.values import Notice as Rules

Key = tuple[str, int, str, bytes]
"""about, version, template, hash of the recipient."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One row of `notices` as far as decisions need it."""

    id: UUID
    about: str
    version: int
    template: str
    side: str
    region: str
    progress: Progress
    attempts: int
    state: State
    reason: str | None
    decided_at: datetime
    next_at: datetime | None
    answer: str | None = None
    origin: Origin | None = None
    overtaken: bool = False  # a later decision is there: no further attempt
    psn_no: str | None = ""  # None: the registry erased the person

    @property
    def sendable(self) -> bool:
        """Whether it goes to a phone at all."""
        return self.progress.media != (CENTRE,)

    def moved(self, to: Next) -> "Notice":
        """The notice after a step of its course."""
        return replace(
            self, state=to.state, progress=to.progress, next_at=to.at, reason=to.reason or self.reason
        )


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A row to insert."""

    notice: Notice
    recipient_hash: bytes
    psn_no: str | None
    content: str | None  # None: as psn_no, erased before it was stored
    created_at: datetime
    trace: str | None


@dataclass(slots=True)
class Attempt:
    """One row of `attempts`."""

    medium: str
    state: State
    parts: int
    code: str = ""
    provider: str = ""
    sent_at: datetime | None = None  # a provider had it: its answer to a text, the beginning of a call
    excused: bool = False  # what it came to says nothing about its provider


@dataclass(slots=True)
class Work:
    """Facts of a batch (`now`: when it is decided) and changes to them."""

    now: datetime
    born_at: datetime
    templates: Templates
    policies: Policies
    centres: frozenset[str]  # sources that show messages to their users
    known: set[Key] = field(default_factory=set)
    people: dict[str, Person] = field(default_factory=dict)
    notices: dict[UUID, Notice] = field(default_factory=dict)
    attempts: dict[tuple[UUID, int], Attempt] = field(default_factory=dict)
    fates: dict[tuple[UUID, int], list[str | None]] = field(default_factory=dict)
    parts: Mapping[str, tuple[UUID, int]] = field(default_factory=dict)
    recorded: dict[str, Person] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)  # also who is recorded again in the same batch
    made: list[NewNotice] = field(default_factory=list)
    changed: set[UUID] = field(default_factory=set)
    ended: set[tuple[UUID, int]] = field(default_factory=set)
    following: dict[tuple[str, str], Told] = field(
        default_factory=dict
    )  # latest of the batch, by about, side
    places: dict[str, Institution] = field(default_factory=dict)  # by fixmedins_code
    named: set[str] = field(default_factory=set)  # of these: what the batch recorded
    unnamed: set[str] = field(default_factory=set)  # what the registry took back
    _about: dict[str, list[UUID]] = field(default_factory=dict)

    def add(self, notice: Notice) -> None:
        """A notice that was loaded, or is new."""
        self.notices[notice.id] = notice
        self._about.setdefault(notice.about, []).append(notice.id)

    def all_about(self, about: str) -> list[Notice]:
        """The notices about a binding or settlement, in the order in which they came: a batch has thousands about others."""
        return [self.notices[one] for one in self._about.get(about, ())]

    def rules(self, notice: Notice) -> Rules:
        """The region's notice policy of the day on which it was decided."""
        return self.policies.at(notice.region, notice.decided_at).notice
