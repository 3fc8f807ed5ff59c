"""One record of any topic, read for a person: envelope, body and the ids by which its story is told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from deploy.reading.masking import masked_wire, shown
from shared.clock import SystemClock
from shared.contracts import envelope
from shared.contracts.base import Message
from shared.contracts.topics import TYPES, TypeSpec
from shared.messaging.records import Record

LINKS = (
    "binding_id",
    "setl_id",
    "msgid",
    "omsgid",
    "notice_id",
    "premium_id",
    "transfer_id",
    "case_id",
    "about",
)
"""Fields that name what a record is about. Persons are no link: two bindings of one sponsor are two stories."""
_PERSONS = (
    "psn_no", "sponsor_psn_no", "beneficiary_psn_no", "other_psn_no", "payer_psn_no", "from_psn_no", "to_psn_no"
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """A record with lazily decoded parts. `at` is the append time by the stack's clock; `real` the same in real seconds."""

    topic: str
    partition: int
    offset: int
    at: datetime
    real: float
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @classmethod
    def of(cls, record: Record, clock: SystemClock) -> "Seen":
        """Reads a consumer's record."""
        return cls(
            record.topic,
            record.partition,
            record.offset,
            clock.from_broker(record.timestamp),
            record.timestamp / 1000,
            record.key,
            record.value,
            tuple(record.headers),
        )

    def header(self, name: str) -> str:
        """A header's text; the first where it is repeated, empty where it is absent or no text."""
        value = next((v for k, v in self.headers if k == name), None)
        return (value or b"").decode("utf-8", "replace")

    @property
    def id(self) -> str:
        return self.header(envelope.CE_ID)

    @property
    def source(self) -> str:
        return self.header(envelope.CE_SOURCE)

    @property
    def request(self) -> tuple[str, str] | None:
        """Source and id of the request that this answers."""
        source, request = self.header(envelope.REQUEST_SOURCE), self.header(envelope.REQUEST_ID)
        return (source, request) if request else None

    @cached_property
    def dead(self) -> bool:
        """Whether this lies on a topic of dead letters."""
        return self.topic.endswith(".dead-letters")

    @cached_property
    def spec(self) -> TypeSpec | None:
        """The registered type, if the header names one."""
        split = envelope.split_type(self.header(envelope.CE_TYPE))
        return TYPES.get(split[0]) if split and split[1] == 1 else None

    @cached_property
    def body(self) -> Message | None:
        """The validated body; `None` where there is none or it does not fit the contract."""
        if self.value is None or self.spec is None:
            return None
        try:
            return self.spec.model.model_validate_json(self.value)
        except (ValidationError, ValueError):
            return None

    @cached_property
    def raw(self) -> Mapping[str, Any]:
        """The unmasked JSON object, for comparing only; empty where there is none."""
        try:
            parsed = from_json(self.value or b"")
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def masked(self) -> Any:
        """The body as people may see it."""
        if isinstance(self.body, BaseModel):
            return masked_wire(self.body)
        return shown(self.value, self.spec.model if self.spec else None)

    def links(self) -> set[str]:
        """Ids of what this record is about."""
        return {str(v) for name in LINKS if isinstance(v := self.raw.get(name), str) and 0 < len(v) <= 128}

    def names(self) -> set[str]:
        """Every id by which somebody may ask for this record."""
        key = (self.key or b"").decode("utf-8", "replace")
        own = {self.id, self.header(envelope.CE_SUBJECT), self.header(envelope.REQUEST_ID)}
        if self.topic == "binding.decisions":
            own.add(key)  # a tombstone has no body
        return {name for name in own if name} | self.links()

    def persons(self) -> Iterator[str]:
        """Person numbers in the body, at any depth but inside lists of shares too."""
        yield from _persons(self.raw)


def in_order(seen: Seen) -> tuple[float, str, int, int]:
    """Sort key: append time; within a millisecond by place."""
    return seen.real, seen.topic, seen.partition, seen.offset


def _persons(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            if name in _PERSONS and isinstance(child, str):
                yield child
            else:
                yield from _persons(child)
    elif isinstance(value, list):
        for child in value:
            yield from _persons(child)
