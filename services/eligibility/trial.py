"""Eligibility in memory: the handler and the working set of the service, without broker and database.

One message in, what it says out. Policy cases, `gongji policy try` and tests run the service's own code this way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from services.eligibility.domain.person import person_key
from services.eligibility.domain.rule_change import KIND, unchanged
from services.eligibility.handler import Eligibility
from services.eligibility.work import Work
from shared.contracts.base import Message
from shared.contracts.registry import PersonRecorded
from shared.messaging.handler import Due, Event, Invalid, Item, Tombstone
from shared.messaging.memory import Memory, Said
from shared.policies import Policies


class Trial:
    """One eligibility with its facts. `keys`: public keys (PEM) of face-check providers by source id."""

    def __init__(self, policies: Policies, keys: Mapping[str, tuple[str, ...]]) -> None:
        self.handler = Eligibility(policies, keys)
        self.work = Work(policies, keys)
        self.memory = Memory()

    def send(
        self,
        type: str,
        body: Message | Invalid | Tombstone,
        *,
        at: datetime,
        source: str,
        believed: bool = True,
        key: str = "",
    ) -> Said:
        """One message of a short type such as `binding.requests.submitted`, appended when it was sent."""
        return self.fold(self.memory.event(type, body, at=at, source=source, believed=believed, key=key), at)

    def wait(self, until: datetime) -> Said | None:
        """The first thing that falls due by then, if there is one; call again for the next."""
        due = self.memory.next_due(until)
        return self.fold(due, due.time) if due else None

    def watch(self, now: datetime) -> Iterator[Said]:
        """Judges standing bindings whose region has another policy now, as the service does every minute."""
        policies = self.work.policies
        for binding in list(self.work.bindings.values()):
            if binding.stage.stands and not unchanged(binding, policies.at(binding.admdvs, now)):
                yield self.fold(Due(KIND, str(binding.binding_id), now), now)

    def fold(self, item: Item, at: datetime) -> Said:
        """Folds one item. Whoever the registry names may be looked at: in memory nobody else holds a lock."""
        if isinstance(item, Event) and isinstance(item.body, PersonRecorded):
            self.work.locked.add(person_key(item.body))
        said = Said(at, self.memory)
        self.handler.decide(self.work, item, said)
        return said
