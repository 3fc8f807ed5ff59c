"""Handing finished JSON to the core: results go out under the patient's key, answers under the `msgid`."""

from shared.contracts.base import Origin
from shared.messaging.handler import Encoded, Event, Out


def publish(out: Out, type: str, value: bytes, key: str) -> None:
    """Publishes the JSON `value` of a result about the person `key`."""
    out.emit(type, Encoded(value, key, key))


def reply(out: Out, value: bytes, event: Event, msgid: str) -> None:
    """Answers the sender of `event` with the JSON `value`."""
    to = Origin.model_construct(source=event.source, id=event.id)
    out.answer(Encoded(value, msgid, msgid), to=to, type="answers.settlement")
