"""Handing finished JSON to the core: results go out under the patient's key, answers under the `msgid`."""

from shared.contracts.base import Origin
from shared.contracts.topics import TYPES
from shared.messaging.handler import Event, Out


def publish(out: Out, type: str, value: bytes, key: str) -> None:
    """Publishes the JSON `value` of a result about the person `key`."""
    out.emit(type, TYPES[type].model.model_validate_json(value), subject=None)


def reply(out: Out, value: bytes, event: Event, msgid: str) -> None:
    """Answers the sender of `event` with the JSON `value`."""
    body = TYPES["answers.settlement"].model.model_validate_json(value)
    out.answer(body, to=Origin(source=event.source, id=event.id), type="answers.settlement", subject=msgid)
