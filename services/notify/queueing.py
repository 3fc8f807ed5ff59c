"""One number, many notices: who may use it now and who waits, right across processes and inside one batch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notify.domain import turn
from services.notify.domain.caps import LONGEST, Line, hashed
from services.notify.domain.turn import Claimed, Send, Turn
from shared.db import Conn, Pool, load_queries
from shared.policies.values import Notice as Rules

Q = load_queries(__file__, "queueing.sql")


@dataclass(frozen=True, slots=True)
class Asking:
    """A claimed notice that wants a turn."""

    id: UUID
    claimed: Claimed
    rules: Rules


class Numbers:
    """Numbers by their hash under `key`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    async def admit(
        self, conn: Conn, medium: str, asking: Sequence[Asking], turns: Mapping[UUID, Turn], now: datetime
    ) -> dict[UUID, Turn]:
        """The turns after a second look: each number is locked until the transaction ends, so what is sent stays within its caps.

        `asking` in the order of their turns.
        """
        hashes = {i: hashed(one.number, self._key) for i, one in turns.items() if isinstance(one, Send)}
        if not hashes:
            return dict(turns)
        wanted = sorted(set(hashes.values()))
        await conn.execute(Q["lock_numbers"], wanted)
        lines = {one: Line() for one in wanted}
        for number_hash, at, busy in await conn.fetch(Q["uses"], wanted, medium, now - LONGEST):
            line = lines[number_hash]
            line.used.append(at)
            line.busy |= busy
        judged = dict(turns)
        for one in asking:
            send = turns[one.id]
            if isinstance(send, Send):
                judged[one.id] = turn.queue(send, lines[hashes[one.id]], one.claimed, medium, one.rules, now)
        return judged

    async def use(
        self, conn: Conn, medium: str, attempts: Iterable[tuple[UUID, int, str]], now: datetime
    ) -> None:
        """Notes attempts (notice, number of the attempt, telephone number) that are about to be made."""
        rows = [(notice, attempt, hashed(number, self._key)) for notice, attempt, number in attempts]
        if rows:
            await conn.execute(Q["use"], *map(list, zip(*rows, strict=True)), medium, now)


async def free(conn: Conn, attempts: Sequence[tuple[UUID, int]]) -> None:
    """Attempts of which nothing reached a provider or a phone: they do not count."""
    if attempts:
        await conn.execute(Q["free"], *map(list, zip(*sorted(attempts), strict=True)))


async def forget(pool: Pool, now: datetime) -> None:
    """Uses that no cap counts any more."""
    await pool.execute(Q["forget_uses"], now - LONGEST)
