"""Audit's handler: every item of a batch goes through the life of its binding; registry records are kept for the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.audit import conflicts, effects, storage
from services.audit.documents import rows
from services.audit.domain import answering, checked, life, permissions, persons, queue, record, verdicts
from services.audit.domain.model import CaseFile, Elapsed, OfPerson, Outcome, Step
from services.audit.domain.record import Entry
from services.audit.domain.verdicts import field_invalid
from services.audit.persons import holds, saying
from services.audit.record import writing
from services.audit.risk import beside, marking
from services.audit.risk.beside import Policies
from shared import log
from shared.clock import SystemClock
from shared.contracts import answers
from shared.contracts.base import UUID, Origin
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_screenings import Passed
from shared.contracts.operators import Operator
from shared.contracts.operators import load as registered
from shared.contracts.reasons import Reason, reason
from shared.contracts.registry import PersonRecorded, RelationRecorded
from shared.contracts.review_verdicts import (
    Claimed,
    Decision,
    EndedByAuthority,
    Resumed,
    Revealed,
    Suspended,
    TakenOver,
    VerdictGiven,
)
from shared.contracts.topics import consumed_by
from shared.db import Conn
from shared.messaging.handler import Due, Encoded, Event, Invalid, Item, Out, Tombstone

SCREENINGS, VERDICTS = "binding.screenings", "review.verdicts"
PERSONS, RELATIONS = "registry.persons", "registry.relations"
_OF_BINDINGS = frozenset({SCREENINGS, VERDICTS})
_BY_AUTHORITY = (Suspended, Resumed, EndedByAuthority)


@dataclass(slots=True)
class Batch:
    """The working set. `None` in a registry mapping: the key was erased. `bodies`: each last decision as it was published."""

    files: dict[UUID, CaseFile]
    bodies: dict[UUID, bytes] = field(default_factory=dict)
    changed: set[UUID] = field(default_factory=set)
    persons: dict[str, PersonRecorded | None] = field(default_factory=dict)
    relations: dict[str, RelationRecorded | None] = field(default_factory=dict)
    record: list[Entry] = field(default_factory=list)
    waited: list[tuple[UUID, str]] = field(default_factory=list)
    """Cases of which people are reminded, with the kind of due row."""
    known: conflicts.Known = field(default_factory=conflicts.Known)
    others: beside.Beside = field(default_factory=beside.Beside)
    holds: holds.Holds = field(default_factory=holds.Holds)
    seen: set[rows.Round] = field(default_factory=set)
    """Cases whose documents were read, or that are shown unread; known for batches with verdicts."""


class AuditHandler:
    """Folds screenings, verdicts and due rows into bindings. Calls nothing; all effects go through `Out` and `save`."""

    name = "audit"
    topics = consumed_by("audit")
    tombstones = True

    def __init__(
        self,
        policies: Policies,
        now: Callable[[], datetime] | None = None,
        *,
        documents: bool = False,
        operators: Mapping[str, Operator] | None = None,
    ) -> None:
        """`now`: the time by which the record is sealed, real time if none is given; decisions go by the times of their events.
        `documents`: they are read before a person may take a case. `operators`: by id; the registered ones if none are given.
        """
        self._policies, self._now, self._documents = policies, now or SystemClock().now, documents
        self._operators = registered() if operators is None else operators

    async def lock(self, conn: Conn, items: Sequence[Item]) -> list[UUID]:
        named = await holds.lock(conn, items)
        ids = sorted(named | {found for item in items if (found := binding_of(item))})
        if ids:
            await storage.lock(conn, ids)
        await beside.lock(conn, items, self._policies)
        return ids

    async def load(self, conn: Conn, items: Sequence[Item], keys: Any) -> Batch:
        if not keys:
            return Batch({})
        judged = any(isinstance(item, Event) and item.topic == VERDICTS for item in items)
        seen = await rows.seen(conn, keys) if judged and self._documents else set()
        files, bodies = await storage.load(conn, keys)
        known = await conflicts.load(conn, items, files, self._operators)
        others = await beside.load(conn, items, files, self._policies, keys)
        known.related |= others.related
        on_hold = await holds.load(conn, items, files)
        return Batch(files, bodies, seen=seen, known=known, others=others, holds=on_hold)

    def decide(self, state: Batch, item: Item, out: Out) -> None:
        if isinstance(item, Due):
            read = item.kind == checked.KIND
            told = checked.Checked.read(item.body) if read else Elapsed(item.kind)
            self._due(state, UUID(item.entity), told, item, out)
        elif item.topic == PERSONS:
            effects.keep(state.persons, item)
        elif item.topic == RELATIONS:
            effects.keep(state.relations, item)
        elif item.type in saying.TYPES:
            self._person(state, item, out)
        elif item.topic == VERDICTS:
            self._verdict(state, item, out)
        else:
            self._screening(state, item, out)

    async def save(self, conn: Conn, state: Batch) -> None:
        await storage.save(conn, [(state.files[i], state.bodies[i]) for i in state.changed])
        await rows.begin(conn, (state.files[i] for i in state.changed), stored=self._documents)
        erased = [number for number, person in state.persons.items() if person is None]
        await beside.save(conn, state.others, state.files, erased)
        await holds.save(conn, state.holds, erased)
        await storage.save_persons(conn, state.persons)
        await storage.save_relations(conn, state.relations)
        await writing.append(conn, state.record, self._now())
        for i, kind in state.waited:
            held = state.files[i]
            who = held.claim.operator_id if held.claim else None
            log.get().warning(
                kind,
                binding_id=str(i),
                region=held.state.case.admdvs,
                due_at=str(held.state.due_at),
                claimed_by=who,
            )

    def _due(self, state: Batch, binding_id: UUID, told: Any, item: Due, out: Out) -> None:
        before = state.files.get(binding_id)
        after = self._fold(state, binding_id, told, item, out).file
        if item.kind in queue.KINDS and after != before:
            state.waited.append((binding_id, item.kind))

    def _screening(self, state: Batch, event: Event, out: Out) -> None:
        if isinstance(event.body, Invalid | Tombstone):
            raise ValueError("eligibility wrote a screening that its contract does not allow")
        body: Any = event.body
        if isinstance(body, Passed):
            review = self._policies.at(body.case.admdvs, event.time).review
            body = marking.marked(body, review, state, self._operators)
        outcome = self._fold(state, body.binding_id, body, event, out)
        if outcome.file is None and body.origin:
            told = answers.Refused(
                request_type=event.type, binding_id=body.binding_id, reasons=outcome.objections
            )
            out.answer(told, to=body.origin, type="answers.refused")

    def _verdict(self, state: Batch, event: Event, out: Out) -> None:
        binding_id = UUID(event.key.decode())
        if (
            faults := _faults(event)
            or self._barred(state, binding_id, event)
            or self._unread(state, binding_id, event)
        ):
            outcome = Outcome(state.files.get(binding_id), (), faults)
        else:
            before = state.files.get(binding_id)
            outcome = self._fold(state, binding_id, event.body, event, out)
            self._looked(state, before, event)
            if isinstance(event.body, Revealed) and not outcome.objections:
                look = record.view(
                    binding_id, event.body.operator_id, event.body.note or "", event.time, event.id
                )
                state.record.append(Entry(record.DESK, binding_id, None, look))
        held = outcome.file.state if outcome.file else None
        told = answering.verdict(binding_id, held, outcome.objections, event.time)
        out.answer(told, to=Origin(source=event.source, id=event.id), type="answers.verdict")

    def _person(self, state: Batch, event: Event, out: Out) -> None:
        """A document about a person: one answer for all his or her bindings."""
        if faults := _faults(event):
            told = saying.refused(event, faults)
        else:

            def fold(one: UUID, of: OfPerson) -> Outcome:
                return self._fold(state, one, of, event, out)

            told = saying.said(state, event, self._operators, fold)
        out.answer(told, to=Origin(source=event.source, id=event.id), type="answers.person-verdict")

    @staticmethod
    def _looked(state: Batch, before: CaseFile | None, event: Event) -> None:
        """What an operator said without deciding is on the record as well."""
        after, body = state.files.get(before.state.binding_id) if before else None, event.body
        if before is None or after is None:
            return
        about, entry = before.state.binding_id, None
        if isinstance(body, VerdictGiven) and (said := verdicts.looked(before, after)):
            seen = body.evidence_seen
            entry = record.look(about, body.operator_id, said, body.note or "", event.time, seen)
        elif isinstance(body, TakenOver) and (had := verdicts.taken(before, after)):
            entry = record.takeover(about, body.operator_id, had, body.note or "", event.time)
        elif isinstance(body, _BY_AUTHORITY) and body.reason and before.state.version < after.state.version:
            said = event.type.rpartition(".")[2]
            entry = record.authority(about, body.operator_id, said, body.document, body.reason, event.time)
        if entry:
            state.record.append(Entry(record.DESK, about, None, entry))

    def _barred(self, state: Batch, binding_id: UUID, event: Event) -> tuple[Reason, ...]:
        """What keeps this operator from speaking of this case; a case that nobody knows is answered by the life."""
        file, body = state.files.get(binding_id), event.body
        if file is None:
            return ()
        name, case = body.operator_id, file.state.case  # type: ignore[union-attr]
        operator = self._operators.get(name, Operator(name))
        bound = conflicts.interests(
            operator, file, state.known, state.relations, state.files, self._operators
        )
        return permissions.objections(operator, type(body), case, bound)

    def _unread(self, state: Batch, binding_id: UUID, event: Event) -> tuple[Reason, ...]:
        """Nobody takes or decides a case whose documents are still being read, nor looks again at an approval before they were."""
        file, body = state.files.get(binding_id), event.body
        if not self._documents or file is None or not isinstance(body, Claimed | TakenOver | VerdictGiven):
            return ()
        looks = isinstance(body, VerdictGiven) and body.decision is not Decision.SUPPLEMENT
        concerned = rows.concerned(file.state) or (looks and rows.drawn(file))
        waits = concerned and (binding_id, file.state.round) not in state.seen
        return (reason("documents-pending"),) if waits else ()

    def _fold(self, state: Batch, binding_id: UUID, event: Any, item: Item, out: Out) -> Outcome:
        file = state.files.get(binding_id)
        case = file.state.case if file else getattr(event, "case", None)
        if case is None:
            return life.unknown()
        outcome = life.advance(file, event, item.time, self._policies.at(case.admdvs, item.time))
        outcome = persons.held(outcome, state.holds.of(*permissions.parties(case)))
        after = outcome.file
        if after is not None and after != file:
            state.files[binding_id] = after
            state.changed.add(binding_id)
            state.others.note(after, screened=isinstance(event, life.ROUNDS))
            effects.schedule(file, after, out)
        said = range(outcome.by_itself, len(outcome.steps) - outcome.followed)
        for number, version in enumerate(outcome.steps):
            self._publish(state, version, item, out, by_itself=number not in said)
        effects.tell(outcome, event, out)
        return outcome

    @staticmethod
    def _publish(state: Batch, version: Step, item: Item, out: Out, *, by_itself: bool) -> None:
        """The bytes that go out are those that are kept and whose hash is on the record."""
        about = version.state.binding_id
        value = BindingState.__pydantic_serializer__.to_json(version.state)
        name = str(about)
        out.emit(f"binding.decisions.{version.type}", Encoded(value, name, name))
        state.bodies[about] = value
        state.record.append(entry_of(version, value, item, by_itself=by_itself))


def entry_of(version: Step, published: bytes, item: Item, *, by_itself: bool) -> Entry:
    """A decision's place on the record: the chain of the partition that carried what led to it."""
    told, seen, offset, chain = record.NOBODY, (), None, record.DUE
    if isinstance(item, Event):
        chain, offset = f"{item.topic}/{item.partition}", item.offset
        if item.topic == VERDICTS and not by_itself:
            told, seen = getattr(item.body, "operator_id", told), getattr(item.body, "evidence_seen", ())
    body = record.decision(version, published, told, offset, seen)
    return Entry(chain, version.state.binding_id, version.state.version, body)


def binding_of(item: Item) -> UUID | None:
    """The one binding that an item is about; `None` for registry records and for documents about a person."""
    if isinstance(item, Due):
        return UUID(item.entity)
    of_one = item.topic in _OF_BINDINGS and item.type not in saying.TYPES
    return UUID(item.key.decode()) if of_one else None


def _faults(event: Event) -> tuple[Reason, ...]:
    """What is wrong with a verdict before anybody looks at its case."""
    if not event.time_believed:
        return (reason("time-not-believed"),)
    if isinstance(event.body, Invalid):
        return tuple(field_invalid(e.field, e.reason, e.example) for e in event.body.errors)
    return ()
