"""What one document about a person comes to: each of the bindings by the rule for one, the hold on what is approved later, and one answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from services.audit import conflicts
from services.audit.domain import permissions, persons, record, verdicts
from services.audit.domain.model import STANDING, CaseFile, OfPerson, Outcome, wrong_state
from services.audit.domain.persons import Said
from services.audit.domain.record import Entry
from services.audit.persons.holds import Holds
from shared.contracts import answers
from shared.contracts.base import UUID
from shared.contracts.operators import Operator
from shared.contracts.reasons import Reason, reason
from shared.contracts.registry import RelationRecorded
from shared.contracts.review_verdicts import PersonEnded, PersonResumed, PersonSuspended
from shared.contracts.topics import TYPES as _ALL
from shared.messaging.handler import Event

TYPES = frozenset(short for short, spec in _ALL.items() if spec.model in persons.KINDS)
"""Short types of documents about a person."""
_DAY = timedelta(days=1)
Fold = Callable[[UUID, OfPerson], Outcome]
"""The life of one binding, with everything that follows from it."""


class Held(Protocol):
    """What a batch knows."""

    files: dict[UUID, CaseFile]
    holds: Holds
    known: conflicts.Known
    relations: dict[str, RelationRecorded | None]
    record: list[Entry]


@dataclass(slots=True)
class _Result:
    concerned: list[answers.ConcernedBinding] = field(default_factory=list)
    left: list[answers.LeftBinding] = field(default_factory=list)
    waiting: int = 0
    stands: list[Reason] = field(default_factory=list)
    hold: bool = False

    def leave(self, binding_id: UUID, *why: Reason) -> None:
        self.left.append(answers.LeftBinding(binding_id=binding_id, reasons=why))


def said(state: Held, event: Event, operators: Mapping[str, Operator], fold: Fold) -> answers.PersonVerdict:
    """The answer, after everything was done. Bindings outside the operator's regions, of his or her own or of relatives are left alone."""
    body: Any = event.body
    operator = operators.get(body.operator_id, Operator(body.operator_id))
    if why := _unusable(body, operator):
        return refused(event, why)
    files = sorted(
        (f for f in state.files.values() if persons.side_of(f.state.case, body.psn_no)),
        key=lambda f: f.state.binding_id,
    )
    if not files:
        return refused(event, (reason("person-without-bindings"),))
    result, barred, free = _Result(), list[Reason](), list[UUID]()
    for file in files:
        one, case = file.state.binding_id, file.state.case
        bound = conflicts.interests(operator, file, state.known, state.relations, state.files, operators)
        if why := permissions.objections(operator, type(body), case, bound):
            barred += why
            if not file.state.state.final:
                result.leave(one, *why)
            continue
        free.append(one)
        _one(file, body, fold, result)
    if not free:
        return refused(event, tuple({why.code: why for why in barred}.values()), result)
    _hold(state.holds, body, operator, result)
    if not (result.concerned or result.hold):
        return refused(event, (reason("person-unchanged"), *result.stands), result)
    suffix = _SUFFIX[type(body)]
    for one in [c.binding_id for c in result.concerned] or free[:1]:
        entry = record.authority(one, body.operator_id, suffix, body.document, body.reason, event.time)
        state.record.append(Entry(record.DESK, one, None, entry))
    return _answer(event, True, tuple(result.stands), result)


_SUFFIX = {
    spec.model: short.rpartition(".")[2] for short, spec in _ALL.items() if spec.model in persons.KINDS
}


def _unusable(body: Said, operator: Operator) -> tuple[Reason, ...]:
    """What is wrong whatever the bindings are."""
    why = []
    if permissions.MAY[type(body)].isdisjoint(operator.roles):
        why.append(reason("operator-role-missing"))
    if verdicts.says_nothing(body.reason):
        why.append(verdicts.field_invalid("reason", verdicts.WHY, "涉嫌冒用，核查期间暂停"))
    if isinstance(body, PersonSuspended) and body.until is not None and body.until <= body.effective_at:
        later = (body.effective_at + _DAY).isoformat()
        why.append(verdicts.field_invalid("until", "not after effective_at", later))
    return tuple(why)


def _one(file: CaseFile, body: Said, fold: Fold, result: _Result) -> None:
    """One binding of which the operator may speak."""
    state = file.state
    if state.state.final:
        return
    if state.state not in STANDING:
        if isinstance(body, PersonSuspended):
            result.waiting += 1
        elif isinstance(body, PersonEnded):
            result.leave(state.binding_id, wrong_state(state))
        return
    side = persons.side_of(state.case, body.psn_no)
    assert side is not None
    after = fold(state.binding_id, persons.of_binding(body, state.binding_id, side))
    if after.file is None or after.objections or len(after.steps) == after.by_itself:
        why = after.objections or (wrong_state((after.file or file).state),)
        result.leave(state.binding_id, *why)
        return
    now = after.file.state
    told = answers.ConcernedBinding(binding_id=now.binding_id, state=now.state, version=now.version)
    result.concerned.append(told)


def _hold(holds: Holds, body: Said, operator: Operator, result: _Result) -> None:
    """The holds that the document makes or ends, in the operator's regions."""
    if isinstance(body, PersonEnded):
        return
    of = holds.of(body.psn_no)
    if isinstance(body, PersonResumed):
        changed, wider = persons.lifted(of, body, operator.prefixes)
        result.stands += [
            reason("person-hold-stands", region=one.code, document=one.document) for one in wider
        ]
    else:
        changed = persons.begun(of, body, operator.prefixes)
    result.hold = bool(changed)
    holds.put(changed)


def refused(event: Event, why: tuple[Reason, ...], result: _Result | None = None) -> answers.PersonVerdict:
    """The answer to a document that was not used."""
    return _answer(event, False, why, result or _Result())


def _answer(event: Event, accepted: bool, why: tuple[Reason, ...], result: _Result) -> answers.PersonVerdict:
    return answers.PersonVerdict(
        request_id=event.id,
        accepted=accepted,
        concerned=tuple(result.concerned),
        left=tuple(result.left),
        waiting=result.waiting,
        reasons=why,
        at=event.time,
    )
