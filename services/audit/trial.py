"""Audit in memory: the handler of the service, without broker and database. Policy cases run it behind eligibility's."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.audit.handlers import AuditHandler, Batch
from services.audit.risk.beside import Policies
from shared.contracts.base import Message
from shared.contracts.binding_decisions import BindingState
from shared.contracts.operators import Operator, Role
from shared.messaging.handler import Item
from shared.messaging.memory import Memory, Said

REVIEWER = "operator-1"
"""Who decides cases in a trial."""
CLERK = "clerk-0001"
"""Who stands at the counters of a trial."""
_OPERATORS = {name: Operator(name, frozenset(Role), ("100000",)) for name in (REVIEWER, "operator-2", CLERK)}


class Trial:
    """One audit with the bindings it knows."""

    def __init__(self, policies: Policies) -> None:
        self.handler = AuditHandler(policies, operators=_OPERATORS)
        self.batch = Batch({})
        self.memory = Memory()

    def send(self, type: str, body: Message, *, at: datetime, source: str, key: str = "") -> Said:
        """One message of a short type such as `review.verdicts.verdict-given`."""
        return self.fold(self.memory.event(type, body, at=at, source=source, key=key), at)

    def wait(self, until: datetime) -> Said | None:
        """The first thing that falls due by then, if there is one; call again for the next."""
        due = self.memory.next_due(until)
        return self.fold(due, due.time) if due else None

    def fold(self, item: Item, at: datetime) -> Said:
        """Folds one item."""
        said = Said(at, self.memory)
        self.handler.decide(self.batch, item, said)
        return said

    def state(self, binding_id: UUID) -> BindingState | None:
        """The binding as it stands."""
        file = self.batch.files.get(binding_id)
        return file.state if file else None
