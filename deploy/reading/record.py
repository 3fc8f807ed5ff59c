"""What `gongji record` reads: audit's record, in read-only transactions, and the topic of decisions beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from hashlib import sha256
from uuid import UUID

from deploy.local.errors import StackError
from deploy.reading import desk, topics
from deploy.reading.running import Running
from services.audit.domain.checking import Broken
from services.audit.domain.proving import Proof
from services.audit.domain.record import Seal
from services.audit.record import proofs, verifying
from services.audit.record.verifying import Found
from services.audit.record.writing import Q
from shared.db import Conn

DECISIONS = "binding.decisions"
PAGE = 2_000


async def verify(
    stack: Running, since: date | None, total: Callable[[int], object], advance: Callable[[int], object]
) -> Found:
    """Goes through the record; `total` hears first how many rows there are. Raises `StackError`."""
    total(await desk.ask(stack, verifying.size))
    return await desk.ask(stack, lambda conn: verifying.verify(conn, since, advance))


async def unrecorded(stack: Running, advance: Callable[[int], object]) -> list[Broken]:
    """Decisions on the topic whose bytes are not on the record. Those from before there was a record are among them."""
    found: list[Broken] = []
    page: list[tuple[UUID, int, str]] = []

    async def look(conn: Conn) -> None:
        rows = await conn.fetch(Q["hashes"], *map(list, zip(*page, strict=True)))
        found.extend(Broken("decision-unrecorded", binding_id=row[0], version=row[1]) for row in rows)

    async with topics.consumer(stack) as reader:
        async for seen in topics.until_end(reader, stack, topics=[DECISIONS]):
            if seen.value is not None and "version" in seen.raw:
                page.append(
                    (UUID(seen.raw["binding_id"]), seen.raw["version"], sha256(seen.value).hexdigest())
                )
            if len(page) >= PAGE:
                await desk.ask(stack, look)
                advance(len(page))
                page.clear()
    if page:
        await desk.ask(stack, look)
        advance(len(page))
    return found


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
