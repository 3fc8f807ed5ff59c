"""An end that one side asks for: checked by the policy of now, then handed to audit."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from services.eligibility.domain import ending
from services.eligibility.domain.binding import Binding
from services.eligibility.domain.inquiry import state_reason
from services.eligibility.handlers.asked import own
from services.eligibility.handlers.replies import origin_of, refuse, screened
from services.eligibility.work import Work
from shared.contracts import binding_requests as requests
from shared.contracts import binding_screenings as screenings
from shared.contracts.binding_decisions import Step
from shared.contracts.binding_requests import ChannelKind, CounterProof, FaceCheck, Side
from shared.messaging.handler import Event, Out


class EndRequest(Protocol):
    """What both sides' requests to end a binding have in common."""

    @property
    def channel(self) -> ChannelKind: ...
    @property
    def face_check(self) -> FaceCheck | None: ...
    @property
    def counter(self) -> CounterProof | None: ...


def unbind_requested(work: Work, event: Event, body: requests.UnbindRequested, out: Out) -> None:
    """The sponsor ends a binding."""
    binding = own(work, event, body.binding_id, body.sponsor_psn_no, out)
    if binding is not None:
        end(work, event, binding, Side.SPONSOR, body, out)


def end(work: Work, event: Event, binding: Binding, by: Side, body: EndRequest, out: Out) -> None:
    """One side ends the binding, as far as nothing is against it."""
    policy = work.policies.at(binding.admdvs, event.time)
    against = ending.objections(
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
    if reasons := list(against):
        refuse(out, event, reasons, binding.binding_id)
        return
    work.use_face(body.face_check, _purpose(binding.binding_id), event.time)
    checked = screenings.UnbindChecked(
        binding_id=binding.binding_id,
        origin=origin_of(event),
        at=out.now,
        by=by,
        reasons=(state_reason(policy, f"ended-by-{by}", "ending.request", cites="binding.unbind_by"),),
        effective_at=ending.ends_at(policy, binding, body.channel, event.time),
    )
    out.emit("binding.screenings.unbind-checked", checked)
    screened(out, event, binding.binding_id, "accepted", Step.ACCEPTED, policy.version)


def _purpose(binding_id: UUID) -> UUID:
    """Under which id a face check for ending is kept: never that of the binding's own request."""
    return UUID(int=binding_id.int ^ 1 << 127)
