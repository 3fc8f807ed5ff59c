"""Screening one request against the facts of now: finding, slot, message for audit, answer for the channel."""

from __future__ import annotations

from datetime import timedelta

from services.eligibility.domain import probing, rules_distance, rules_proof
from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.domain.days import day_of
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import Person
from services.eligibility.domain.screening import Finding, Outcome, screen
from services.eligibility.handlers.replies import screened
from services.eligibility.work import Work
from shared.contracts import binding_screenings as screenings
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import Step
from shared.contracts.binding_screenings import Case, Party
from shared.messaging.handler import Out
from shared.policies.values import RegionPolicy

STAGES = {
    Outcome.PASSED: Stage.PASSED,
    Outcome.CONSENT_NEEDED: Stage.CONSENT,
    Outcome.SUPPLEMENT: Stage.SUPPLEMENT,
    Outcome.REFUSED: Stage.REFUSED,
}
_EMPLOYEES = frozenset({"310"})
_WHO = frozenset({"sponsor-unknown", "sponsor-mismatch", probing.STOPPED})
"""Reasons that are judged whoever else is confirmed or not."""
CONSENT, PERSON = "consent", "person"
"""Kinds of due rows: a consent that expires, a person who is waited for."""


def inquire(work: Work, binding: Binding) -> Inquiry:
    """The request with the facts as they are now; policy and ages are those of its own event time."""
    request = binding.request
    sponsor = work.by_number(request.sponsor.psn_no)
    beneficiary = work.person(binding.beneficiary)
    same = sponsor is not None and sponsor.key == binding.sponsor
    certified = sponsor if same else work.person(binding.sponsor, request.sponsor.psn_no)
    region = _region(binding, certified)
    policy = work.policies.at(region, binding.at)
    signed = request.commitment.signed_at if request.commitment else binding.at
    return Inquiry(
        request=request,
        at=binding.at,
        day=day_of(binding.at),
        region=region,
        policy=policy,
        sponsor=sponsor,
        beneficiary=beneficiary,
        relation=work.relation(sponsor, beneficiary),
        family=work.family(binding.binding_id, binding.sponsor, binding.beneficiary),
        materials=binding.materials,
        letter=work.policies.at(region, min(signed, binding.at)).binding.commitment,
        face_used=work.face_used(request.face_check, binding.binding_id),
        keys=work.keys,
        consented=binding.consented or work.consent_kept(binding, policy.binding.consent_days),
    )


def _region(binding: Binding, sponsor: Person | None) -> str:
    """Whose policy holds: that of the place where the sponsor is insured; else that of the place where it was asked for.

    `sponsor`: whose certificate it is. Certificate and name must be those of one person: citations name the region, and where strangers are insured is nobody's business.
    """
    asked = binding.request
    home = home_of(sponsor) if sponsor and sponsor.named(asked.sponsor.psn_name) else None
    return home or asked.admdvs


def home_of(sponsor: Person) -> str | None:
    """Where a person is insured as an employee, and so has an account to share."""
    row = sponsor.best(_EMPLOYEES)
    return row.insuplc_admdvs if row else None


def policy_of(work: Work, binding: Binding) -> RegionPolicy:
    """The policy by which the request was judged last."""
    return work.policies.at(binding.admdvs, binding.at)


def judge(work: Work, binding: Binding, *, new: bool = False) -> tuple[Inquiry, Finding]:
    """A first look at a request. Nothing about the relative is looked at for a sponsor who asked for too many strangers today.

    `new`: those for whom a known sponsor waits count as well, or any number could be asked for within one wait.
    """
    q = inquire(work, binding)
    named = work.unconfirmed_today(binding)
    if new and q.sponsor is not None:
        named += work.strangers_waiting(binding)
    if probing.stopped(q, named):
        work.stop(binding)
        q = probing.blind(q)
        return q, probing.refusal(q)
    return q, screen(q)


def run(work: Work, binding: Binding, out: Out, reply_to: Origin, *, first: bool = True) -> None:
    """Screens, and does what follows."""
    q = inquire(work, binding)
    settle(work, binding, q, screen(q, first=first), out, reply_to, first=first)


def settle(
    work: Work,
    binding: Binding,
    q: Inquiry,
    finding: Finding,
    out: Out,
    reply_to: Origin,
    *,
    first: bool = True,
) -> None:
    """Stores what was found, reserves the slot or not, tells audit and the channel."""
    case = _case(binding, q)
    binding = _as_found(binding, q, finding, case, out)
    if finding.outcome.holds_slot and q.consented and not binding.consented:
        work.use_consent(binding)
        binding = binding.model_copy(update={"consented": True})
    if finding.outcome.holds_slot and first:
        work.use_face(binding.request.face_check, binding.binding_id, binding.at)
    if probing.NOT_CONFIRMED in binding.codes:
        work.note_unconfirmed(binding)
    work.put(binding)
    work.remember(binding, q, finding, out.now, first=first)
    _tell_audit(binding, finding, case, q, out, reply_to)
    gone = _gone(work, binding, q, finding)
    step = Step.DECIDED if finding.outcome is Outcome.REFUSED else Step.ACCEPTED
    outcome = "refused" if finding.reasons else finding.outcome.value
    screened(
        out, reply_to, binding.binding_id, outcome, step, q.policy.version, reasons=finding.reasons, gone=gone
    )


def _as_found(binding: Binding, q: Inquiry, finding: Finding, case: Case, out: Out) -> Binding:
    """The binding with what this round found. The terms are those of the request from here on."""
    beneficiary = case.beneficiary
    return binding.model_copy(
        update={
            "stage": _stage(binding, finding.outcome),
            "admdvs": case.admdvs,
            "beneficiary_admdvs": beneficiary.insuplc_admdvs if beneficiary else None,
            "beneficiary_gend": q.confirmed.sex if q.confirmed else None,
            "codes": tuple(r.code for r in finding.reasons),
            "short_code": binding.short_code or _short_code(finding, out),
            "terms": binding.request.terms,
            "consent_until": out.now + timedelta(days=q.policy.binding.consent_days),
        }
    )


def _stage(binding: Binding, outcome: Outcome) -> Stage:
    """Where the request stands now. A slot that was reserved is kept until audit has decided."""
    refused_later = outcome is Outcome.REFUSED and binding.stage.held
    return Stage.REFUSING if refused_later else STAGES[outcome]


def _tell_audit(
    binding: Binding, finding: Finding, case: Case, q: Inquiry, out: Out, reply_to: Origin
) -> None:
    """Hands the round to audit, with whom to answer about it: the binding's own request, or the documents' sender."""
    policy = q.policy
    common = {
        "binding_id": binding.binding_id,
        "round": binding.round,
        "origin": reply_to,
        "case": case,
        "policy_version": policy.version,
        "marks": finding.marks,
    }
    if finding.reasons:
        wanted = rules_proof.missing(q) if finding.outcome is Outcome.SUPPLEMENT else ()
        body = screenings.Refused(**common, supplement=wanted, reasons=finding.reasons, facts=finding.facts)
        out.emit("binding.screenings.refused", body)
    elif finding.outcome is Outcome.CONSENT_NEEDED:
        expires = binding.consent_until or out.now
        needed = screenings.ConsentNeeded(**common, expires_at=expires, short_code=binding.short_code or "")
        out.emit("binding.screenings.consent-needed", needed)
        out.due(CONSENT, str(binding.binding_id), expires)
    else:
        passed = screenings.Passed(**common, proven_by=finding.proven_by, facts=finding.facts)
        out.emit("binding.screenings.passed", passed)


def _case(binding: Binding, q: Inquiry) -> Case:
    request = binding.request
    relative = q.confirmed
    party = None
    if relative:
        row = q.beneficiary_row
        place = row.insuplc_admdvs if row else (request.beneficiary.insuplc_admdvs or request.admdvs)
        party = Party(psn_no=relative.psn_no, insuplc_admdvs=place)
    return Case(
        admdvs=q.region,
        channel=request.channel,
        sponsor=Party(psn_no=request.sponsor.psn_no, insuplc_admdvs=q.region),
        beneficiary=party,
        relation=request.relation,
        terms=request.terms,
        materials=binding.materials,
        counter=request.counter,
        earlier_binding_id=request.earlier_binding_id,
        requested_at=binding.at,
        mode=rules_distance.mode(q) or q.policy.binding.mode,
    )


_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def _short_code(finding: Finding, out: Out) -> str | None:
    """Eight letters and digits that nobody confuses, from the random part of a new id (about 40 bits)."""
    if finding.outcome is not Outcome.CONSENT_NEEDED:
        return None
    number = out.new_id().int & (1 << 60) - 1
    digits = []
    for _ in range(8):
        number, place = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[place])
    return "".join(digits)


def _gone(work: Work, binding: Binding, q: Inquiry, finding: Finding) -> tuple[str, ...]:
    """Reasons of the refused request that this one mends, as far as they are gone.

    While somebody is not confirmed most rules are silent, and silence says of no other reason that it is gone.
    """
    earlier_id = binding.request.earlier_binding_id
    earlier = work.bindings.get(earlier_id) if earlier_id else None
    still = {r.code for r in finding.reasons}
    if earlier is None or earlier.sponsor != binding.sponsor or probing.STOPPED in still:
        return ()
    judged = q.known_sponsor is not None and q.confirmed is not None
    return tuple(dict.fromkeys(c for c in earlier.codes if c not in still and (judged or c in _WHO)))
