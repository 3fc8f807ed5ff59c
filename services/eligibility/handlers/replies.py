"""Answers to whoever asked."""

from __future__ import annotations

from uuid import UUID

from shared.contracts import answers
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import Step
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Event, Invalid, Out


def origin_of(event: Event) -> Origin:
    """Whom an answer to this event goes to."""
    return Origin(source=event.source, id=event.id)


def refuse(out: Out, event: Event, reasons: list[Reason], binding_id: UUID | None = None) -> None:
    """Tells the sender that the request was not used, with every reason."""
    body = answers.Refused(request_type=event.type, binding_id=binding_id, reasons=tuple(reasons))
    out.answer(body, to=origin_of(event), type="answers.refused", subject=event.subject)


def refuse_invalid(out: Out, event: Event, invalid: Invalid) -> None:
    """Tells the sender every field that is wrong."""
    reasons = [
        reason(
            "field-invalid", rule="message.fields", field=e.field[:200], problem=e.reason, example=e.example
        )
        for e in invalid.errors
    ]
    refuse(out, event, reasons, _readable_id(invalid))


def screened(
    out: Out,
    event_or_origin: Event | Origin,
    binding_id: UUID | None,
    outcome: str,
    step: Step,
    policy_version: str,
    *,
    reasons: tuple[Reason, ...] = (),
    gone: tuple[str, ...] = (),
) -> None:
    """Tells the sender at once what we found."""
    to = event_or_origin if isinstance(event_or_origin, Origin) else origin_of(event_or_origin)
    body = answers.Screened(
        binding_id=binding_id,
        outcome=outcome,
        step=step,
        reasons=reasons,
        reasons_gone=gone,
        at=out.now,
        policy_version=policy_version,
    )
    out.answer(body, to=to, type="answers.screened")


def _readable_id(invalid: Invalid) -> UUID | None:
    try:
        return UUID(str(invalid.fields.get("binding_id")))
    except ValueError:
        return None


def usable(out: Out, event: Event) -> Message | None:
    """The body of a request that may be judged; else the sender is told which fields or that the time is wrong."""
    if isinstance(event.body, Invalid):
        refuse_invalid(out, event, event.body)
        return None
    if not event.time_believed:
        wrong = [reason("time-not-believed", rule="message.time", field="ce_time")]
        refuse(out, event, wrong, getattr(event.body, "binding_id", None))
        return None
    return event.body if isinstance(event.body, Message) else None
