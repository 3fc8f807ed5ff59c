"""Requests with wrong fields: every one is named; nothing is booked."""

from uuid import UUID

from shared.contracts.answers import Premium, Refused, Transfer
from shared.contracts.base import Origin
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Event, Invalid, Out

STATE = {"premium.requests": "declined", "account.transfers": "refused"}


def wrong_fields(event: Event, out: Out, body: Invalid) -> None:
    """Answers with every field that is wrong, why, and what a right value looks like."""
    reasons = tuple(
        reason("field-invalid", field=e.field[:200], problem=e.reason[:200], example=e.example or "-")
        for e in body.errors[:20]
    )
    _answer(event, out, reasons)


def _answer(event: Event, out: Out, reasons: tuple[Reason, ...]) -> None:
    to = Origin(source=event.source, id=event.id)
    subject = event.subject
    topic = event.topic
    if topic == "premium.requests":
        body = Premium(
            premium_id=_id(event, "premium_id"), state=STATE[topic], reasons=reasons, at=event.time
        )
        out.answer(body, to=to, type="answers.premium", subject=subject)
    elif topic == "account.transfers":
        moved = Transfer(
            transfer_id=_id(event, "transfer_id"), state=STATE[topic], reasons=reasons, at=event.time
        )
        out.answer(moved, to=to, type="answers.transfer", subject=subject)
    else:
        out.answer(
            Refused(request_type=event.type, reasons=reasons), to=to, type="answers.refused", subject=subject
        )


def _id(event: Event, name: str) -> UUID | None:
    value = (
        event.body.fields.get(name) if isinstance(event.body, Invalid) else getattr(event.body, name, None)
    )
    try:
        return None if value is None else UUID(str(value))
    except ValueError:
        return None
