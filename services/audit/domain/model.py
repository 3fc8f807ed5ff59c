"""What audit holds of one binding, and what one event makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from shared.contracts.binding_decisions import TYPE_TO_STATE, BindingState, State
from shared.contracts.binding_requests import Side
from shared.contracts.reasons import Reason, reason
from shared.contracts.review_verdicts import EndedByAuthority, Resumed, Suspended

STANDING = frozenset({State.APPROVED, State.SUSPENDED})
"""States of a binding that was approved and has not ended."""

AUTO = "auto"
"""`reviewer` of a decision that the region's policy made by itself."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An operator has the case in hand until a time; afterwards anybody may take it."""

    operator_id: str
    until: datetime
    taken_from: str | None = None
    """Who had it in hand when a supervisor took it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An approved case that another person looks at again: who approved, and then who looked and whether they agree."""

    approved_by: str
    looked_by: str | None = None
    agreed: bool | None = None
    looked_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether nobody has looked yet."""
        return self.looked_by is None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One binding as audit holds it. `state` is public (the body of its last decision), the rest is the desk's."""

    state: BindingState
    claim: Claim | None = None
    overdue: bool = False
    reminded: int = 0
    """Share of the time for the review that people were reminded of, per cent."""
    first_born_by: date | None = None
    """Persons born by then make the case go first."""
    marks: tuple[str, ...] = ()
    """What a person should look at: codes of reasons."""
    first_eyes: str | None = None
    """Who approved the case before another one did or may, where two persons have to (`state.second_eyes`)."""
    sample: Sample | None = None

    @property
    def approvers(self) -> frozenset[str]:
        """Who approved the case and may not be the other person that is still needed: to decide it, or to look again."""
        if self.state.state is State.UNDER_REVIEW:
            return frozenset({self.first_eyes} if self.first_eyes else ())
        if self.sample is None or not self.sample.waits:
            return frozenset()
        return frozenset(one for one in (self.first_eyes, self.sample.approved_by) if one)


@dataclass(frozen=True, slots=True)
class Step:
    """One version to publish: the suffix of its type in `binding.decisions`, and the whole state."""

    type: str
    state: BindingState


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A wait is over, or people are reminded of it: `supplement-expired`, `turn` (`life.waits`) or a kind of `queue`."""

    kind: str


@dataclass(frozen=True, slots=True)
class OfPerson:
    """What a document about a person says of one binding, of which he or she is this side."""

    verdict: Suspended | Resumed | EndedByAuthority
    side: Side


@dataclass(frozen=True, slots=True)
class Outcome:
    """The file after an event, the versions to publish, and why the event was not used (all reasons)."""

    file: CaseFile | None
    steps: tuple[Step, ...] = ()
    objections: tuple[Reason, ...] = ()
    by_itself: int = 0
    """How many of the first steps time made before the event counted."""
    followed: int = 0
    """How many of the last steps follow from what the authority had said before of a party (`persons.held`)."""


_NO_WAIT = {"since": None, "due_at": None, "due_basis": None, "second_eyes": False, "supplement": ()}


def step(state: BindingState, type: str, at: datetime, **changes: Any) -> Step:
    """The next version of a binding. What belongs to a wait (when it began, its due date, documents asked for) goes, except with `changed`."""
    to = TYPE_TO_STATE[type]
    update: dict[str, Any] = {"version": state.version + 1, "at": max(at, state.at), "reasons": ()}
    if to is not None:
        update |= {"state": to} | _NO_WAIT
    return Step(type, state.model_copy(update=update | changes))


def unchanged(file: CaseFile | None, *objections: Reason) -> Outcome:
    """Nothing happens; `objections` say why, where somebody asked."""
    return Outcome(file, (), objections)


def moved(file: CaseFile, *steps: Step) -> Outcome:
    """The file after its versions. A case that leaves or re-enters the queue drops its claim; who approved it first is known until its next round."""
    state = steps[-1].state
    same_wait = state.state is file.state.state and state.round == file.state.round
    if same_wait:
        return Outcome(replace(file, state=state), steps)
    first = file.first_eyes if state.round == file.state.round else None
    return Outcome(CaseFile(state, first_eyes=first, sample=file.sample), steps)


def wrong_state(state: BindingState) -> Reason:
    return reason("wrong-state", state=state.state.value)
