"""What a beneficiary says: consent (kept when it comes first), decline, unbind, order of sponsors."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

from services.eligibility.domain import rules_face, rules_proof
from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.domain.channels import proofs_of
from services.eligibility.domain.person import Person, person_key
from services.eligibility.handlers import screen as screening
from services.eligibility.handlers.changes import order
from services.eligibility.handlers.ends import end
from services.eligibility.handlers.replies import origin_of, refuse, screened
from services.eligibility.work import Work, about_binding, about_sponsor
from shared.contracts import beneficiary_requests as requests
from shared.contracts import binding_screenings as screenings
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import Step
from shared.contracts.binding_requests import Side
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Event, Out

_Named = requests.Consented | requests.Declined | requests.UnbindRequested
_UNDECIDED = (Stage.SUPPLEMENT, Stage.CONSENT, Stage.PASSED)


def consented(work: Work, event: Event, body: requests.Consented, out: Out) -> None:
    """The beneficiary agrees. Before the request is there, the consent is kept for as long as consent is waited for."""
    person = work.by_number(body.beneficiary_psn_no)
    binding = _find(work, body, person)
    if person is None or (binding is not None and binding.beneficiary != person.key):
        why = reason("consent-wrong-person", rule="consent.person", field="beneficiary_psn_no")
        refuse(out, event, [why], body.binding_id)  # the same, whether the registry has the number or not
        return
    reasons = _unproven(work, event, body, person, binding)
    if reasons:
        refuse(out, event, reasons, body.binding_id)
        return
    if binding is None and (body.binding_id or body.sponsor):
        _keep(work, event, body, person, out)
    elif binding is None:
        refuse(out, event, [reason("binding-unknown", rule="request.binding", field="short_code")])
    elif _too_late(binding, event):
        days = screening.policy_of(work, binding).binding.consent_days
        refuse(out, event, [_expired(days)], binding.binding_id)
    elif binding.stage in _UNDECIDED:
        _give(work, event, body, binding, out)
    else:
        refuse(out, event, [_state(binding)], binding.binding_id)


def _unproven(
    work: Work, event: Event, body: requests.Consented, person: Person, binding: Binding | None
) -> list[Reason]:
    """What is wrong with the proof that the beneficiary is the one who consents."""
    region = binding.admdvs if binding else _home(person)
    policy = work.policies.at(region, event.time)
    proofs = proofs_of(policy.binding, body.channel)
    found: list[Reason] = []
    if "operator" in proofs:
        found += rules_proof.vouched(policy, body.channel, body.counter)
    if "face-check" in proofs and policy.binding.consent_face_check:
        used = work.face_used(body.face_check, _purpose(event))
        cites = "binding.consent_face_check"
        found += rules_face.check(
            policy, work.keys, body.face_check, person.key, event.time, used=used, cites=cites
        )
    return found


def _keep(work: Work, event: Event, body: requests.Consented, person: Person, out: Out) -> None:
    about = about_binding(body.binding_id) if body.binding_id else about_sponsor(_key(body))
    work.consents[person.key, about] = event.time
    work.changed_consents.add((person.key, about))
    work.use_face(body.face_check, _purpose(event), event.time)
    policy = work.policies.at(_home(person), event.time)
    screened(out, event, body.binding_id, "accepted", Step.APPLIED, policy.version)


def _give(work: Work, event: Event, body: requests.Consented, binding: Binding, out: Out) -> None:
    work.use_face(body.face_check, _purpose(event), event.time)
    binding = binding.model_copy(update={"consented": True})
    if binding.stage is Stage.CONSENT:
        out.no_longer_due(screening.CONSENT, str(binding.binding_id))
        screening.run(work, binding, out, binding.origin, first=False)
    else:
        work.put(binding)
    version = screening.policy_of(work, binding).version
    screened(out, event, binding.binding_id, "accepted", Step.ACCEPTED, version)


def declined(work: Work, event: Event, body: requests.Declined, out: Out) -> None:
    """The beneficiary does not want it: the request ends, and its slot becomes free with audit's decision."""
    binding = _mine(work, event, body, out)
    if binding is None:
        return
    if binding.stage is not Stage.CONSENT:
        refuse(out, event, [_state(binding)], binding.binding_id)
        return
    out.no_longer_due(screening.CONSENT, str(binding.binding_id))
    expire(work, binding, origin_of(event), out, declined=True, days=0)
    policy = work.policies.at(binding.admdvs, event.time)
    screened(out, event, binding.binding_id, "accepted", Step.DECIDED, policy.version)


def expire(
    work: Work, binding: Binding, origin: Origin | None, out: Out, *, declined: bool, days: int
) -> None:
    """Tells audit that no consent will come. The slot waits for the decision, and a consent that comes now is too late."""
    work.put(binding.model_copy(update={"stage": Stage.REFUSING}))
    why = reason("consent-declined", rule="consent.declined") if declined else _expired(days)
    body = screenings.ConsentExpired(
        binding_id=binding.binding_id, origin=origin, at=out.now, declined=declined, reasons=(why,)
    )
    out.emit("binding.screenings.consent-expired", body)


def _expired(days: int) -> Reason:
    return reason("consent-expired", rule="consent.in-time", days=days)


def _too_late(binding: Binding, event: Event) -> bool:
    """Whether the time for consent was over when it was given, though its end has not been decided yet."""
    return (
        binding.stage is Stage.CONSENT
        and binding.consent_until is not None
        and event.time >= binding.consent_until
    )


def unbind_requested(work: Work, event: Event, body: requests.UnbindRequested, out: Out) -> None:
    """The beneficiary ends a binding."""
    binding = _mine(work, event, body, out)
    if binding is not None:
        end(work, event, binding, Side.BENEFICIARY, body, out)


def order_changed(work: Work, event: Event, body: requests.OrderChanged, out: Out) -> None:
    """The beneficiary says whose account pays first."""
    order(work, event, body.ordered, Side.BENEFICIARY, work.owners.get(body.beneficiary_psn_no), out)


def _mine(work: Work, event: Event, body: _Named, out: Out) -> Binding | None:
    """The beneficiary's own binding that the message names; else the sender is told."""
    person = work.by_number(body.beneficiary_psn_no)
    binding = _find(work, body, person)
    if binding is None:
        refuse(out, event, [reason("binding-unknown", rule="request.binding")], body.binding_id)
        return None
    # Alike, whether the registry has the number or not.
    if person is None or binding.beneficiary != person.key:
        refuse(out, event, [reason("not-your-binding", rule="request.own")], body.binding_id)
        return None
    return binding


def _find(work: Work, body: _Named, person: Person | None) -> Binding | None:
    """The binding by id, by short code, or the newest of this person's with the named sponsor that is not over."""
    if body.binding_id is not None:
        return work.bindings.get(body.binding_id)
    if body.short_code is not None:
        return next((b for b in work.bindings.values() if b.short_code == body.short_code), None)
    key = person.key if person else b""
    alive = [
        b
        for b in work.bindings_of(key)
        if b.beneficiary == key and b.sponsor == _key(body) and b.stage not in (Stage.REFUSED, Stage.CLOSED)
    ]
    return alive[-1] if alive else None


def _key(body: _Named) -> bytes:
    return person_key(body.sponsor) if body.sponsor else b""


def _home(person: Person) -> str:
    rows = [row for record in person.records for row in record.insurances]
    return rows[0].insuplc_admdvs if rows else "100000"


def _state(binding: Binding) -> Reason:
    return reason("wrong-state", rule="request.state", state=binding.stage.shown)


def _purpose(event: Event) -> UUID:
    """Under which id the face check of a consent is kept: one for each message."""
    return uuid5(NAMESPACE_URL, f"{event.source}/{event.id}")
