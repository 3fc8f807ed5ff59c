"""From a raw record to an `Event`, or to the reason why it cannot be one.

Two levels. Size, envelope, source, key and JSON that readers could understand differently are level one: a dead letter with a
stable reason; its neighbours go on. Any other field that is wrong is level two: the handler gets `Invalid` and answers.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from shared.clock import Clock
from shared.contracts import envelope
from shared.contracts.base import Message
from shared.messaging import jsontext
from shared.messaging.address import AddressError, address_of
from shared.messaging.examples import example_of
from shared.messaging.handler import Event, FieldError, Invalid, Tombstone
from shared.messaging.reasons import Reason
from shared.messaging.records import Record
from shared.messaging.registry import Registry, Type, is_own
from shared.messaging.wording import stated

MAX_HEADER_BYTES = 16 * 1024
MAX_ID = 128
BELIEVED_BEFORE = timedelta(hours=72)
BELIEVED_AFTER = timedelta(minutes=5)

_SOURCE = re.compile(r"[a-z0-9-]{2,40}")
_ID = re.compile(rf"[!-~]{{1,{MAX_ID}}}")
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_READ = frozenset(
    (
        envelope.CE_ID,
        envelope.CE_SOURCE,
        envelope.CE_TYPE,
        envelope.CE_TIME,
        envelope.CE_SPECVERSION,
        envelope.CE_SUBJECT,
        "content-type",
    )
)


class Rejected(Exception):
    """Level one: `reason`, and the source and id if they could be trusted that far."""

    def __init__(self, reason: Reason, source: str | None = None, id: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason, self.source, self.id = reason, source, id


class NewerVersion(Exception):
    """A known type from one of our own services in a version that we do not know: we were deployed too late."""


@dataclass(slots=True)
class Decoded:
    """One record that claims its id: the event and the hash (16 bytes) of its type and body."""

    record: Record
    event: Event
    hash: bytes
    replay: bool


@dataclass(slots=True)
class Dead:
    """One record that cannot be an event.

    Where our own code failed on it, `error` is the exception's class and `hash` and `appended_at` are what its dead claim keeps.
    """

    record: Record
    reason: Reason
    source: str | None = None
    id: str | None = None
    error: str | None = None
    hash: bytes | None = None
    appended_at: datetime | None = None


class Decoder:
    """Decodes records with one registry and one clock. `set_aside` says whether a source is set aside."""

    def __init__(
        self, registry: Registry, clock: Clock, set_aside: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._registry, self._clock, self._set_aside = registry, clock, set_aside
        self._names: dict[str, tuple[str, int] | None] = {}

    def decode(self, record: Record) -> Decoded | Dead:
        """Raises only `NewerVersion`."""
        try:
            return self._decode(record)
        except Rejected as no:
            return Dead(record, no.reason, no.source, no.id)

    def _decode(self, record: Record) -> Decoded:
        value = record.value
        if value is not None and len(value) > envelope.MAX_BODY_BYTES:
            raise Rejected(Reason.TOO_LARGE)
        headers = _headers(record.headers)
        source, id, kind = self._envelope(headers, record)
        try:
            event = self._event(record, headers, source, id, kind)
        except Rejected as no:
            no.source, no.id = source, id
            raise
        digest = hashlib.blake2b(value or b"", digest_size=16, person=b"", salt=b"")
        digest.update(kind.short.encode())
        return Decoded(record, event, digest.digest(), "x-original-topic" in headers)

    def _envelope(self, headers: dict[str, str], record: Record) -> tuple[str, str, Type]:
        try:
            id, source, full = headers["ce_id"], headers["ce_source"], headers["ce_type"]
            version = headers["ce_specversion"]
        except KeyError:
            raise Rejected(Reason.HEADER_MISSING) from None
        if version != envelope.SPEC_VERSION:
            raise Rejected(Reason.SPEC_VERSION)
        if not _ID.fullmatch(id):
            raise Rejected(Reason.BAD_ID)
        if not headers.get("content-type", envelope.CONTENT_TYPE).startswith(envelope.CONTENT_TYPE):
            raise Rejected(Reason.CONTENT_TYPE)
        if not _SOURCE.fullmatch(source) or not self._registry.known(source):
            raise Rejected(Reason.UNKNOWN_SOURCE)
        if self._set_aside(source):
            raise Rejected(Reason.SOURCE_SET_ASIDE, source, id)
        return source, id, self._type(full, source, id, record.topic)

    def _type(self, full: str, source: str, id: str, topic: str) -> Type:
        name = self._names.get(full) or envelope.split_type(full)
        if name is None:
            raise Rejected(Reason.BAD_TYPE, source, id)
        kind = self._registry.types.get(name[0])
        if kind is None:
            raise Rejected(Reason.UNKNOWN_TYPE, source, id)
        if name[1] == 1:  # a sender may make up versions without end
            self._names[full] = name
        if kind.topic != topic:
            raise Rejected(Reason.WRONG_TOPIC, source, id)
        if not self._registry.entitled(source, kind.short):
            raise Rejected(Reason.NOT_ENTITLED, source, id)
        if name[1] != 1:
            if is_own(source):
                raise NewerVersion(full)
            raise Rejected(Reason.UNKNOWN_VERSION, source, id)
        return kind

    def _event(self, record: Record, headers: dict[str, str], source: str, id: str, kind: Type) -> Event:
        key, value = record.key, record.value
        if key is None:
            raise Rejected(Reason.NULL_KEY)
        subject = headers.get("ce_subject")
        body: Message | Invalid | Tombstone
        if value is None:
            if not kind.compacted:
                raise Rejected(Reason.NULL_VALUE)
            body = Tombstone()
        else:
            body = read_body(kind, value)
            subject = _check_address(kind, body, key, subject)
            if kind.actor and not self._speaks(kind.actor, body):
                raise Rejected(Reason.UNKNOWN_OPERATOR)
            if isinstance(body, Invalid) and is_own(
                source
            ):  # nobody would read an answer: operators must hear of it
                raise Rejected(Reason.CONTRACT_BROKEN, source, id)
        appended = self._clock.from_broker(record.timestamp)
        time, believed = _event_time(headers.get("ce_time"), appended, kind.outsider)
        trace = headers.get("traceparent")
        if trace is not None and not _TRACE.fullmatch(trace):
            trace = None
        return Event(
            record.topic, record.partition, record.offset, key, source, id, kind.short, subject,
            time, appended, believed, trace, body,
        )  # fmt: skip

    def _speaks(self, actor: str, body: Message | Invalid) -> bool:
        """Whether who is named in field `actor` is registered. A field that is itself wrong is left to the answer that says so."""
        if isinstance(body, Message):
            return self._registry.registered(getattr(body, actor))
        wrong = any(error.field == actor for error in body.errors)
        return wrong or self._registry.registered(body.fields[actor])

    def retimed(self, decoded: Decoded, first: datetime) -> Event:
        """The event of a replayed dead letter, judged by its first append time `first`."""
        event = decoded.event
        sent = next((v for k, v in decoded.record.headers if k == "ce_time" and v is not None), None)
        kind = self._registry.types[event.type]
        time, believed = _event_time(sent.decode() if sent else None, first, kind.outsider)
        return event._replace(time=time, appended_at=first, time_believed=believed)


def _headers(pairs: Sequence[tuple[str, bytes | None]]) -> dict[str, str]:
    """Headers that we read, as text. Others may hold anything: NULL, binary, repeated."""
    found: dict[str, str] = {}
    size = 0
    for name, value in pairs:
        size += len(name) + (len(value) if value else 0)
        if name in _READ:
            if value is None:
                raise Rejected(Reason.HEADER_NULL)
            if name in found:
                raise Rejected(Reason.HEADER_REPEATED)
            try:
                found[name] = value.decode()
            except UnicodeDecodeError:
                raise Rejected(Reason.HEADER_BINARY) from None
        elif name == "traceparent" or name == "x-original-topic":
            found[name] = (value or b"").decode("latin-1")
    if size > MAX_HEADER_BYTES:
        raise Rejected(Reason.TOO_LARGE)
    return found


def read_body(kind: Type, value: bytes) -> Message | Invalid:
    """Validates a body. Raises `Rejected` for what is no JSON object that all readers understand alike."""
    if jsontext.suspicious(value):
        _exact(value)
    try:
        body: Message = kind.validate(value)
    except ValidationError as error:
        return Invalid(_field_errors(error, kind), _exact(value))
    if jsontext.keys_may_repeat(value, body):
        _exact(value)
    return body


def _exact(value: bytes) -> dict[str, Any]:
    found = jsontext.inspect(value)
    if isinstance(found, Reason):
        raise Rejected(found)
    return found


def _field_errors(error: ValidationError, kind: Type) -> tuple[FieldError, ...]:
    """Path, reason and example of each error; never the input."""
    return tuple(
        FieldError(".".join(map(str, e["loc"])) or "body", stated(e), example_of(kind.model, e["loc"]))
        for e in error.errors(include_url=False, include_input=False)
    )


def _check_address(kind: Type, body: Message | Invalid, key: bytes, subject: str | None) -> str:
    try:
        expected, own_subject = address_of(kind, body)
    except AddressError:
        raise Rejected(Reason.BAD_ADDRESS) from None
    if expected.encode() != key:
        raise Rejected(Reason.KEY_MISMATCH)
    if subject is None or subject == own_subject:
        return own_subject
    if len(subject) > MAX_ID or not subject.isprintable():
        raise Rejected(Reason.BAD_SUBJECT)
    raise Rejected(Reason.SUBJECT_MISMATCH)


def _event_time(text: str | None, appended: datetime, outsider: bool) -> tuple[datetime, bool]:
    if text is None:
        return appended, True
    try:
        sent = datetime.fromisoformat(text)
        if sent.tzinfo is None:
            raise ValueError
        sent = sent.astimezone(UTC)
        believed = not outsider or -BELIEVED_AFTER <= appended - sent <= BELIEVED_BEFORE
    except (ValueError, OverflowError):
        raise Rejected(Reason.BAD_TIME) from None
    return (sent if believed else appended), believed
