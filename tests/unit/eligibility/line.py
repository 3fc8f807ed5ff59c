"""Eligibility in memory: one message in, what it says out. No I/O; the working set plays the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from services.eligibility.domain.person import person_key
from services.eligibility.handler import Eligibility
from services.eligibility.work import Work
from shared import policies
from shared.contracts import sources
from shared.contracts.answers import Refused, Screened
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.registry import PersonRecorded
from shared.contracts.topics import TYPES
from shared.messaging.handler import Due, Encoded, Event, Invalid, Item, Tombstone
from shared.policies import Policies
from shared.testing.identities import MadeUp
from shared.testing.messages import MONDAY, uid
from shared.testing.proofs import DEMO_SOURCES

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "deploy" / "demo" / "policies"


@cache
def demo_policies() -> Policies:
    """The committed regions with what the demo's officer adopted."""
    return policies.load(overlay=DEMO)


@cache
def provider_keys() -> Mapping[str, tuple[str, ...]]:
    """Public keys of the demo's face-check providers."""
    parsed = sources.parse(DEMO_SOURCES.read_text("utf-8"))
    return {s.id: tuple(s.keys.values()) for s in parsed.values() if s.keys}


class Said:
    """What one item said: an implementation of `Out`."""

    def __init__(self, now: datetime, line: Line) -> None:
        self.now = now
        self.emitted: list[tuple[str, Any]] = []
        self.answers: list[tuple[Origin, Any]] = []
        self._line = line

    def emit(
        self, type: str, body: Message | Encoded | None, *, subject: str | None = None, key: str | None = None
    ) -> None:
        assert isinstance(body, TYPES[type].model)
        self.emitted.append((type, body))

    def answer(self, body: Message | Encoded, *, to: Origin, type: str, subject: str | None = None) -> None:
        assert isinstance(body, TYPES[type].model)
        self.answers.append((to, body))

    def due(self, kind: str, entity: str, at: datetime, body: Mapping[str, Any] = {}) -> None:
        self._line.dues[kind, entity] = at
        self._line.bodies[kind, entity] = dict(body)

    def no_longer_due(self, kind: str, entity: str) -> None:
        self._line.dues.pop((kind, entity), None)

    def new_id(self) -> UUID:
        self._line.ids += 1
        return uid(self._line.ids)

    @property
    def types(self) -> list[str]:
        """Short types of what was emitted, without the topic."""
        return [t.removeprefix("binding.screenings.") for t, _ in self.emitted]

    @property
    def codes(self) -> list[str]:
        """Codes of all reasons of the one answer."""
        (_, answer), *_ = self.answers
        assert isinstance(answer, Screened | Refused)
        return [r.code for r in answer.reasons]

    @property
    def only(self) -> Any:
        """The one message that was emitted."""
        ((_, body),) = self.emitted
        return body


@dataclass
class Line:
    """One eligibility with its facts. `policies` are the demo's unless a test brings its own."""

    policies: Policies = field(default_factory=demo_policies)
    dues: dict[tuple[str, str], datetime] = field(default_factory=dict)
    bodies: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    ids: int = 1000
    offset: int = 0

    def __post_init__(self) -> None:
        self.handler = Eligibility(self.policies, provider_keys())
        self.work = Work(self.policies, provider_keys())

    def send(
        self,
        type: str,
        body: Message | Invalid | Tombstone,
        *,
        at: datetime = MONDAY,
        source: str = "zheliban",
        believed: bool = True,
        key: str = "",
    ) -> Said:
        """One message, appended when it was sent."""
        self.offset += 1
        topic = TYPES[type].topic
        event = Event(
            topic,
            0,
            self.offset,
            key.encode(),
            source,
            f"m{self.offset}",
            type,
            None,
            at,
            at,
            believed,
            None,
            body,
        )
        return self._decide(event, at)

    def fire(self, kind: str, entity: UUID | str) -> Said:
        """The due row of a binding or of a message, at its time."""
        at = self.dues.pop((kind, str(entity)))
        return self._decide(Due(kind, str(entity), at, self.bodies.get((kind, str(entity)), {})), at)

    def know(self, *people: MadeUp | PersonRecorded, at: datetime = MONDAY - timedelta(days=1)) -> Said:
        """Registry records of people, newest last."""
        for one in people:
            said = self.send(
                "registry.persons.recorded", one if isinstance(one, PersonRecorded) else one.recorded(), at=at
            )
        return said

    def decide(self, said: Said, state: State, version: int, *, at: datetime = MONDAY) -> Said:
        """What audit decides of the binding whose screening `said` holds."""
        screening = said.emitted[0][1]
        body = BindingState(
            binding_id=screening.binding_id,
            version=version,
            state=state,
            at=at,
            origin=screening.origin,
            round=screening.round,
            case=screening.case,
            policy_version=screening.policy_version,
        )
        return self.send("binding.decisions.received", body, at=at, source="gongji-audit")

    def _decide(self, item: Item, at: datetime) -> Said:
        if isinstance(item, Event) and isinstance(item.body, PersonRecorded):
            self.work.locked.add(person_key(item.body))
        said = Said(at, self)
        self.handler.decide(self.work, item, said)
        return said
