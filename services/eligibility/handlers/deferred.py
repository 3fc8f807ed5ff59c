"""Requests about a binding whose decision is on its way: they wait a moment, as a due row, and are then judged for good.

Topics have no order among one another: who reads "approved" and at once asks to end the binding, or reads which documents are asked for
and sends them, may be read before the decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import to_json

from services.eligibility.domain.binding import Stage
from services.eligibility.work import Work
from shared.contracts import beneficiary_requests as theirs
from shared.contracts import binding_requests as ours
from shared.contracts.base import Message
from shared.contracts.topics import TYPES
from shared.messaging.handler import Due, Event, Out

KIND = "again"
WAIT = timedelta(seconds=2)
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


def deferred(work: Work, event: Event, body: Message, out: Out) -> bool:
    """Whether the request is put off until the decisions of this moment have been read."""
    if not _overtakes(work, body):
        return False
    kept = {
        "type": event.type,
        "source": event.source,
        "id": event.id,
        "time": event.time.isoformat(),
        "body": body.model_dump(mode="json"),
    }
    out.due(KIND, f"{event.source}/{event.id}", max(event.appended_at, event.time) + WAIT, kept)
    return True


def _overtakes(work: Work, body: Message) -> bool:
    """Whether the request is about a binding that passed, or mends one that still holds its slot."""
    if isinstance(body, ours.Submitted):
        earlier = work.bindings.get(body.earlier_binding_id) if body.earlier_binding_id else None
        return earlier is not None and earlier.stage.held and not earlier.stage.stands
    if not isinstance(body, _FOLLOWS_DECISION):
        return False
    return Stage.PASSED in {b.stage for i in _about(body) if (b := work.bindings.get(i))}


def event_of(item: Due) -> Event:
    """The request as it came."""
    spec = TYPES[item.body["type"]]
    time = datetime.fromisoformat(item.body["time"])
    return Event(
        topic=spec.topic,
        partition=0,
        offset=0,
        key=b"",
        source=item.body["source"],
        id=item.body["id"],
        type=spec.short,
        subject=None,
        time=time,
        appended_at=item.time,
        time_believed=True,
        trace=item.trace,
        body=spec.model.model_validate_json(to_json(item.body["body"])),
    )


def _about(body: Message) -> Iterable[UUID]:
    if isinstance(body, ours.RankChanged):
        return body.ranked
    if isinstance(body, theirs.OrderChanged):
        return body.ordered
    binding_id = getattr(body, "binding_id", None)
    return (binding_id,) if binding_id else ()
