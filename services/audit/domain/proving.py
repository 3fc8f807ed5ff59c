"""Proof that one decision is under a day's published root: made from the record, checked with the root alone. `docs/record.md`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import from_json

from services.audit.domain import merkle, record
from services.audit.domain.record import Link, Seal

Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC))]
Count = Annotated[int, Field(ge=0, lt=2**62)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OwnLink(_Part):
    """The link that holds the entry: the head before it, and the digests of all entries of its batch."""

    previous: Hex
    position: Count
    at: Moment
    digests: tuple[Hex, ...] = Field(min_length=1)


class LaterLink(_Part):
    """A link between the entry's and the sealed head."""

    entries: int = Field(ge=1, lt=2**32)
    at: Moment
    batch: Hex


class Leaf(_Part):
    """A leaf of the day's tree, with its path to the root."""

    text: str
    index: Count
    path: tuple[Hex, ...]


class Proof(_Part):
    """Everything between one entry and the root of a day. Binary values are lower-case hexadecimal, times ISO 8601 with zone."""

    format: Literal["gongji-record-proof/1"] = "gongji-record-proof/1"
    entry: str
    chain: str
    position: Count
    link: OwnLink
    links: tuple[LaterLink, ...]
    day: Leaf
    head: Leaf
    leaves: int = Field(ge=2)
    root: Hex


def prove(
    entry: bytes, position: int, previous: bytes, digests: Sequence[bytes], links: Sequence[Link], seal: Seal
) -> Proof:
    """The proof of the entry at `position`. `links`: its own and those that follow up to the sealed head of its chain."""
    own, *later = links
    leaves = [merkle.leaf(data) for data in seal.leaves]
    index = 1 + sorted(seal.heads).index(own.chain)

    def leaf(n: int) -> Leaf:
        path = tuple(one.hex() for one in merkle.path(leaves, n))
        return Leaf(text=seal.leaves[n].decode(), index=n, path=path)

    return Proof(
        entry=entry.decode(),
        chain=own.chain,
        position=position,
        link=OwnLink(previous=previous.hex(), position=own.position, at=own.at, digests=tuple(d.hex() for d in digests)),
        links=tuple(LaterLink(entries=one.entries, at=one.at, batch=one.batch.hex()) for one in later),
        day=leaf(0),
        head=leaf(index),
        leaves=len(leaves),
        root=seal.root.hex(),
    )  # fmt: skip


def check(proof: Proof, root: bytes) -> str | None:
    """`None` when the entry is under `root`; else what does not fit. Nothing but the proof and the published root is used."""
    digests = [bytes.fromhex(one) for one in proof.link.digests]
    index = proof.position - proof.link.position
    if not 0 <= index < len(digests) or record.digest(proof.entry.encode()) != digests[index]:
        return "the entry is not the one whose digest stands in its link"
    head = record.link(
        bytes.fromhex(proof.link.previous), proof.link.position, len(digests), proof.link.at, record.batch(digests)
    )  # fmt: skip
    entries = proof.link.position + len(digests)
    for one in proof.links:
        head = record.link(head, entries, one.entries, one.at, bytes.fromhex(one.batch))
        entries += one.entries
    sealed = {"chain": proof.chain, "entries": entries, "head": head.hex()}
    if _said(proof.head.text) != sealed:
        return "the links do not lead to the sealed head"
    if proof.day.index != 0 or proof.head.index == 0:
        return "the first leaf is the day's, the others are chains"
    for leaf in (proof.head, proof.day):
        path = [bytes.fromhex(one) for one in leaf.path]
        if merkle.climb(merkle.leaf(leaf.text.encode()), leaf.index, proof.leaves, path) != root:
            return "the sealed head is not under this root"
    return None


def is_body(proof: Proof, published: bytes) -> bool:
    """Whether the entry is about exactly these bytes of `binding.decisions`."""
    said = _said(proof.entry)
    return isinstance(said, dict) and said.get("sha256") == sha256(published).hexdigest()


def _said(text: str) -> object:
    try:
        return from_json(text)
    except ValueError:
        return None
