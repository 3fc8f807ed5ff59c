"""Reads the whole record, page by page, and holds everything against everything: entries, links, seals, bindings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from services.audit.domain import checking, record
from services.audit.domain.checking import Broken
from services.audit.domain.record import Link, Seal
from services.audit.record.writing import Q
from shared.clock import BEIJING
from shared.db import Conn

LINKS, ENTRIES, ROWS = 2_000, 10_000, 5_000
"""Links, entries and bindings of a page."""
MOST = 100
"""Faults after which no more are listed."""


@dataclass(slots=True)
class Found:
    """How much was read and what is wrong with it, in order of time."""

    chains: int = 0
    links: int = 0
    entries: int = 0
    bindings: int = 0
    seals: int = 0
    last: Seal | None = None
    broken: list[Broken] = field(default_factory=list)

    @property
    def first(self) -> Broken | None:
        """The oldest fault of an entry or link, else of a seal, else of a binding."""
        return min(self.broken, key=_order, default=None)

    def add(self, *faults: Broken) -> None:
        self.broken += faults[: MOST - len(self.broken)]


def _order(one: Broken) -> tuple[int, str, str, int]:
    kind = {"entry": 0, "link": 0, "seal": 1}.get(one.code.partition("-")[0], 2)
    return kind, str(one.at), one.chain or "", one.position or 0


async def size(conn: Conn) -> int:
    """How many rows `verify` will go through: entries and bindings."""
    heads = await conn.fetch(Q["heads"], await _names(conn))
    bindings: int = await conn.fetchval(Q["bindings"])
    return bindings + sum(int(row["entries"]) for row in heads)


async def verify(conn: Conn, since: date | None, advance: Callable[[int], object]) -> Found:
    """The whole record, or links from the Beijing day `since` on (what came before is then believed as far as its heads).

    Takes a transaction that has not read yet: it looks at one moment. `advance` is told how many rows were gone through.
    """
    await conn.execute("set transaction isolation level repeatable read")
    found = Found()
    for chain in await _names(conn):
        await _chain(conn, chain, since, found, advance)
    await _seals(conn, found)
    await _bindings(conn, found, advance)
    return found


async def _names(conn: Conn) -> list[str]:
    linked = {row[0] for row in await conn.fetch(Q["chains"])}
    return sorted(linked | {row[0] for row in await conn.fetch(Q["entry_chains"])})


async def _chain(
    conn: Conn, chain: str, since: date | None, found: Found, advance: Callable[[int], object]
) -> None:
    position, head = await _begin(conn, chain, since)
    found.chains += 1
    if position:
        advance(position)
    async for page in _pages(conn, chain, position):
        rows = await conn.fetch(Q["entries"], chain, page[0].position, page[-1].position + page[-1].entries)
        at = 0
        for link in page:
            end = at
            while end < len(rows) and rows[end][0] < link.position + link.entries:
                end += 1
            found.add(*checking.link(link, [tuple(row) for row in rows[at:end]], head, position))
            at, head, position = end, link.head, link.position + link.entries
        found.links += len(page)
        found.entries += len(rows)
        advance(len(rows))
    if left := await conn.fetchrow(Q["beyond"], chain, position):
        found.add(Broken("entry-unlinked", chain, left[0], left[1], version=left[2]))


async def _begin(conn: Conn, chain: str, since: date | None) -> tuple[int, bytes]:
    if since is not None:
        midnight = datetime(since.year, since.month, since.day, tzinfo=BEIJING)
        position = await conn.fetchval(Q["first_link_since"], chain, midnight)
        if position and (before := await conn.fetchrow(Q["link_of"], chain, position - 1)):
            return position, before["head"]
    return 0, record.genesis(chain)


async def _pages(conn: Conn, chain: str, position: int) -> AsyncIterator[list[Link]]:
    """Links in order, in pages that hold about `ENTRIES` entries."""
    while links := [Link(chain, *row) for row in await conn.fetch(Q["links"], chain, position, LINKS)]:
        page: list[Link] = []
        for link in links:
            page.append(link)
            if link.position + link.entries - page[0].position >= ENTRIES:
                yield page
                page = []
        if page:
            yield page
        position = links[-1].position + 1


async def _seals(conn: Conn, found: Found) -> None:
    stored = await sealed(conn)
    heads = {(chain, entries): head for _, chain, entries, head in await conn.fetch(Q["sealed_links"])}
    found.seals = len(stored)
    found.last = stored[-1][0] if stored else None
    found.add(*checking.seals(stored, heads))


async def sealed(conn: Conn) -> Sequence[tuple[Seal, bytes]]:
    """All seals in order of day, each with its stored root."""
    found = []
    for row in await conn.fetch(Q["seals"]):
        heads = zip(row["entries"], row["heads"], strict=True)
        one = Seal(row["day"], row["previous"], dict(zip(row["chains"], heads, strict=True)))
        found.append((one, row["root"]))
    return found


async def _bindings(conn: Conn, found: Found, advance: Callable[[int], object]) -> None:
    async for row in conn.cursor(Q["standing"], prefetch=ROWS):
        if row["recorded"] or row["said"] is not None:
            code = checking.standing(row["version"], row["sha256"], row["said"], row["body"])
            if code:
                place = row["chain"], row["position"], row["binding_id"], row["at"], row["version"]
                found.add(Broken(code, *place))
        found.bindings += 1
        if found.bindings % ROWS == 0:
            advance(ROWS)
    advance(found.bindings % ROWS)
    for binding_id, version, chain, position in await conn.fetch(Q["without_binding"], MOST):
        found.add(Broken("binding-missing", chain, position, binding_id, version=version))
    for binding_id, first, _, _ in await conn.fetch(Q["gaps"], MOST):
        found.add(Broken("version-missing", binding_id=binding_id, version=first))
