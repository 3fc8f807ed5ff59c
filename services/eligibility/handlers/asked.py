"""What requests about a binding have in common: whose it is, and that its state allows no such thing."""

from __future__ import annotations

from uuid import UUID

from services.eligibility.domain.binding import Binding
from services.eligibility.handlers import screen as screening
from services.eligibility.handlers.replies import refuse
from services.eligibility.work import Work
from shared.contracts.reasons import reason
from shared.messaging.handler import Event, Out


def own(work: Work, event: Event, binding_id: UUID, psn_no: str, out: Out) -> Binding | None:
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


def wrong_state(event: Event, binding: Binding, out: Out) -> None:
    """Tells the sender that the state of the binding allows no such thing."""
    why = reason("wrong-state", rule="request.state", state=binding.stage.shown)
    refuse(out, event, [why], binding.binding_id)


def version(work: Work, binding: Binding) -> str:
    """Version of the policy by which the request is judged."""
    return screening.policy_of(work, binding).version
