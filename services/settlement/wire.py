"""Handing finished JSON to the core: results go out under the patient's key, answers under the id of what was asked for."""

from shared.messaging.handler import Asker, Encoded, Out


def publish(out: Out, type: str, value: bytes, key: str) -> None:
    """Publishes the JSON `value` of a result about the person `key`."""
    out.emit(type, Encoded(value, key, key))


def answer(out: Out, value: bytes, to: Asker, type: str, key: str) -> None:
    """Answers who asked with JSON of the type `answers.<...>`; `key`: of the record, and its subject."""
    out.answer(Encoded(value, key, key), to=to, type=type)
