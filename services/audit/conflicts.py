"""What could bind operators to the cases they speak of: relatives by the registry, who decided the request that a case mends, the clerk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.audit import storage
from services.audit.domain import life, permissions, persons, risk_clerk
from services.audit.domain.model import CaseFile
from services.audit.domain.permissions import Interests
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import State
from shared.contracts.binding_screenings import Case
from shared.contracts.operators import Operator
from shared.contracts.registry import RelationRecorded
from shared.db import Conn
from shared.messaging.handler import Event, Item


@dataclass(slots=True)
class Known:
    """What the database says: pairs of relatives among those asked for, and reviewer and state of earlier requests."""

    related: frozenset[str] = frozenset()
    earlier: dict[UUID, tuple[str | None, State]] = field(default_factory=dict)


async def load(
    conn: Conn, items: Sequence[Item], files: Mapping[UUID, CaseFile], operators: Mapping[str, Operator]
) -> Known:
    """Asks only for what the verdicts and the clerks of the batch need: nothing for a batch without any."""
    cases = {one: file.state.case for one, file in files.items()}
    cases |= {
        i.body.binding_id: i.body.case
        for i in items
        if isinstance(i, Event) and isinstance(i.body, life.ROUNDS)
    }
    spoken = list(_spoken(items, cases, operators))
    asked = sorted({pair for operator, case in spoken for pair in permissions.pairs(operator, case)})
    mended = sorted({case.earlier_binding_id for _, case in spoken if case.earlier_binding_id})
    return Known(await storage.related(conn, asked), await storage.deciders(conn, mended))


def interests(
    operator: Operator,
    file: CaseFile,
    known: Known,
    relations: Mapping[str, RelationRecorded | None],
    files: Mapping[UUID, CaseFile],
    operators: Mapping[str, Operator],
) -> Interests:
    """The operator's interests in one case; what the same batch has brought counts before what was loaded."""
    case = file.state.case

    def named(name: str) -> Operator:
        return operators.get(name, Operator(name))

    held = {pair for pair in permissions.pairs(operator, case) if related(pair, known, relations)}
    clerk, mended = risk_clerk.clerk_of(case), case.earlier_binding_id
    before = files.get(mended) if mended else None
    decided = (
        (before.state.reviewer, before.state.state)
        if before
        else known.earlier.get(mended)
        if mended
        else None
    )
    return Interests(
        frozenset(held),
        (named(decided[0]), decided[1]) if decided and decided[0] else None,
        named(clerk) if clerk else None,
        tuple(map(named, sorted(file.approvers))),
    )


def related(pair: str, known: Known, relations: Mapping[str, RelationRecorded | None]) -> bool:
    """Whether the registry holds two persons as relatives, as far as was asked."""
    if pair not in relations:
        return pair in known.related
    told = relations[pair]
    return told is not None and not told.ended


def _spoken(
    items: Sequence[Item], cases: Mapping[UUID, Case], operators: Mapping[str, Operator]
) -> Iterator[tuple[Operator, Case]]:
    """Operators with the cases that they speak of, clerks by what they vouched for."""
    for item in items:
        body = item.body if isinstance(item, Event) else None
        name: str | None = None
        if isinstance(body, persons.KINDS):
            if operator := operators.get(body.operator_id):
                yield from ((operator, c) for c in cases.values() if persons.side_of(c, body.psn_no))
            continue
        if isinstance(body, life.ROUNDS):
            name = risk_clerk.clerk_of(body.case)
        elif type(body) in permissions.MAY:
            name = body.operator_id  # type: ignore[union-attr]
        if name and (operator := operators.get(name)) and (case := cases.get(body.binding_id)):  # type: ignore[union-attr]
            yield operator, case
