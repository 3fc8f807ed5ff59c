"""What happens to a binding that stands (approved or suspended): unbinding, changes, conditions, the authority, time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.audit.domain import periods
from services.audit.domain.model import STANDING, CaseFile, Outcome, Step, moved, step, unchanged, wrong_state
from shared.contracts.binding_decisions import BindingState, Cause, DatedTerms, State
from shared.contracts.binding_requests import Side
from shared.contracts.binding_screenings import ChangeChecked, ConditionChanged, Effect, UnbindChecked
from shared.contracts.reasons import Reason, reason
from shared.contracts.review_verdicts import EndedByAuthority, Resumed, Suspended
from shared.policies.moments import effect_of_binding
from shared.policies.values import RegionPolicy

_TYPE = {State.APPROVED: "resumed", State.SUSPENDED: "suspended", State.ENDED: "ended"}
_AUTHORITY = "authority"
_DAY = timedelta(days=1)
MAX_TERMS = 500
"""Versions of terms that a binding keeps: each decision carries all of them, and a message has its limit."""


def unbind(file: CaseFile, body: UnbindChecked, at: datetime) -> Outcome:
    """Ends the binding at the time that eligibility worked out; one that lies ahead is announced and comes by itself."""
    if file.state.state not in STANDING:
        return unchanged(file, wrong_state(file.state))
    cause = Cause.SPONSOR if body.by is Side.SPONSOR else Cause.BENEFICIARY
    return _end(file, body.effective_at, cause, body.reasons, at)


def change(file: CaseFile, body: ChangeChecked, at: datetime, policy: RegionPolicy) -> Outcome:
    """Dated terms, order or rank; new dates also move the effective period of a standing binding, as soon as the region lets them."""
    state = file.state
    if state.state.final:
        return unchanged(file, wrong_state(state))
    last = state.terms[-1]
    new = DatedTerms(
        since=max(at, last.since),
        terms=body.terms or last.terms,
        order=body.order or last.order,
        rank=body.rank or last.rank,
    )
    if (new.terms, new.order, new.rank) == (last.terms, last.order, last.rank):
        return unchanged(file)
    if len(state.terms) >= MAX_TERMS:
        return unchanged(file, reason("too-many-changes", limit=MAX_TERMS))
    changes: dict[str, Any] = {"terms": (*state.terms, new)}
    old_dates, new_dates = ((t.begndate, t.enddate) for t in (last.terms, new.terms))
    if state.state in STANDING and old_dates != new_dates:
        announced = state.effective[-1].end if state.cause else None
        now = max(
            at, state.at
        )  # what a late message says counts from the version that it changes, not before it
        begins = last.terms.begndate != new.terms.begndate
        effect = effect_of_binding(policy.binding, state.case.channel)
        changes["effective"] = periods.redated(
            state.effective, new.terms, now, announced, effect, begins=begins
        )
    return moved(file, revise(state, at, **changes))


def condition(file: CaseFile, body: ConditionChanged, at: datetime) -> Outcome:
    """A registry fact changed: flagged, suspends, lets go on or ends, as eligibility read the policy. What the last version says is not said again."""
    state = file.state
    if state.state.final:
        return unchanged(file, wrong_state(state))
    if body.effect is Effect.END:
        if state.state not in STANDING:
            return moved(file, step(state, "refused", at, reasons=body.reasons))
        return _end(file, body.at, _cause(body.reasons), body.reasons, at)
    if body.effect is Effect.FLAG:
        told = all(why in state.reasons for why in body.reasons)
        return unchanged(file) if told else moved(file, revise(state, at, body.reasons))
    side = body.side.value
    changed = (
        periods.suspend(state.suspended, side, body.at)
        if body.effect is Effect.SUSPEND
        else periods.resume(state.suspended, side, body.at, max(at, state.at))
    )
    return (
        unchanged(file)
        if changed is None
        else moved(file, revise(state, at, body.reasons, suspended=changed))
    )


def by_authority(
    file: CaseFile,
    body: Suspended | Resumed | EndedByAuthority,
    at: datetime,
    by: str = _AUTHORITY,
) -> Outcome:
    """A document of the authority suspends, resumes or ends a standing binding, now, earlier or at a time to come.

    `by`: whose suspensions it speaks of. Those for one binding and those for one of its parties are kept apart.
    """
    state = file.state
    if state.state not in STANDING:
        return unchanged(file, wrong_state(state))
    if isinstance(body, EndedByAuthority):
        why = reason("ended-by-authority", document=body.document)
        return _end(file, body.effective_at, Cause.AUTHORITY, (why,), at)
    if isinstance(body, Suspended):
        code, begin, until = "suspended-by-authority", body.effective_at, body.until
        if until is not None and until <= begin:
            later = (begin + _DAY).isoformat()
            why = reason("field-invalid", field="until", problem="not after effective_at", example=later)
            return unchanged(file, why)
        changed = periods.suspend(state.suspended, by, begin, until)
    else:
        code, now = "resumed-by-authority", max(at, state.at)
        changed = periods.resume(state.suspended, by, body.effective_at, now)
    if changed is None:
        return unchanged(file, wrong_state(state))
    return moved(file, revise(state, at, (reason(code, document=body.document),), suspended=changed))


def turn(file: CaseFile, at: datetime) -> Outcome:
    """The time has come at which the periods change the state."""
    return moved(file, revise(file.state, at))


def revise(state: BindingState, at: datetime, reasons: tuple[Reason, ...] = (), **changes: Any) -> Step:
    """The next version after `changes`. Of a standing binding the type follows from what its periods make of it at `at`.

    Reasons of what was announced stay until it happens, and go with the version in which it happens.
    """
    draft = state.model_copy(update=changes)
    if state.state not in STANDING:
        return step(draft, "changed", at, reasons=reasons)
    now = periods.standing(draft, max(at, state.at))
    said = _still_said(state, reasons)
    if now is state.state:
        return step(draft, "changed", at, reasons=reasons + said)
    if now is State.ENDED:
        cause = draft.cause or Cause.DATE
        own = reasons if "cause" in changes else tuple(r for r in reasons if r.code.startswith("ended-"))
        told = own or tuple(r for r in said if r.code.startswith("ended-")) or reasons or _why(cause)
        return step(draft, "ended", at, cause=cause, reasons=told)
    kind = _TYPE[now]
    return step(draft, kind, at, reasons=reasons or tuple(r for r in said if r.code.startswith(kind)))


def _still_said(state: BindingState, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Reasons of the last version that announce something to come, where `reasons` do not say it anew."""
    anew = {_family(r) for r in reasons}
    return tuple(r for r in state.reasons if _family(r) not in anew and _announced(r.code, state))


def _family(why: Reason) -> str:
    return why.code.partition("-by-")[0]


def _announced(code: str, state: BindingState) -> bool:
    """Whether a reason of the last version is about something that had not happened then."""
    if code.startswith("ended-"):
        return state.cause is not None
    if code.startswith("suspended-"):
        return any(p.begin > state.at for p in state.suspended)
    return code.startswith("resumed-") and any(
        p.end is not None and p.end > state.at for p in state.suspended
    )


def _end(
    file: CaseFile, moment: datetime, cause: Cause, reasons: tuple[Reason, ...], at: datetime
) -> Outcome:
    """Cuts the effective periods at `moment`. An end that comes no later anyhow stays, with its cause."""
    state = file.state
    cut = periods.ended(state.effective, moment)
    if cut == state.effective:
        return unchanged(file)
    return moved(file, revise(state, at, reasons, effective=cut, cause=cause))


_CAUSES = (
    ("ended-by-rule", Cause.RULE),  # before what the new rule says of the two: that may be a category
    ("death", Cause.DEATH),
    ("deceased", Cause.DEATH),
    ("category", Cause.CATEGORY),
)
"""What of a reason's code tells the cause of an automatic end; all others are about insurance."""


def _cause(reasons: tuple[Reason, ...]) -> Cause:
    return next((c for part, c in _CAUSES if any(part in r.code for r in reasons)), Cause.INSURANCE)


def _why(cause: Cause) -> tuple[Reason, ...]:
    """The reason of an end whose own words are gone; those that quote a document or a region's hotline cannot be said again."""
    known = cause not in (Cause.AUTHORITY, Cause.CATEGORY, Cause.RULE)
    return (reason(f"ended-by-{cause.value}"),) if known else ()
