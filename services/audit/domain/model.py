"""What audit holds of one binding, and what one event makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.contracts.binding_decisions import TYPE_TO_STATE, BindingState, State
from shared.contracts.reasons import Reason, reason

STANDING = frozenset({State.APPROVED, State.SUSPENDED})
"""States of a binding that was approved and has not ended."""

AUTO = "auto"
"""`reviewer` of a decision that the region's policy made by itself."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An operator has the case in hand until a time; afterwards anybody may take it."""

    operator_id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One binding as audit holds it. `state` is public (the body of its last decision), the rest is the desk's."""

    state: BindingState
    claim: Claim | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One version to publish: the suffix of its type in `binding.decisions`, and the whole state."""

    type: str
    state: BindingState


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A wait is over: `supplement-expired`, `review-overdue` or `turn` (see `life.waits`)."""

    kind: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The file after an event, the versions to publish, and why the event was not used (all reasons)."""

    file: CaseFile | None
    steps: tuple[Step, ...] = ()
    objections: tuple[Reason, ...] = ()
    by_itself: int = 0
    """How many of the first steps time made before the event counted."""


def step(state: BindingState, type: str, at: datetime, **changes: Any) -> Step:
    """The next version of a binding. What belongs to a wait (due date, documents asked for) goes, except with `changed`."""
    to = TYPE_TO_STATE[type]
    update: dict[str, Any] = {"version": state.version + 1, "at": max(at, state.at), "reasons": ()}
    if to is not None:
        update |= {"state": to, "due_at": None, "due_basis": None, "supplement": ()}
    return Step(type, state.model_copy(update=update | changes))


def unchanged(file: CaseFile | None, *objections: Reason) -> Outcome:
    """Nothing happens; `objections` say why, where somebody asked."""
    return Outcome(file, (), objections)


def moved(file: CaseFile, *steps: Step) -> Outcome:
    """The file after its versions. A case that leaves or re-enters the queue drops its claim."""
    state = steps[-1].state
    same_wait = state.state is file.state.state and state.round == file.state.round
    return Outcome(CaseFile(state, file.claim, file.overdue) if same_wait else CaseFile(state), steps)


def wrong_state(state: BindingState) -> Reason:
    return reason("wrong-state", state=state.state.value)
