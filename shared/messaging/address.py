"""The address of a message: the record key and the subject that its body demands, for sound and for invalid bodies."""

from collections.abc import Mapping
from typing import Any

from shared.contracts.base import Message
from shared.messaging.handler import Invalid
from shared.messaging.registry import Type


class AddressError(Exception):
    """A field that the key or the subject is made of is missing or wrong."""


class _Raw:
    """Reads raw fields by attribute, so that the registry's `key_of` works on them, and remembers which it read."""

    __slots__ = ("_fields", "_path", "_read")

    def __init__(self, fields: Mapping[str, Any], path: str, read: set[str]) -> None:
        self._fields, self._path, self._read = fields, path, read

    def __getattr__(self, name: str) -> Any:
        path = self._path + name
        if name not in self._fields:
            self._read.add(path)
            raise AttributeError(name)
        value = self._fields[name]
        if isinstance(value, dict):
            return _Raw(value, path + ".", self._read)
        self._read.add(path)
        if not isinstance(value, str | int):
            raise AddressError
        return value


def address_of(kind: Type, body: Message | Invalid) -> tuple[str, str]:
    """Key and subject. Raises `AddressError` when an invalid body lacks them or one of them is what is invalid."""
    if not isinstance(body, Invalid):
        key = kind.key_of(body)
        return key, key if kind.subject_of is kind.key_of else kind.subject_of(body)
    read: set[str] = set()
    raw = _Raw(body.fields, "", read)
    try:
        key, subject = kind.key_of(raw), kind.subject_of(raw)
    except (AttributeError, TypeError):
        raise AddressError from None
    if any(error.field in read for error in body.errors) or not (
        isinstance(key, str) and isinstance(subject, str)
    ):
        raise AddressError
    return key, subject
