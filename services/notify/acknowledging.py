"""`notice.receipts`: a channel says that it showed a message. Only the channel whose message it was is believed."""

from services.notify.ending import Ending
from services.notify.work import Work
from shared.contracts.answers import Refused
from shared.contracts.base import Origin
from shared.contracts.notices import Acknowledged, Medium
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Event, Invalid, Out


def acknowledged(work: Work, event: Event, body: Acknowledged, out: Out) -> None:
    """The channel showed it: told, whatever the other media do."""
    notice = work.notices.get(body.notice_id)
    if not event.time_believed:
        refuse(event, out, reason("time-not-believed"))
    elif notice is None:
        refuse(event, out, reason("binding-unknown"))
    elif notice.origin is None or notice.origin.source != event.source:
        refuse(event, out, reason("not-your-binding"))
    elif not notice.state.final:
        Ending(work, out).deliver(notice, Medium.MESSAGE_CENTRE, 0)


def invalid(event: Event, body: Invalid, out: Out) -> None:
    """Every field that is wrong, with a value that would be right."""
    wrong = [
        reason("field-invalid", field=e.field[:200], problem=e.reason[:200], example=e.example or "-")
        for e in body.errors
    ]
    refuse(event, out, *wrong)


def refuse(event: Event, out: Out, *reasons: Reason) -> None:
    """Answers the channel; nothing is stored."""
    answer = Refused(request_type=event.type, reasons=reasons)
    out.answer(answer, to=Origin(source=event.source, id=event.id), type="answers.refused")
