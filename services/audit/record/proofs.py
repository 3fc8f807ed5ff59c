"""Finds what the proof of one decision is made of."""

from __future__ import annotations

from uuid import UUID

from services.audit.domain import proving, record
from services.audit.domain.proving import Proof
from services.audit.domain.record import Link, Seal
from services.audit.record.verifying import sealed
from services.audit.record.writing import Q
from shared.db import Conn

MANY = 1_000_000


class NotSealed(Exception):
    """The decision is on the record, but no day's seal covers it yet."""


async def prove(conn: Conn, binding_id: UUID, version: int | None) -> Proof | None:
    """The proof of one decision (the last one, if no version is given); `None` if there is none. Raises `NotSealed`."""
    row = await conn.fetchrow(Q["of_binding"], binding_id, version)
    if row is None:
        return None
    chain, position = row["chain"], row["position"]
    seal = await _covering(conn, chain, position)
    own = await _link(conn, chain, position)
    assert own is not None, "a sealed entry has a link"
    end = seal.heads[chain][0]
    rows = await conn.fetch(Q["links"], chain, own.position, MANY)
    links = [one for one in (Link(chain, *r) for r in rows) if one.position < end]
    entries = await conn.fetch(Q["entries"], chain, own.position, own.position + own.entries)
    before = await _link(conn, chain, own.position - 1)
    previous = before.head if before else record.genesis(chain)
    return proving.prove(row["body"], position, previous, [e["digest"] for e in entries], links, seal)


async def _link(conn: Conn, chain: str, position: int) -> Link | None:
    """The link that holds an entry."""
    row = await conn.fetchrow(Q["link_of"], chain, position)
    return Link(chain, *row) if row else None


async def _covering(conn: Conn, chain: str, position: int) -> Seal:
    """The first seal that covers an entry."""
    for seal, _ in await sealed(conn):
        if seal.heads.get(chain, (0, b""))[0] > position:
            return seal
    raise NotSealed
