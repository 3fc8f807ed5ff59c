"""The life of a binding (design §4) as one function: what is held, one event → versions to publish.

received → awaiting consent → under review (⇄ supplement requested) → approved ⇄ suspended → ended, and refused, rejected,
withdrawn, expired. Nothing follows a final state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from services.audit.domain import checked, periods, queue, screenings, standing, verdicts
from services.audit.domain.model import STANDING, CaseFile, Elapsed, OfPerson, Outcome, Step, unchanged
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.reasons import reason
from shared.policies.values import RegionPolicy

Screening: TypeAlias = found.Passed | found.Refused | found.ConsentNeeded
Following: TypeAlias = (
    found.ConsentExpired
    | found.Withdrawn
    | found.UnbindChecked
    | found.ChangeChecked
    | found.ConditionChanged
)
Verdict: TypeAlias = (
    said.Claimed
    | said.Released
    | said.TakenOver
    | said.VerdictGiven
    | said.Revealed
    | said.Suspended
    | said.Resumed
    | said.EndedByAuthority
)

ROUNDS = (found.Passed, found.Refused, found.ConsentNeeded)
"""Screenings that begin a round; the others follow from something that a party asked or the registry says."""

SUPPLEMENT_EXPIRED = "supplement-expired"
TURN = "turn"


def advance(
    file: CaseFile | None,
    event: Screening | Following | Verdict | OfPerson | Elapsed | checked.Checked,
    at: datetime,
    policy: RegionPolicy,
) -> Outcome:
    """What one event at event time `at` makes of a binding under its region's policy of that time.

    A wait that was over before `at` is ended first, at its own time, whether or not its due row has fired yet.
    `policy` is that of `file.state.case.admdvs`, or of the screening's case for a new binding.
    """
    before: tuple[Step, ...] = ()
    while file and (over := _first_over(file.state, at)):
        kind, moment = over
        turned = screenings.supplement_over if kind == SUPPLEMENT_EXPIRED else standing.turn
        ended = turned(file, moment)
        before, file = before + ended.steps, ended.file
    outcome = _advance(file, event, at, policy)
    return replace(outcome, steps=before + outcome.steps, by_itself=len(before)) if before else outcome


def _first_over(state: BindingState, at: datetime) -> tuple[str, datetime] | None:
    return next(((k, due) for k, due in waits(state).items() if due <= at and k != queue.OVERDUE), None)


def _advance(
    file: CaseFile | None,
    event: Screening | Following | Verdict | OfPerson | Elapsed | checked.Checked,
    at: datetime,
    policy: RegionPolicy,
) -> Outcome:
    if isinstance(event, ROUNDS):
        return screenings.screened(file, event, at, policy)
    if file is None:
        return unknown()
    match event:
        case found.ConsentExpired():
            return screenings.consent_over(file, event, at)
        case found.Withdrawn():
            return screenings.withdraw(file, at)
        case found.UnbindChecked():
            return standing.unbind(file, event, at)
        case found.ChangeChecked():
            return standing.change(file, event, at, policy)
        case found.ConditionChanged():
            return standing.condition(file, event, at)
        case said.Revealed():
            return verdicts.reveal(file, event)
        case said.Claimed() | said.Released() | said.VerdictGiven():
            return verdicts.on_queue(file, event, at, policy)
        case said.TakenOver():
            return verdicts.take_over(file, event, at)
        case checked.Checked():
            return checked.checked(file, event, at, policy)
        case said.Suspended() | said.Resumed() | said.EndedByAuthority():
            return standing.by_authority(file, event, at)
        case OfPerson():
            return standing.by_authority(file, event.verdict, at, f"{event.side}-by-authority")
        case _:
            return queue.waited(file, event.kind)


def unknown() -> Outcome:
    """Somebody speaks of a binding that no screening has named."""
    return unchanged(None, reason("binding-unknown"))


def dues(file: CaseFile | None) -> Mapping[str, datetime]:
    """All due rows of a binding, by kind: its wait and the reminders of it. They follow from its last decision alone."""
    return {**waits(file.state if file else None), **queue.reminders(file)}


def waits(state: BindingState | None) -> Mapping[str, datetime]:
    """What a binding waits for, by kind of due row."""
    if state is None:
        return {}
    if state.state in STANDING:
        turn = periods.next_turn(state)
        return {TURN: turn} if turn else {}
    if state.due_at and state.state is State.SUPPLEMENT_REQUESTED:
        return {SUPPLEMENT_EXPIRED: state.due_at}
    if state.due_at and state.state is State.UNDER_REVIEW:
        return {queue.OVERDUE: state.due_at}
    return {}
