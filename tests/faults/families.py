"""Made-up couples for load: the relation is registered, so each binding is approved at once, by rules alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.base import Message
from shared.contracts.binding_requests import Relation, Submitted
from shared.testing.identities import MadeUp, person
from shared.testing.messages import credited, related, submitted

CREDIT = 1_000_000
"""Fen on each sponsor's account: more than a run can spend."""


@dataclass(frozen=True, slots=True)
class Family:
    """A husband with an account who shares it with his wife, who has residents' insurance."""

    sponsor: MadeUp
    wife: MadeUp

    def registry(self, at: datetime) -> Iterator[tuple[str, Message]]:
        """What the authority publishes about them."""
        yield "registry.persons.recorded", self.sponsor.recorded()
        yield "registry.persons.recorded", self.wife.recorded()
        yield "registry.relations.recorded", related(self.sponsor, self.wife, Relation.SPOUSE)
        yield "account.credits.credited", credited(self.sponsor, CREDIT, at=at)

    def application(self, binding_id: UUID, at: datetime) -> Submitted:
        return submitted(self.sponsor, self.wife, relation=Relation.SPOUSE, at=at, binding_id=binding_id)


def families(first: int, count: int) -> list[Family]:
    """`count` families, from the made-up person number `2 * first + 1` on."""
    return [Family(person(2 * n + 1), person(2 * n + 2, insutype="390")) for n in range(first, first + count)]
