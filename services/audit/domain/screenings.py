"""The way to a decision: rounds of screening, consent, documents, withdrawal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from services.audit.domain import periods, queue, routing
from services.audit.domain.deadlines import after_working_days
from services.audit.domain.model import (
    AUTO,
    STANDING,
    CaseFile,
    Outcome,
    Step,
    moved,
    step,
    unchanged,
    wrong_state,
)
from shared.contracts.binding_decisions import BindingState, Cause, DatedTerms, State
from shared.contracts.binding_requests import MaterialKind
from shared.contracts.binding_screenings import ConsentExpired, ConsentNeeded, Passed, Refused
from shared.contracts.reasons import Reason, reason
from shared.policies.moments import effect_of_binding
from shared.policies.values import RegionPolicy

Screening: TypeAlias = Passed | Refused | ConsentNeeded


def screened(file: CaseFile | None, found: Screening, at: datetime, policy: RegionPolicy) -> Outcome:
    """One round. The first one of a binding makes version 1, `received`, and what follows from it is version 2.

    A round that the case has had changes nothing; a newer one of a case that is decided is objected to.
    """
    if file is None:
        first = _received(found, at)
        start = CaseFile(first)
        outcome = moved(start, Step("received", first), *_found(first, found, at, policy))
        return _queued(routing.sampled(outcome, policy), found, None, at, policy)
    state = file.state
    if state.state.final or state.state in STANDING:
        late = found.round > state.round
        return unchanged(file, *([wrong_state(state)] if late else ()))
    awaited = state.state is State.AWAITING_CONSENT and not isinstance(found, ConsentNeeded)
    if found.round < state.round or (found.round == state.round and not awaited):
        return unchanged(file)
    carried = {"round": found.round, "case": found.case, "policy_version": found.policy_version}
    outcome = moved(file, *_found(state.model_copy(update=carried), found, at, policy))
    return _queued(routing.sampled(outcome, policy), found, state, at, policy)


def _queued(
    outcome: Outcome, found: Screening, before: BindingState | None, at: datetime, policy: RegionPolicy
) -> Outcome:
    """What the desk needs of a case that now waits for people."""
    file = outcome.file
    if file is None or file.state.since is None or not isinstance(found, Passed):
        return outcome
    desk = replace(
        file,
        first_born_by=queue.born_by(at, policy.review.first_from_age),
        claim=queue.kept_for(before, file.state, at) if before else None,
        marks=found.marks,
    )
    return replace(outcome, file=desk)


def _received(found: Screening, at: datetime) -> BindingState:
    return BindingState(
        binding_id=found.binding_id,
        version=1,
        state=State.RECEIVED,
        at=at,
        origin=found.origin,
        round=found.round,
        case=found.case,
        terms=(DatedTerms(since=at, terms=found.case.terms),),
        policy_version=found.policy_version,
    )


def _found(state: BindingState, found: Screening, at: datetime, policy: RegionPolicy) -> tuple[Step, ...]:
    if isinstance(found, ConsentNeeded):
        return (step(state, "consent-requested", at, due_at=found.expires_at, short_code=found.short_code),)
    if isinstance(found, Refused):
        if found.supplement:
            return (ask(state, found.supplement, found.reasons, at, policy),)
        return (step(state, "refused", at, reasons=found.reasons),)
    if routing.approves_itself(state, found, policy):
        return approve(state, AUTO, at, policy)
    due = after_working_days(at, policy.review.working_days)
    two = routing.two_look(found, policy)
    since = max(at, state.at)
    return (
        step(state, "under-review", at, since=since, due_at=due.at, due_basis=due.basis, second_eyes=two),
    )


def approve(state: BindingState, reviewer: str, at: datetime, policy: RegionPolicy) -> tuple[Step, ...]:
    """`approved`, and what its periods make of it at once: suspended by a fact that came before, or already over."""
    effect = effect_of_binding(policy.binding, state.case.channel)
    period = periods.first_period(state.terms[-1].terms, max(at, state.at), effect)
    changes = {"effective": (period,), "reviewer": reviewer, "policy_version": policy.version}
    approved = step(state, "approved", at, **changes)
    now = periods.standing(approved.state, approved.state.at)
    if now is State.SUSPENDED:
        return (approved, step(approved.state, "suspended", at))
    if now is State.ENDED:
        why = (reason("ended-by-date"),)
        return (approved, step(approved.state, "ended", at, cause=Cause.DATE, reasons=why))
    return (approved,)


def ask(
    state: BindingState,
    kinds: tuple[MaterialKind, ...],
    reasons: tuple[Reason, ...],
    at: datetime,
    policy: RegionPolicy,
    reviewer: str | None = None,
) -> Step:
    """`supplement-requested`: which documents, why, and until when.

    Documents that do not suffice are asked for again, but within the time that was given first: sending papers renews no deadline.
    """
    due_at, due_basis = state.due_at, state.due_basis
    if state.state is not State.SUPPLEMENT_REQUESTED:
        due = after_working_days(at, policy.review.supplement_working_days)
        due_at, due_basis = due.at, due.basis
    return step(
        state,
        "supplement-requested",
        at,
        supplement=kinds,
        reasons=reasons,
        due_at=due_at,
        due_basis=due_basis,
        reviewer=reviewer or state.reviewer,
        policy_version=policy.version,
    )


def consent_over(file: CaseFile, body: ConsentExpired, at: datetime) -> Outcome:
    """The beneficiary said no (`rejected`) or nothing (`expired`)."""
    if file.state.state is not State.AWAITING_CONSENT:
        return unchanged(file, wrong_state(file.state))
    return moved(file, step(file.state, "rejected" if body.declined else "expired", at, reasons=body.reasons))


def withdraw(file: CaseFile, at: datetime) -> Outcome:
    """The sponsor takes back a request that is not decided yet."""
    if file.state.state.final or file.state.state in STANDING:
        return unchanged(file, wrong_state(file.state))
    return moved(file, step(file.state, "withdrawn", at))


def supplement_over(file: CaseFile, at: datetime) -> Outcome:
    """The documents did not come in time."""
    return moved(file, step(file.state, "expired", at, reasons=(reason("supplement-expired"),)))
