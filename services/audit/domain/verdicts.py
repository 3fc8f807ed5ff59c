"""What operators say of a case: claim, release, take over, approve, reject, ask for documents, look."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from string import Formatter
from typing import TypeAlias

from services.audit.domain.model import (
    STANDING,
    CaseFile,
    Claim,
    Outcome,
    moved,
    step,
    unchanged,
    wrong_state,
)
from services.audit.domain.routing import sampled
from services.audit.domain.screenings import approve, ask
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import MATERIALS_ZH
from shared.contracts.reason_texts import REASONS
from shared.contracts.reasons import Reason, reason
from shared.contracts.review_verdicts import (
    Claimed,
    Decision,
    Released,
    Revealed,
    TakenOver,
    VerdictGiven,
)
from shared.policies.values import RegionPolicy

OnQueue: TypeAlias = Claimed | Released | VerdictGiven

WHY = "say why, in at least four characters"
LEASE = timedelta(minutes=30)
"""How long a claim keeps others away; a claim that is repeated starts again."""
LEASTWHY = 4
"""Characters, spaces not counted, without which a reason for a look or a takeover says nothing: 电话核实 is one."""


def on_queue(file: CaseFile, body: OnQueue, at: datetime, policy: RegionPolicy) -> Outcome:
    """A verdict counts for a case under review that nobody else has in hand; everything else gets a named answer."""
    state = file.state
    if state.state.final or state.state in STANDING:
        return _look_again(file, body, at)
    if state.state is not State.UNDER_REVIEW:
        return unchanged(file, wrong_state(state))
    if (claim := _of_another(file, body.operator_id, at)) is not None:
        taken = claim.taken_from == body.operator_id
        return unchanged(file, reason("case-taken-over" if taken else "case-claimed"))
    if body.operator_id in file.approvers and not isinstance(body, Released):
        return unchanged(file, reason("second-eyes-needed"))
    if isinstance(body, Claimed):
        return Outcome(replace(file, claim=Claim(body.operator_id, at + LEASE)))
    if isinstance(body, Released):
        return Outcome(replace(file, claim=None))
    return _decide(file, body, at, policy)


def _decide(file: CaseFile, body: VerdictGiven, at: datetime, policy: RegionPolicy) -> Outcome:
    """A verdict by somebody who may give one now."""
    state = file.state
    if strange := _strange(file, body):
        return unchanged(file, *strange)
    if body.decision is Decision.APPROVE:
        if state.second_eyes and file.first_eyes is None:
            return Outcome(replace(file, first_eyes=body.operator_id, claim=None))
        return sampled(moved(file, *approve(state, body.operator_id, at, policy)), policy)
    return (
        _reject(file, body, at, policy)
        if body.decision is Decision.REJECT
        else _supplement(file, body, at, policy)
    )


def _of_another(file: CaseFile, operator_id: str, at: datetime) -> Claim | None:
    """The claim of another operator that still holds."""
    claim = file.claim
    return claim if claim and claim.operator_id != operator_id and at < claim.until else None


def take_over(file: CaseFile, body: TakenOver, at: datetime) -> Outcome:
    """A supervisor takes a case, out of another's hands too; who had it is told so when he or she speaks of it again."""
    state = file.state
    if state.state.final or state.state in STANDING:
        return unchanged(file, reason("already-decided"))
    if state.state is not State.UNDER_REVIEW:
        return unchanged(file, wrong_state(state))
    if body.operator_id in file.approvers:
        return unchanged(file, reason("second-eyes-needed"))
    if says_nothing(body.note):
        return unchanged(file, field_invalid("note", WHY, "原经办人请假，案件将逾期"))
    other = _of_another(file, body.operator_id, at)
    own = file.claim if file.claim and file.claim.operator_id == body.operator_id else None
    before = other.operator_id if other else own.taken_from if own else None
    return Outcome(replace(file, claim=Claim(body.operator_id, at + LEASE, before)))


def taken(before: CaseFile, after: CaseFile) -> str | None:
    """From whose hands a case was taken by this event; `None` if from nobody's."""
    claim, had = after.claim, before.claim
    fresh = claim and had and claim.operator_id != had.operator_id
    return claim.taken_from if claim and fresh else None


def _look_again(file: CaseFile, body: OnQueue, at: datetime) -> Outcome:
    """A second look at an approved case that was drawn: whether another person agrees. It changes no binding by itself."""
    sample = file.sample
    if sample is None or not sample.waits or not isinstance(body, VerdictGiven):
        return unchanged(file, reason("already-decided"))
    if body.decision is Decision.SUPPLEMENT:
        return unchanged(file, reason("already-decided"))
    if body.operator_id in file.approvers:
        return unchanged(file, reason("second-eyes-needed"))
    if strange := _strange(file, body):
        return unchanged(file, *strange)
    agreed = body.decision is Decision.APPROVE
    if not agreed and (objections := _unusable(body)):
        return unchanged(file, *objections)
    told = replace(sample, looked_by=body.operator_id, agreed=agreed, looked_at=at)
    return Outcome(replace(file, sample=told))


def _strange(file: CaseFile, body: VerdictGiven) -> list[Reason]:
    """What is said to have been seen and is no document of the case."""
    own = [one.reference for one in file.state.case.materials]
    example = own[0] if own else "leave it out: the case has no documents"
    return [
        field_invalid(f"evidence_seen[{n}]", "no document of this case", example)
        for n, one in enumerate(body.evidence_seen)
        if one not in own
    ]


def looked(before: CaseFile, after: CaseFile) -> str | None:
    """What an operator said of a case without deciding it, as the record names it; `None` if nothing of that kind."""
    if after.first_eyes and after.first_eyes != before.first_eyes:
        return "first-approval"
    if after.sample and before.sample and after.sample != before.sample:
        return "agreed" if after.sample.agreed else "disagreed"
    return None


def reveal(file: CaseFile, body: Revealed) -> Outcome:
    """Personal data may be shown once the reason is on the record."""
    if says_nothing(body.note):
        return unchanged(file, field_invalid("note", WHY, "电话核实关系"))
    return Outcome(file)


def says_nothing(why: str | None) -> bool:
    """Whether a reason is too short, or one character over and over."""
    text = "".join((why or "").split())
    return len(text) < LEASTWHY or len(set(text)) == 1


def _reject(file: CaseFile, body: VerdictGiven, at: datetime, policy: RegionPolicy) -> Outcome:
    objections = _unusable(body)
    if objections:
        return unchanged(file, *objections)
    codes = body.reason_codes or ("review-rejected",)
    changes = {"reasons": tuple(reason(c, note=body.note) for c in codes), "reviewer": body.operator_id}
    return moved(file, step(file.state, "rejected", at, policy_version=policy.version, **changes))


def _unusable(body: VerdictGiven) -> list[Reason]:
    """What keeps the coded reasons of a rejection from being told to an applicant; all faults at once."""
    if not body.reason_codes and not body.note:
        return [field_invalid("reason_codes", "a rejection needs a reason or a note", "relation-disagrees")]
    found = []
    for n, code in enumerate(body.reason_codes):
        needs = _placeholders(code)
        if needs is None:
            found.append(field_invalid(f"reason_codes[{n}]", "no such code", "relation-disagrees"))
        elif needs - {"note"}:
            found.append(field_invalid(f"reason_codes[{n}]", "only a rule can state it", "review-rejected"))
        elif needs and not body.note:
            found.append(field_invalid("note", "the reason quotes the note", "户口本未显示亲属关系"))
    return found


def _placeholders(code: str) -> set[str] | None:
    """The values that the texts of a reason quote; `None` for an unknown code."""
    texts = REASONS.get(code)
    return (
        None
        if texts is None
        else {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
    )


def _supplement(file: CaseFile, body: VerdictGiven, at: datetime, policy: RegionPolicy) -> Outcome:
    if not body.materials:
        return unchanged(file, field_invalid("materials", "name at least one document", "household-register"))
    kinds = tuple(dict.fromkeys(body.materials))
    why = reason(
        "materials-missing",
        field="materials",
        missing="、".join(MATERIALS_ZH[kind] for kind in kinds),
        missing_en=", ".join(kinds),
        days=policy.review.supplement_working_days,
    )
    return moved(file, ask(file.state, kinds, (why,), at, policy, body.operator_id))


def field_invalid(field: str, problem: str, example: str) -> Reason:
    return reason("field-invalid", field=field, problem=problem, example=example)
