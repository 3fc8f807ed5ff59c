"""What sends a case to a person although every rule holds: other cases of the same persons and documents, and the clerk's first check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from services.audit import conflicts
from services.audit.domain import risk, risk_clerk
from services.audit.domain.model import CaseFile
from services.audit.risk.beside import Beside
from shared.contracts.base import UUID
from shared.contracts.binding_screenings import Passed
from shared.contracts.operators import Operator
from shared.contracts.registry import RelationRecorded
from shared.policies.values import Review


class Held(Protocol):
    """What a batch knows."""

    files: dict[UUID, CaseFile]
    others: Beside
    known: conflicts.Known
    relations: dict[str, RelationRecorded | None]


def marked(body: Passed, review: Review, held: Held, operators: Mapping[str, Operator]) -> Passed:
    """The case with its own marks and those that are found here."""
    found = tuple(_found(body, review, held, operators))
    return body.model_copy(update={"marks": tuple(dict.fromkeys(body.marks + found))}) if found else body


def _found(body: Passed, review: Review, held: Held, operators: Mapping[str, Operator]) -> Iterator[str]:
    def related(pair: str) -> bool:
        return conflicts.related(pair, held.known, held.relations)

    yield from risk.marks(review, held.others.beside(body, review, held.files), related)
    if name := risk_clerk.clerk_of(body.case):
        yield from risk_clerk.marks(operators.get(name), body.case, related)
