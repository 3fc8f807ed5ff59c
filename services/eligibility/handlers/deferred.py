"""Messages that came too early: they wait, in their order, and are then judged for good.

Behind a request that waits for a person: the messages about it queue up in the binding and are judged once the request was, so at the latest
when `person_wait` is over. About a binding whose decision is on its way: topics have no order among one another; who reads "approved"
and at once asks to end the binding, or reads which documents are asked for and sends them, may be read before the decision. Such a message
waits a moment, as a due row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.eligibility.domain.binding import Binding, Queued, Stage
from services.eligibility.domain.person import person_key
from services.eligibility.handlers.asked import wrong_state
from services.eligibility.work import Work
from shared.contracts import beneficiary_requests as theirs
from shared.contracts import binding_requests as ours
from shared.contracts.base import Message
from shared.contracts.topics import TYPES
from shared.messaging.handler import Due, Event, Out

KIND, QUEUE = "again", "queue"
"""Kinds of due rows: a message that is judged again, and a binding whose queue is."""
WAIT = timedelta(seconds=2)
LONGEST = 50
"""Messages that may queue behind one request."""
_FOLLOWS_DECISION = (
    ours.Supplemented,
    ours.UnbindRequested,
    ours.ScopeChanged,
    ours.QuotaChanged,
    ours.DatesChanged,
    ours.RankChanged,
    theirs.UnbindRequested,
    theirs.OrderChanged,
)
_BY_BENEFICIARY = (theirs.Consented, theirs.Declined, theirs.UnbindRequested)


def deferred(work: Work, event: Event, body: Message, out: Out) -> bool:
    """Whether the message is put off: behind a request that waits, or until the decisions of this moment have been read."""
    if isinstance(body, ours.Withdrawn):
        return False  # what is taken back while it waits must not be judged, let alone approved, in between
    if first := _waiting(work, body):
        if len(first.queued) >= LONGEST:
            wrong_state(event, first, out)
        else:
            kept = Queued(**_kept(event, body))
            work.put(first.model_copy(update={"queued": (*first.queued, kept)}))
        return True
    if not _overtakes(work, body):
        return False
    row = _kept(event, body) | {"time": event.time.isoformat()}
    out.due(KIND, f"{event.source}/{event.id}", max(event.appended_at, event.time) + WAIT, row)
    return True


def release(work: Work, binding_id: UUID, out: Out) -> None:
    """The request was judged: what queued behind it is due now."""
    if work.bindings[binding_id].queued:
        out.due(QUEUE, str(binding_id), out.now)


def queued(work: Work, binding_id: UUID, out: Out) -> Iterator[Event]:
    """The messages that queued behind a request, taken out, in the order in which they came."""
    binding = work.bindings.get(binding_id)
    if binding is None or binding.stage is Stage.WAITING:
        return
    work.put(binding.model_copy(update={"queued": ()}))
    for number, kept in enumerate(binding.queued):
        moment = out.now + timedelta(microseconds=number)  # those that are put off again keep their order
        yield _event(kept.type, kept.source, kept.id, kept.time, kept.body, moment, None)


def event_of(item: Due) -> Event:
    """The message of a due row, as it came."""
    row = item.body
    time = datetime.fromisoformat(row["time"])
    return _event(row["type"], row["source"], row["id"], time, row["body"], item.time, item.trace)


def _kept(event: Event, body: Message) -> dict[str, Any]:
    return {
        "type": event.type,
        "source": event.source,
        "id": event.id,
        "time": event.time,
        "body": body.model_dump(mode="json"),
    }


def _event(
    type: str, source: str, id: str, time: datetime, body: dict[str, Any], now: datetime, trace: str | None
) -> Event:
    spec = TYPES[type]
    return Event(
        topic=spec.topic,
        partition=0,
        offset=0,
        key=b"",
        source=source,
        id=id,
        type=spec.short,
        subject=None,
        time=time,
        appended_at=now,
        time_believed=True,
        trace=trace,
        body=spec.model.model_validate_json(to_json(body)),
    )


def _waiting(work: Work, body: Message) -> Binding | None:
    """The request behind which the message has to queue: it waits for a person, or others queue behind it already."""
    if isinstance(body, ours.Submitted):
        return None
    around = [b for i in _about(body) if (b := work.bindings.get(i))]
    if isinstance(body, _BY_BENEFICIARY) and body.binding_id is None and body.sponsor:
        around += _of_couple(work, body.beneficiary_psn_no, person_key(body.sponsor))
    return next((b for b in around if b.stage is Stage.WAITING or b.queued), None)


def _of_couple(work: Work, beneficiary_psn_no: str, sponsor: bytes) -> list[Binding]:
    """Bindings that a beneficiary means who names the sponsor. Whom the registry does not know yet may be any beneficiary."""
    person = work.owners.get(beneficiary_psn_no)
    return [b for b in work.bindings_of(sponsor) if b.sponsor == sponsor and person in (None, b.beneficiary)]


def _overtakes(work: Work, body: Message) -> bool:
    """Whether the request is about a binding that passed, or mends one that still holds its slot."""
    if isinstance(body, ours.Submitted):
        earlier = work.bindings.get(body.earlier_binding_id) if body.earlier_binding_id else None
        return earlier is not None and earlier.stage.held and not earlier.stage.stands
    if not isinstance(body, _FOLLOWS_DECISION):
        return False
    return Stage.PASSED in {b.stage for i in _about(body) if (b := work.bindings.get(i))}


def _about(body: Message) -> Iterable[UUID]:
    if isinstance(body, ours.RankChanged):
        return body.ranked
    if isinstance(body, theirs.OrderChanged):
        return body.ordered
    binding_id = getattr(body, "binding_id", None)
    return (binding_id,) if binding_id else ()
