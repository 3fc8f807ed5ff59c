"""What a sponsor asks: submit, supplement, withdraw, unbind, change terms or rank, open the family account."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol
from uuid import UUID

from services.eligibility.domain import ending, rules_terms
from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.domain.days import day_of
from services.eligibility.domain.inquiry import state_reason
from services.eligibility.domain.screening import screen
from services.eligibility.handlers import screen as screening
from services.eligibility.handlers.replies import origin_of, refuse, screened
from services.eligibility.work import Work
from shared.contracts import binding_requests as requests
from shared.contracts import binding_screenings as screenings
from shared.contracts.binding_decisions import Step
from shared.contracts.binding_requests import ChannelKind, CounterProof, FaceCheck, Side
from shared.contracts.reasons import reason
from shared.messaging.handler import Event, Out

_OPEN = (Stage.SUPPLEMENT, Stage.CONSENT, Stage.PASSED)


_MATERIALS = 100
"""Documents of one request that are kept, the newest ones: rounds may go on, the messages must not grow with them."""


class EndRequest(Protocol):
    """What both sides' requests to end a binding have in common."""

    @property
    def channel(self) -> ChannelKind: ...
    @property
    def face_check(self) -> FaceCheck | None: ...
    @property
    def counter(self) -> CounterProof | None: ...


def submitted(work: Work, event: Event, body: requests.Submitted, out: Out) -> None:
    """A new request. If only a person is unknown, it waits a short while for the registry."""
    if body.binding_id in work.bindings:
        refuse(out, event, [reason("binding-id-taken", rule="request.binding-id")], body.binding_id)
        return
    binding = Binding(
        binding_id=body.binding_id,
        stage=Stage.WAITING,
        request=body,
        origin=origin_of(event),
        at=event.time,
        admdvs=body.admdvs,
        materials=body.materials,
    )
    work.know_binding(binding)
    q = screening.inquire(work, binding)
    finding = screen(q)
    if finding.unknown_person:
        work.put(binding)
        wait = timedelta(seconds=q.policy.binding.person_wait)
        out.due(screening.PERSON, str(body.binding_id), max(event.appended_at, event.time) + wait)
        screened(out, event, body.binding_id, "accepted", Step.APPLIED, q.policy.version)
        return
    screening.settle(work, binding, q, finding, out, origin_of(event))


def supplemented(work: Work, event: Event, body: requests.Supplemented, out: Out) -> None:
    """Documents that were asked for: the whole request is screened again in a new round, and its outcome goes to who sent them.

    While a person is waited for they only join the request; in any other state nobody asked for them.
    """
    binding = _own(work, event, body.binding_id, body.sponsor_psn_no, out)
    if binding is None:
        return
    given = {m.reference: m for m in (*binding.materials, *body.materials)}
    more = {"materials": tuple(given.values())[-_MATERIALS:], "round": binding.round + 1}
    if binding.stage is Stage.WAITING:
        work.put(binding.model_copy(update=more | {"round": binding.round}))
        screened(out, event, binding.binding_id, "accepted", Step.APPLIED, _version(work, binding))
    elif binding.stage is Stage.SUPPLEMENT:
        screening.run(work, binding.model_copy(update=more), out, origin_of(event), first=False)
    else:
        _wrong_state(work, event, binding, out)


def withdrawn(work: Work, event: Event, body: requests.Withdrawn, out: Out) -> None:
    """The sponsor takes an undecided request back. One that still waits for a person was never on the line."""
    binding = _own(work, event, body.binding_id, body.sponsor_psn_no, out)
    if binding is None:
        return
    if binding.stage is Stage.WAITING:
        work.put(binding.model_copy(update={"stage": Stage.CLOSED}))
        out.no_longer_due(screening.PERSON, str(binding.binding_id))
    elif binding.stage in _OPEN:
        out.no_longer_due(screening.CONSENT, str(binding.binding_id))
        taken = screenings.Withdrawn(binding_id=binding.binding_id, origin=origin_of(event), at=out.now)
        out.emit("binding.screenings.withdrawn", taken)
    else:
        _wrong_state(work, event, binding, out)
        return
    screened(out, event, binding.binding_id, "accepted", Step.ACCEPTED, _version(work, binding))


def unbind_requested(work: Work, event: Event, body: requests.UnbindRequested, out: Out) -> None:
    """The sponsor ends a binding."""
    binding = _own(work, event, body.binding_id, body.sponsor_psn_no, out)
    if binding is not None:
        end(work, event, binding, Side.SPONSOR, body, out)


def end(work: Work, event: Event, binding: Binding, by: Side, body: EndRequest, out: Out) -> None:
    """An end that one side asks for: checked by the policy of now, then handed to audit."""
    policy = work.policies.at(binding.admdvs, event.time)
    reasons = list(
        ending.objections(
            policy,
            work.keys,
            binding,
            by,
            event.time,
            channel=body.channel,
            face=body.face_check,
            face_used=work.face_used(body.face_check, _purpose(binding.binding_id)),
            counter=body.counter,
        )
    )
    if reasons:
        refuse(out, event, reasons, binding.binding_id)
        return
    work.use_face(body.face_check, _purpose(binding.binding_id), event.time)
    checked = screenings.UnbindChecked(
        binding_id=binding.binding_id,
        origin=origin_of(event),
        at=out.now,
        by=by,
        reasons=(state_reason(policy, f"ended-by-{by}", "ending.request", cites="binding.unbind_by"),),
        effective_at=ending.effective_from(policy.binding.unbind_effect, event.time),
    )
    out.emit("binding.screenings.unbind-checked", checked)
    screened(out, event, binding.binding_id, "accepted", Step.ACCEPTED, policy.version)


def terms_changed(
    work: Work,
    event: Event,
    body: requests.ScopeChanged | requests.QuotaChanged | requests.DatesChanged,
    out: Out,
) -> None:
    """New uses, quota or dates for a standing binding, judged by the policy of now."""
    binding = _own(work, event, body.binding_id, body.sponsor_psn_no, out)
    if binding is None:
        return
    if not binding.stage.stands:
        _wrong_state(work, event, binding, out)
        return
    policy = work.policies.at(binding.admdvs, event.time)
    fields = type(body).model_fields.keys() - {"binding_id", "sponsor_psn_no"}
    chosen = binding.terms.model_copy(update={name: getattr(body, name) for name in fields})
    day = day_of(event.time)
    started = chosen.begndate == binding.terms.begndate
    reasons = list(rules_terms.judge(policy, chosen, day, started=started))
    if reasons:
        refuse(out, event, reasons, binding.binding_id)
        return
    work.put(binding.model_copy(update={"terms": chosen}))
    changed = screenings.ChangeChecked(
        binding_id=binding.binding_id, origin=origin_of(event), at=out.now, terms=chosen
    )
    out.emit("binding.screenings.change-checked", changed)
    screened(out, event, binding.binding_id, "accepted", Step.ACCEPTED, policy.version)


def rank_changed(work: Work, event: Event, body: requests.RankChanged, out: Out) -> None:
    """The sponsor puts his or her beneficiaries in order."""
    order(work, event, body.ranked, Side.SPONSOR, work.owners.get(body.sponsor_psn_no), out)


def order(
    work: Work, event: Event, chosen: tuple[UUID, ...], side: Side, actor: bytes | None, out: Out
) -> None:
    """A new order of the standing bindings of one side; all of them must be the actor's own."""
    found = [work.bindings.get(i) for i in dict.fromkeys(chosen)]
    own = [b for b in found if b and (b.sponsor if side is Side.SPONSOR else b.beneficiary) == actor]
    if len(own) != len(found):
        refuse(out, event, [reason("not-your-binding", rule="request.own")])
        return
    if wrong := next((b for b in own if not b.stage.stands), None):
        _wrong_state(work, event, wrong, out)
        return
    for place, binding in enumerate(own, start=1):
        key = "rank" if side is Side.SPONSOR else "order"
        changed = screenings.ChangeChecked(
            binding_id=binding.binding_id, origin=origin_of(event), at=out.now, **{key: place}
        )
        out.emit("binding.screenings.change-checked", changed)
        screened(out, event, binding.binding_id, "accepted", Step.ACCEPTED, _version(work, binding))


def account_opened(work: Work, event: Event, body: requests.AccountOpened, out: Out) -> None:
    """The sponsor opens a family account, where a region has that step; opening it twice changes nothing."""
    person = work.by_number(body.sponsor_psn_no)
    policy = work.policies.at(body.admdvs, event.time)
    if person is None:
        refuse(out, event, [reason("sponsor-unknown", rule="sponsor.known", field="sponsor_psn_no")])
        return
    if not person.opened:
        work.opened[person.key] = event.time
        work.changed_people.add(person.key)
    screened(out, event, None, "accepted", Step.DECIDED, policy.version)


def _own(work: Work, event: Event, binding_id: UUID, psn_no: str, out: Out) -> Binding | None:
    """The sponsor's own binding; else the sender is told."""
    binding = work.bindings.get(binding_id)
    if binding is None:
        refuse(
            out, event, [reason("binding-unknown", rule="request.binding", field="binding_id")], binding_id
        )
        return None
    owner = work.owners.get(psn_no)  # a number may have gone to somebody else since
    if owner == binding.sponsor or (owner is None and psn_no == binding.request.sponsor.psn_no):
        return binding
    refuse(out, event, [reason("not-your-binding", rule="request.own", field="sponsor_psn_no")], binding_id)
    return None


def _wrong_state(work: Work, event: Event, binding: Binding, out: Out) -> None:
    why = reason("wrong-state", rule="request.state", state=binding.stage.shown)
    refuse(out, event, [why], binding.binding_id)


def _version(work: Work, binding: Binding) -> str:
    return screening.policy_of(work, binding).version


def _purpose(binding_id: UUID) -> UUID:
    """Under which id a face check for ending is kept: never that of the binding's own request."""
    return UUID(int=binding_id.int ^ 1 << 127)
