"""What `gongji record` reads: audit's record, in read-only transactions, and the topic of decisions beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from functools import partial
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from deploy.local.errors import StackError
from deploy.reading import desk
from deploy.reading.running import Running
from deploy.reading.seen import Seen
from services.audit.domain.checking import Broken
from services.audit.domain.proving import Proof
from services.audit.domain.record import Seal
from services.audit.record import proofs, verifying
from services.audit.record.verifying import Found
from services.audit.record.writing import Q
from shared.db import Conn

DECISIONS = "binding.decisions"
PAGE = 2_000
PATIENCE = 10.0
_LAST = 2**31 - 1
"""A version that no binding reaches: what is erased needs none."""


async def verify(
    stack: Running, since: date | None, total: Callable[[int], object], advance: Callable[[int], object]
) -> Found:
    """Goes through the record; `total` hears first how many rows there are. Raises `StackError`."""
    total(await desk.ask(stack, verifying.size))
    return await desk.ask(stack, lambda conn: verifying.verify(conn, since, advance))


async def beside_topic(stack: Running, advance: Callable[[int], object]) -> list[Broken]:
    """What record and topic do not have in common: decisions on the topic whose bytes are not on the record (those from before there was
    a record are among them), and bindings whose last decision is not on the topic.

    Older ones may have been compacted away. A decision that was made just now is given `PATIENCE` seconds to be published.
    """
    from deploy.reading import topics

    begun = stack.clock.now()
    missing: dict[int, int] = await desk.ask(stack, _last_versions)
    found: list[Broken] = []
    async with topics.consumer(stack) as reader:
        async for page in _pages(topics.until_end(reader, stack, topics=[DECISIONS])):
            found += await desk.ask(stack, partial(_differing, page))
            _strike(missing, page)
            advance(len(page))
        until = time.monotonic() + PATIENCE
        while missing and time.monotonic() < until:
            await asyncio.sleep(1)
            async for page in _pages(topics.until_end(reader, stack, topics=[DECISIONS], since=begun)):
                _strike(missing, page)
    left = sorted((str(UUID(int=id)), version) for id, version in missing.items())
    return found + [Broken("decision-unpublished", binding_id=id, version=version) for id, version in left]


class _Published(NamedTuple):
    """A record of the topic; no hash: the binding was erased."""

    binding_id: UUID
    version: int
    sha256: str | None


async def _pages(records: AsyncIterator[Seen]) -> AsyncIterator[list[_Published]]:
    """The decisions, so many at a time."""
    page: list[_Published] = []
    async for seen in records:
        page.append(_published(seen))
        if len(page) >= PAGE:
            yield page
            page = []
    if page:
        yield page


def _published(seen: Seen) -> _Published:
    """By its key, which is what the broker keeps it by. What is no decision at all has version 0, which none has on the record."""
    try:
        about = UUID((seen.key or b"").decode())
    except ValueError:
        about = UUID(int=0)
    if seen.value is None:
        return _Published(about, _LAST, None)
    version = seen.raw.get("version")
    number = version if isinstance(version, int) and 0 < version < _LAST else 0
    return _Published(about, number, sha256(seen.value).hexdigest())


def _strike(missing: dict[int, int], page: list[_Published]) -> None:
    """Bindings whose last decision, or a later one, has been seen are missed no more."""
    for one in page:
        if missing.get(one.binding_id.int, _LAST) <= one.version:
            missing.pop(one.binding_id.int, None)


async def _last_versions(conn: Conn) -> dict[int, int]:
    return {UUID(int=row[0].int).int: row[1] async for row in conn.cursor(Q["last_versions"], prefetch=PAGE)}


async def _differing(page: list[_Published], conn: Conn) -> list[Broken]:
    columns = zip(*(one for one in page if one.sha256), strict=True)
    rows = await conn.fetch(Q["hashes"], *map(list, columns)) if any(one.sha256 for one in page) else ()
    codes = {True: "decision-altered", False: "decision-unrecorded"}
    return [Broken(codes[row["otherwise"]], binding_id=row[0], version=row[1]) for row in rows]


async def prove(stack: Running, binding_id: UUID, version: int | None) -> Proof:
    """The proof of a decision. Raises `StackError` when there is no such decision, or no seal over it yet."""
    try:
        proof = await desk.ask(stack, lambda conn: proofs.prove(conn, binding_id, version))
    except proofs.NotSealed:
        raise StackError(
            "this decision is on the record, but its day is not sealed yet",
            "Ask again after midnight (Beijing).",
        ) from None
    if proof is None:
        wanted = f"version {version} of " if version else ""
        raise StackError(f"no decision of {wanted}{binding_id} is on the record", "See `gongji trace`.")
    return proof


async def seals(stack: Running) -> Sequence[tuple[Seal, bytes]]:
    """All seals with their roots, in order of day."""
    return await desk.ask(stack, verifying.sealed)
