"""What a batch says, collected while it is decided; an implementation of `Out`."""

from collections.abc import Mapping
from datetime import datetime
from json.encoder import encode_basestring_ascii
from uuid import UUID

from pydantic_core import to_json

from shared.contracts import envelope, topics
from shared.contracts.base import Message, Origin
from shared.ids import Ids
from shared.messaging.handler import Encoded, Event, Item
from shared.messaging.records import Outgoing
from shared.messaging.registry import Registry, Type, is_own

DueChange = tuple[datetime, bytes, str | None] | None
"""due_at, JSON of the body, trace; None where the row goes."""


class Collector:
    """Records to publish, answers to keep and due rows to change, in the order in which they were said."""

    __slots__ = (
        "_heads",
        "_ids",
        "_item",
        "_mine",
        "_registry",
        "_source",
        "_tail",
        "dues",
        "kept",
        "late",
        "now",
        "outgoing",
    )

    def __init__(self, service: str, registry: Registry, ids: Ids, heads: dict[str, str]) -> None:
        """`heads` is a cache of the constant part of packed headers by type, kept from batch to batch."""
        self._source = envelope.service_source(service)
        self._registry, self._ids, self._heads = registry, ids, heads
        self.outgoing: list[Outgoing] = []
        self.kept: dict[tuple[str, str], list[Outgoing]] = {}
        self.late: dict[tuple[str, str], list[Outgoing]] = {}
        self.dues: dict[tuple[str, str], DueChange] = {}
        self._item: Item
        self._mine: tuple[str, str] | None
        self._tail: str
        self.now: datetime

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
        if body is None:
            if key is None or not kind.compacted:
                raise ValueError(f"a tombstone of {type} needs a key and a compacted topic")
            about = key
        else:
            about = body.key if isinstance(body, Encoded) else kind.key_of(body)
        packed = self._headers(kind, subject or self._subject(kind, body, about))
        self.outgoing.append(Outgoing(kind.topic, about.encode(), packed.encode(), self._value(kind, body)))

    def answer(self, body: Message | Encoded, *, to: Origin, type: str, subject: str | None = None) -> None:
        kind = self._registry.types[type if type.startswith("answers.") else f"answers.{type}"]
        if is_own(to.source) or not self._registry.known(to.source):
            return  # nobody reads: our own services get events, and a source that is gone has no topic
        about = body.key if isinstance(body, Encoded) else kind.key_of(body)
        request = (
            f',["{envelope.REQUEST_SOURCE}",{_quoted(to.source)}],["{envelope.REQUEST_ID}",{_quoted(to.id)}]]'
        )
        packed = self._headers(kind, subject or self._subject(kind, body, about))[:-1] + request
        record = Outgoing(
            topics.answers_topic(to.source), about.encode(), packed.encode(), self._value(kind, body)
        )
        self.outgoing.append(record)
        if self._mine == (to.source, to.id):
            self.kept.setdefault(self._mine, []).append(record)
        elif self._mine is None:  # a due row: the answer of a request that was put off, perhaps
            self.late.setdefault((to.source, to.id), []).append(record)

    def due(self, kind: str, entity: str, at: datetime, body: Mapping[str, object] = {}) -> None:
        if at.tzinfo is None:
            raise ValueError("due at a time without zone")
        self.dues[kind, entity] = (at, to_json(dict(body)), self._item.trace)

    def no_longer_due(self, kind: str, entity: str) -> None:
        self.dues[kind, entity] = None

    def _headers(self, kind: Type, subject: str) -> str:
        head = self._heads.get(kind.short)
        if head is None:
            full = envelope.ce_type(kind.short)
            head = self._heads[kind.short] = (
                f'[["ce_specversion","{envelope.SPEC_VERSION}"],["content-type","{envelope.CONTENT_TYPE}"],'
                f'["ce_source","{self._source}"],["ce_type","{full}"],["ce_id","'
            )
        about = f',["ce_subject",{_quoted(subject)}]' if subject else ""
        return f"{head}{self._ids.new()}{self._tail}{about}]"

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
