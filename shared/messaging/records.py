"""The record as the broker gave it, and the form in which the core keeps headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from pydantic_core import from_json, to_json


class Record(Protocol):
    """What the core reads of a record. aiokafka's `ConsumerRecord` has this shape. `timestamp` is the append time, ms."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class PlainRecord:
    """A record made by hand: simulations, replays, tests."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


class Outgoing(NamedTuple):
    """A record to publish. `headers` is packed, see `pack_headers`."""

    topic: str
    key: bytes | None
    headers: bytes
    value: bytes | None

    def pairs(self) -> list[tuple[str, bytes | None]]:
        return unpack_headers(self.headers)


def pack_headers(pairs: Sequence[tuple[str, bytes | str | None]]) -> bytes:
    """Headers as JSON: fast, readable in psql, and exact for any bytes, because each byte is kept as one Latin-1 character.

    A `str` value must be ASCII; other text is given as UTF-8 bytes.
    """
    return to_json([(k, v.decode("latin-1") if isinstance(v, bytes) else v) for k, v in pairs])


def unpack_headers(packed: bytes) -> list[tuple[str, bytes | None]]:
    """The inverse of `pack_headers`."""
    pairs: list[tuple[str, str | None]] = from_json(packed)
    return [(k, None if v is None else v.encode("latin-1")) for k, v in pairs]


def pack_records(records: Sequence[Outgoing]) -> bytes:
    """Several records as one value, for the inbox."""
    parts: list[bytes] = []
    for r in records:
        for field in (r.topic.encode(), r.key, r.headers, r.value):
            parts.append(b"\xff\xff\xff\xff" if field is None else len(field).to_bytes(4, "big"))
            parts.append(field or b"")
    return b"".join(parts)


def unpack_records(packed: bytes) -> list[Outgoing]:
    """The inverse of `pack_records`."""
    fields: list[Any] = []
    at = 0
    while at < len(packed):
        size = int.from_bytes(packed[at : at + 4], "big")
        at += 4
        if size == 0xFFFF_FFFF:
            fields.append(None)
            continue
        fields.append(bytes(packed[at : at + size]))
        at += size
    rows = zip(fields[::4], fields[1::4], fields[2::4], fields[3::4], strict=True)
    return [Outgoing(topic.decode(), key, headers, value) for topic, key, headers, value in rows]
