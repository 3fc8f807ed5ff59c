"""What the asking channel and the desk read of a binding."""

from __future__ import annotations

from datetime import datetime

from shared.contracts import answers
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import STEP_OF_STATE, BindingState
from shared.contracts.reasons import Reason


def progress(state: BindingState, objections: tuple[Reason, ...] = ()) -> answers.Binding:
    """The state for a channel, with the public step; no person, no number. `objections`: why its request was not used."""
    return answers.Binding(
        binding_id=state.binding_id,
        version=state.version,
        state=state.state,
        step=STEP_OF_STATE[state.state],
        reasons=objections or state.reasons,
        supplement=state.supplement,
        due_at=state.due_at,
        due_basis=state.due_basis,
        effective_from=state.effective[0].begin if state.effective else None,
        cause=state.cause,
        at=state.at,
    )


def verdict(
    binding_id: UUID, state: BindingState | None, objections: tuple[Reason, ...], at: datetime
) -> answers.Verdict:
    """Whether an operator's verdict was used, and the state after it."""
    return answers.Verdict(
        binding_id=binding_id,
        accepted=not objections,
        state=state.state if state else None,
        version=state.version if state else None,
        reasons=objections,
        at=at,
    )
