"""Eligibility in memory for tests: the demo's policy, the demo's face-check providers, Monday unless told otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from services.eligibility.trial import Trial
from shared.contracts.base import Message
from shared.contracts.binding_decisions import BindingState, Period, State
from shared.contracts.registry import PersonRecorded
from shared.messaging.handler import Invalid, Tombstone
from shared.messaging.memory import Said
from shared.policies import Policies
from shared.testing.identities import MadeUp
from shared.testing.messages import MONDAY
from tests.unit.eligibility.demo import demo_policies, provider_keys

__all__ = ["Line", "Said", "demo_policies", "provider_keys"]


class Line(Trial):
    """One eligibility with its facts. `policies` are the demo's unless a test brings its own."""

    def __init__(self, policies: Policies | None = None) -> None:
        super().__init__(policies or demo_policies(), provider_keys())

    @property
    def dues(self) -> dict[tuple[str, str], datetime]:
        return self.memory.dues

    @property
    def offset(self) -> int:
        """Number of the last message; its id is `m<offset>`."""
        return self.memory.offset

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
        return super().send(type, body, at=at, source=source, believed=believed, key=key)

    def fire(self, kind: str, entity: UUID | str) -> Said:
        """The due row of a binding or of a message, at its time."""
        due = self.memory.take(kind, str(entity))
        return self.fold(due, due.time)

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
            effective=(Period(begin=at),) if state is State.APPROVED else (),
        )
        return self.send("binding.decisions.received", body, at=at, source="gongji-audit")
