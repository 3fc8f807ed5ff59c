"""Bugs that the simulation must find: each is the line with one mechanism broken."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from services.eligibility import storage as eligibility_storage
from services.settlement import storage as settlement_storage
from services.settlement.domain.book import Book
from services.settlement.handlers import SettlementHandler
from services.settlement.wanted import Wanted
from shared.db import Conn, Pool
from shared.messaging import tables
from shared.messaging.handler import Item
from shared.messaging.records import Outgoing
from tests.simulation.dying import Died
from tests.simulation.line import Build, Line, Replica

_ONE_ROW = "select id, topic, keys, headers, bodies from outbox order by id limit 1 for update skip locked"


class TwoRelays(Line):
    """Several relays work on one outbox, each on a row that no other holds."""

    async def act(self, name: str, action: str) -> int:
        if action != "relay":
            return await super().act(name, action)
        replica = self.replicas[name]
        try:
            return sum(await asyncio.gather(*(self._one(replica, pause) for pause in (6, 4, 2, 0))))
        except Died:
            await self.bury(name)
            return 1

    async def _one(self, replica: Replica, pause: int) -> int:
        async with replica.real_pool.acquire() as conn, conn.transaction():
            row = await conn.fetchrow(_ONE_ROW)
            for _ in range(pause):
                await conn.fetchval("select 1")
            if row is None:
                return 0
            self.broker.publish(Outgoing(row[1], *one) for one in zip(row[2], row[3], row[4], strict=True))
            await conn.execute("delete from outbox where id = $1", row[0])
            return 1


class Hasty(Replica):
    """Fires due rows by the clock, whatever is still unread."""

    async def fire(self) -> int:
        async def now(places: object) -> Any:
            return self.clock.now()

        self.due.safe_until = now  # type: ignore[method-assign]
        return await self.due.fire(self.broker.places(self.handler.topics))


class DueAheadOfMessages(Line):
    """All replicas are hasty."""

    replica_kind = Hasty


class Loose:
    """A connection that reads and locks nothing."""

    def __init__(self, conn: Conn) -> None:
        self._conn = conn

    async def fetch(self, query: str, *args: Any) -> Any:
        return await self._conn.fetch(query.replace("for update", ""), *args)

    execute = fetch


class FactsBeforeLock(SettlementHandler):
    """Reads balances, then locks: what another process wrote in between is overwritten."""

    async def lock(self, conn: Conn, items: Sequence[Item]) -> Any:
        wanted = Wanted(items)
        await settlement_storage.learn(conn, wanted)
        loose: Any = Loose(conn)
        rows = await settlement_storage.lock(loose, wanted)
        book = Book(self.regions)
        await settlement_storage.load(conn, wanted, rows, book)
        await settlement_storage.lock(conn, wanted)
        return book

    async def load(self, conn: Conn, items: Sequence[Item], keys: Any) -> Book:
        return keys  # type: ignore[no-any-return]


async def facts_before_lock(builds: Mapping[str, Build], admin: Pool) -> dict[str, Build]:
    """The line with such a settlement, and without the index that would make it try again."""
    await admin.execute("drop index settlement.entry_account_version")
    sound: Any = builds["settlement"]()
    return {**builds, "settlement": lambda: FactsBeforeLock(sound.regions)}


def slots_without_locks(monkeypatch: Any) -> None:
    """Eligibility counts slots without the locks of persons and bindings: write skew."""
    for name in ("lock_people", "lock_bindings"):
        query = eligibility_storage.Q[name]
        assert "for update" in query
        monkeypatch.setitem(eligibility_storage.Q, name, query.replace("for update", ""))


def replays_that_count_again(monkeypatch: Any) -> None:
    """A replayed dead letter is handled but stays marked as dead."""

    async def forget(conn: Conn, rows: object) -> None:
        return None

    monkeypatch.setattr(tables, "revive_claims", forget)
