"""Suspensions of persons: who waits for whom, what is read with a batch and what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.audit.domain import permissions, persons
from services.audit.domain.model import CaseFile
from services.audit.domain.persons import Hold
from shared.contracts.base import UUID
from shared.contracts.binding_screenings import Case, Passed
from shared.contracts.review_verdicts import VerdictGiven
from shared.db import Conn, load_queries
from shared.messaging.handler import Event, Item

Q = load_queries(__file__)
_APPROVING = (Passed, VerdictGiven)


@dataclass(slots=True)
class Holds:
    """Holds by person, as the batch has left them, and which of them it changed."""

    by_person: dict[str, dict[tuple[str, str, str], Hold]] = field(default_factory=dict)
    changed: set[tuple[str, str, str]] = field(default_factory=set)

    def of(self, *numbers: str) -> list[Hold]:
        return [one for number in numbers for one in self.by_person.get(number, {}).values()]

    def put(self, holds: Iterable[Hold], *, changed: bool = True) -> None:
        for one in holds:
            self.by_person.setdefault(one.psn_no, {})[one.name] = one
            if changed:
                self.changed.add(one.name)


async def lock(conn: Conn, items: Sequence[Item]) -> set[UUID]:
    """Bindings of the persons of whom documents of the batch speak; to be called before any row is locked.

    A batch with such a document has the table of bindings to itself as far as new and approved ones are concerned, until it commits.
    """
    named = sorted({body.psn_no for body in _bodies(items) if isinstance(body, persons.KINDS)})
    if named:
        await conn.execute(Q["lock_all"])
        return {UUID(int=row[0].int) for row in await conn.fetch(Q["bindings"], named)}
    if any(isinstance(body, _APPROVING) for body in _bodies(items)):
        await conn.execute(Q["lock_shared"])
    return set()


async def load(conn: Conn, items: Sequence[Item], files: Mapping[UUID, CaseFile]) -> Holds:
    """The holds on everybody whose binding could be approved in this batch, or of whom a document speaks."""
    found = Holds()
    if numbers := sorted(set(_concerned(items, files))):
        rows = await conn.fetch(Q["holds"], numbers)
        found.put((Hold(*row) for row in rows), changed=False)
    return found


async def save(conn: Conn, holds: Holds, erased: Sequence[str]) -> None:
    """Keeps what changed; those of erased persons go."""
    names = sorted(name for name in holds.changed if name[0] not in erased)
    if names:
        kept = [holds.by_person[name[0]][name] for name in names]
        rows = [(h.psn_no, h.region, h.document, h.begin, h.until, h.operator_id) for h in kept]
        await conn.execute(Q["save"], *map(list, zip(*rows, strict=True)))
    if erased:
        await conn.execute(Q["forget"], sorted(erased))


def _concerned(items: Sequence[Item], files: Mapping[UUID, CaseFile]) -> Iterator[str]:
    for body in _bodies(items):
        if isinstance(body, persons.KINDS):
            yield body.psn_no
        elif isinstance(body, Passed):
            yield from permissions.parties(body.case)
        elif isinstance(body, VerdictGiven) and (case := _case(files, body.binding_id)):
            yield from permissions.parties(case)


def _case(files: Mapping[UUID, CaseFile], binding_id: UUID) -> Case | None:
    file = files.get(binding_id)
    return file.state.case if file else None


def _bodies(items: Sequence[Item]) -> Iterator[object]:
    return (item.body for item in items if isinstance(item, Event))
