"""The record: what an entry says, and how entries become digests, links, heads and seals. `docs/record.md` tells it to others.

An entry is canonical JSON (RFC 8785: sorted keys, no spaces, UTF-8; values are strings, integers, null and lists of strings).
A chain is one consumed partition (`binding.screenings/3`), `due` (what time decided) or `desk` (what operators saw or said without deciding).
Each hash starts with a byte of its own, so that nothing of one kind can pass for another; 0x00 and 0x01 are those of `merkle`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from pydantic_core import to_json

from services.audit.domain import merkle
from services.audit.domain.model import Step
from shared.clock import BEIJING
from shared.contracts.base import UUID

DUE, DESK = "due", "desk"
NOBODY = "auto"
"""`by` of a decision that rules and policy made, and no person."""
FIRST = bytes(32)
"""What the first seal names as the one before it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Entry(NamedTuple):
    """One entry on its way to a chain. `version` is `None` for a view."""

    chain: str
    binding_id: UUID
    version: int | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: how many entries it has, its last link, and when that was written."""

    entries: int
    hash: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """The entries of one batch in one chain: the first one's position, how many, when, over what, and the head they make."""

    chain: str
    position: int
    entries: int
    at: datetime
    batch: bytes
    head: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """One Beijing day's seal over the heads of all chains, by name."""

    day: date
    previous: bytes
    heads: dict[str, tuple[int, bytes]]
    """By chain: how many entries, and the head."""

    @property
    def leaves(self) -> list[bytes]:
        """What is sealed: first the day with the root before it, then the chains in order of name."""
        first = to_json({"day": str(self.day), "previous": self.previous.hex()})
        return [first, *(_leaf(chain, *self.heads[chain]) for chain in sorted(self.heads))]

    @property
    def root(self) -> bytes:
        return merkle.root([merkle.leaf(data) for data in self.leaves])


def _leaf(chain: str, entries: int, head: bytes) -> bytes:
    return to_json({"chain": chain, "entries": entries, "head": head.hex()})


def decision(step: Step, published: bytes, by: str, offset: int | None, seen: Sequence[str] = ()) -> bytes:
    """The entry of one version. `published`: its body on `binding.decisions`; `offset`: of the record that led to it; `seen`: which documents
    the operator says that he or she has seen, by reference.
    """
    state = step.state
    return to_json(
        {
            "at": _time(state.at),
            "binding_id": state.binding_id,
            "by": by,
            "cause": state.cause and state.cause.value,
            "kind": "decision",
            "offset": offset,
            "policy": state.policy_version,
            "reasons": [reason.code for reason in state.reasons],
            **_seen(seen),
            "sha256": sha256(published).hexdigest(),
            "state": state.state.value,
            "type": step.type,
            "version": state.version,
        }
    )


def view(binding_id: UUID, by: str, why: str, at: datetime, asked: str) -> bytes:
    """The entry of one look at personal data. `why`: the operator's reason, which must hold no personal data itself.

    `asked`: id of the message that asked. The entry holds its hash: who knows the id is who asked, and may be shown the data once the entry
    is there (`audit_desk.revealed`).
    """
    told = {
        "at": _time(at),
        "binding_id": str(binding_id),
        "by": by,
        "kind": "view",
        "request": sha256(asked.encode()).hexdigest(),
        "why": why,
    }
    return to_json(told)


def takeover(binding_id: UUID, by: str, before: str, why: str, at: datetime) -> bytes:
    """The entry of a case that a supervisor took from the hands of `before`."""
    told = {
        "at": _time(at),
        "before": before,
        "binding_id": str(binding_id),
        "by": by,
        "kind": "takeover",
        "why": why,
    }
    return to_json(told)


def authority(binding_id: UUID, by: str, said: str, document: str, why: str, at: datetime) -> bytes:
    """The entry of why the authority suspended, resumed or ended. `said`: suffix of the verdict's type; the decisions have entries of their own."""
    told = {
        "at": _time(at),
        "binding_id": str(binding_id),
        "by": by,
        "document": document,
        "kind": "authority",
        "said": said,
        "why": why,
    }
    return to_json(told)


def look(binding_id: UUID, by: str, said: str, why: str, at: datetime, seen: Sequence[str] = ()) -> bytes:
    """The entry of what an operator said of a case without deciding it: `first-approval`, or a second look `agreed`, `disagreed`."""
    told = {
        "at": _time(at),
        "binding_id": str(binding_id),
        "by": by,
        "kind": "look",
        "said": said,
        **_seen(seen),
        "why": why,
    }
    return to_json(told)


def _seen(references: Sequence[str]) -> dict[str, list[str]]:
    """Left out where an operator named none, and where none decided."""
    return {"seen": list(references)} if references else {}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def digest(body: bytes) -> bytes:
    """Digest of an entry: SHA-256 over 0x02 and its bytes."""
    return sha256(b"\x02" + body).digest()


def batch(digests: Iterable[bytes]) -> bytes:
    """Hash of a batch: SHA-256 over 0x03 and the digests of its entries, in order."""
    return sha256(b"\x03" + b"".join(digests)).digest()


def link(previous: bytes, position: int, entries: int, at: datetime, over: bytes) -> bytes:
    """The next head: SHA-256 over 0x04, the head before, position (8 bytes), entries (4), microseconds since 1970 (8), batch hash."""
    when = (at - _EPOCH) // _MICROSECOND
    numbers = position.to_bytes(8, "big") + entries.to_bytes(4, "big") + when.to_bytes(8, "big")
    return sha256(b"\x04" + previous + numbers + over).digest()


def genesis(chain: str) -> bytes:
    """The head of a chain without entries: SHA-256 over 0x05 and its name."""
    return sha256(b"\x05" + chain.encode()).digest()


def append(chain: str, head: Head | None, digests: Sequence[bytes], now: datetime) -> Link:
    """The link of one batch. A chain's times never go back, whatever the clocks of two replicas say."""
    before, position = (head.hash, head.entries) if head else (genesis(chain), 0)
    at, over = max(now, head.at) if head else now, batch(digests)
    return Link(chain, position, len(digests), at, over, link(before, position, len(digests), at, over))


def unsealed(last: date | None, first: datetime | None, now: datetime) -> list[date]:
    """Beijing days that have ended and have no seal yet. `last`: the last sealed day; `first`: time of the first link."""
    if last is None and first is None:
        return []
    day = last + timedelta(days=1) if last else first.astimezone(BEIJING).date()  # type: ignore[union-attr]
    today = now.astimezone(BEIJING).date()
    return [day + timedelta(days=n) for n in range((today - day).days)]


def end_of(day: date) -> datetime:
    """The Beijing midnight with which a day ends."""
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING) + timedelta(days=1)
