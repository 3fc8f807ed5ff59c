"""What a decision leads to beside its publication: due rows, answers to channels, registry records kept for the desk."""

from __future__ import annotations

from typing import Any, TypeVar

from services.audit.domain import answering, life
from services.audit.domain.model import CaseFile, Outcome
from shared.contracts.registry import PersonRecorded, RelationRecorded
from shared.messaging.handler import Event, Invalid, Out, Tombstone

R = TypeVar("R", PersonRecorded, RelationRecorded)


def keep(records: dict[str, R | None], event: Event) -> None:
    """The newest version of a registry record; what is invalid is the authority's to mend (eligibility answers it)."""
    key: str = event.key.decode()
    body: Any = event.body
    if isinstance(body, Tombstone):
        records[key] = None
    elif not isinstance(body, Invalid):
        held = records.get(key)
        if held is None or held.version < body.version:
            records[key] = body


def schedule(before: CaseFile | None, after: CaseFile, out: Out) -> None:
    """Due rows are a function of what is held: those that it asks for are set, the others go."""
    had, has = life.dues(before), life.dues(after)
    entity = str(after.state.binding_id)
    for kind, at in has.items():
        if had.get(kind) != at:
            out.due(kind, entity, at)
    for kind in had.keys() - has.keys():
        out.no_longer_due(kind, entity)


def tell(outcome: Outcome, event: Any, out: Out) -> None:
    """The state for the channel that asked now, even if nothing came of it, and after a change for the one that applied.

    A round of screening that the case has had asks for nothing: eligibility has answered it.
    """
    if outcome.file is None:
        return
    state, asked = outcome.file.state, getattr(event, "origin", None)
    waiting = not isinstance(event, life.ROUNDS)
    if asked and (outcome.steps or outcome.objections or waiting):
        out.answer(answering.progress(state, outcome.objections), to=asked, type="answers.binding")
    if outcome.steps and (asked is None or asked.source != state.origin.source):
        out.answer(answering.progress(state), to=state.origin, type="answers.binding")
