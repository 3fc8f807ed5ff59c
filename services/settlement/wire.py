"""Handing finished JSON to the core: results go out under the patient's key, answers under the `msgid`."""

from shared.contracts.base import Origin
from shared.messaging.handler import Encoded, Event, Out


def publish(out: Out, type: str, value: bytes, key: str) -> None:
    """Publishes the JSON `value` of a result about the person `key`."""
    out.emit(type, Encoded(value, key, key))


def answer(out: Out, value: bytes, *, source: str, id: str, type: str, key: str) -> None:
    """Answers the message `id` of `source` with JSON of the type `answers.<...>`."""
    to = Origin(source=source, id=id)
    out.answer(Encoded(value, key, key), to=to, type=type, subject=key)


def reply(out: Out, value: bytes, event: Event, msgid: str) -> None:
    """Answers the sender of `event` with the JSON `value`."""
    out.answer(Encoded(value, msgid, msgid), to=event, type="answers.settlement")
