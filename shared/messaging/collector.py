"""What a batch says, collected while it is decided; an implementation of `Out`."""

from collections.abc import Mapping
from datetime import datetime
from json.encoder import encode_basestring_ascii
from typing import NamedTuple
from uuid import UUID

from pydantic_core import to_json

from shared.contracts import envelope, topics
from shared.contracts.base import Message
from shared.ids import Ids
from shared.messaging.handler import Asker, Encoded, Event, Item
from shared.messaging.records import Outgoing
from shared.messaging.registry import Registry, Type, is_own

DueChange = tuple[datetime, bytes, str | None] | None
"""due_at, JSON of the body, trace; None where the row goes."""


class _Said(NamedTuple):
    """One thing that was said: `key` of a tombstone, `tail` of the headers, `to` whom an answer goes and `mine`, about what."""

    kind: Type
    body: Message | Encoded | None
    subject: str | None
    key: str | None
    tail: str
    to: Asker | None = None
    mine: tuple[str, str] | None = None


class Collector:
    """Records to publish, answers to keep and due rows to change, in the order in which they were said.

    Records are written when somebody asks for them, one after the other: in turn, deciding and writing throw each other out of
    the processor's caches (a tenth of the CPU of a screening). What cannot be written raises then.
    """

    __slots__ = (
        "_heads",
        "_ids",
        "_item",
        "_kept",
        "_late",
        "_mine",
        "_outgoing",
        "_registry",
        "_said",
        "_source",
        "_tail",
        "dues",
        "now",
    )

    def __init__(self, service: str, registry: Registry, ids: Ids, heads: dict[str, str]) -> None:
        """`heads` is a cache of the constant part of packed headers by type, kept from batch to batch."""
        self._source = envelope.service_source(service)
        self._registry, self._ids, self._heads = registry, ids, heads
        self._said: list[_Said] = []
        self._outgoing: list[Outgoing] = []
        self._kept: dict[tuple[str, str], list[Outgoing]] = {}
        self._late: dict[tuple[str, str], list[Outgoing]] = {}
        self.dues: dict[tuple[str, str], DueChange] = {}
        self._item: Item
        self._mine: tuple[str, str] | None
        self._tail: str
        self.now: datetime

    @property
    def outgoing(self) -> list[Outgoing]:
        """Everything to publish."""
        self._write()
        return self._outgoing

    @property
    def kept(self) -> dict[tuple[str, str], list[Outgoing]]:
        """Of these, answers to events of the batch, by source and id."""
        self._write()
        return self._kept

    @property
    def late(self) -> dict[tuple[str, str], list[Outgoing]]:
        """Of these, answers that due rows gave to requests that were put off, by source and id."""
        self._write()
        return self._late

    def begin(self, item: Item) -> None:
        """What follows is said about `item`."""
        self._item = item
        self.now = item.time
        self._mine = (item.source, item.id) if isinstance(item, Event) else None
        trace = f',["traceparent",{_quoted(item.trace)}]' if item.trace else ""
        self._tail = f'"],["ce_time","{item.time.isoformat()}"]{trace}'

    def new_id(self) -> UUID:
        return self._ids.new()

    def emit(
        self, type: str, body: Message | Encoded | None, *, subject: str | None = None, key: str | None = None
    ) -> None:
        kind = self._registry.types[type]
        if body is None and (key is None or not kind.compacted):
            raise ValueError(f"a tombstone of {type} needs a key and a compacted topic")
        self._said.append(_Said(kind, body, subject, key, self._tail))

    def answer(self, body: Message | Encoded, *, to: Asker, type: str, subject: str | None = None) -> None:
        kind = self._registry.types[type if type.startswith("answers.") else f"answers.{type}"]
        if is_own(to.source) or not self._registry.known(to.source):
            return  # nobody reads: our own services get events, and a source that is gone has no topic
        self._said.append(_Said(kind, body, subject, None, self._tail, to, self._mine))

    def due(self, kind: str, entity: str, at: datetime, body: Mapping[str, object] = {}) -> None:
        if at.tzinfo is None:
            raise ValueError("due at a time without zone")
        self.dues[kind, entity] = (at, to_json(dict(body)), self._item.trace)

    def no_longer_due(self, kind: str, entity: str) -> None:
        self.dues[kind, entity] = None

    def _write(self) -> None:
        said, self._said = self._said, []
        for one in said:
            record = self._record(one)
            self._outgoing.append(record)
            if one.to is None:
                continue
            request = one.to.source, one.to.id
            if one.mine == request:
                self._kept.setdefault(request, []).append(record)
            elif one.mine is None:  # a due row: the answer of a request that was put off, perhaps
                self._late.setdefault(request, []).append(record)

    def _record(self, said: _Said) -> Outgoing:
        kind, body, to = said.kind, said.body, said.to
        if body is None:
            about = said.key or ""
        else:
            about = body.key if isinstance(body, Encoded) else kind.key_of(body)
        packed = self._headers(kind, said.subject or self._subject(kind, body, about), said.tail)
        topic = kind.topic
        if to is not None:
            topic = topics.answers_topic(to.source)
            source, id = _quoted(to.source), _quoted(to.id)
            packed = f'{packed[:-1]},["{envelope.REQUEST_SOURCE}",{source}],["{envelope.REQUEST_ID}",{id}]]'
        return Outgoing(topic, about.encode(), packed.encode(), self._value(kind, body))

    def _headers(self, kind: Type, subject: str, tail: str) -> str:
        head = self._heads.get(kind.short)
        if head is None:
            full = envelope.ce_type(kind.short)
            head = self._heads[kind.short] = (
                f'[["ce_specversion","{envelope.SPEC_VERSION}"],["content-type","{envelope.CONTENT_TYPE}"],'
                f'["ce_source","{self._source}"],["ce_type","{full}"],["ce_id","'
            )
        about = f',["ce_subject",{_quoted(subject)}]' if subject else ""
        return f"{head}{self._ids.new()}{tail}{about}]"

    @staticmethod
    def _subject(kind: Type, body: Message | Encoded | None, key: str) -> str:
        if isinstance(body, Encoded):
            return body.subject
        return key if body is None or kind.subject_of is kind.key_of else kind.subject_of(body)

    @staticmethod
    def _value(kind: Type, body: Message | Encoded | None) -> bytes | None:
        if body is None:
            return None
        if isinstance(body, Encoded):
            value = body.value
        elif isinstance(body, kind.model):
            value = kind.model.__pydantic_serializer__.to_json(body)
        else:
            raise TypeError(f"{kind.short} carries {kind.model.__name__}, not {type(body).__name__}")
        if len(value) > envelope.MAX_BODY_BYTES:
            raise ValueError(f"{kind.short}: a body of {len(value)} bytes is larger than what may be sent")
        return value


def _quoted(text: str) -> str:
    """A header value as packed: its UTF-8 bytes, one character each, as a JSON string."""
    return encode_basestring_ascii(text if text.isascii() else text.encode().decode("latin-1"))
