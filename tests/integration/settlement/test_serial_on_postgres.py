"""Four workers on one hot family of 60 accounts, on a real PostgreSQL: it is as if one message had come after the other.

Each batch is one transaction of the service's own lock, load, decide and save, and takes a number as its last statement, while its locks
are held. So batches that had to wait for one another are numbered as they ran, and the others may run in any order. Played in
memory by these numbers, one message at a time, they have to say the same and to leave the same rows, and the second reckoning has to agree.

What is read without a lock (new bindings, the registry) comes alone, between the rounds: a bill settles on what is known when it is read.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from services.settlement.handlers import SettlementHandler
from shared import db
from shared.contracts.binding_decisions import BindingState
from shared.messaging.collector import Collector
from shared.messaging.handler import Due, Event, Item
from shared.messaging.service import CORE_SCHEMA, migrations_of
from tests.unit.settlement.serial.lives import Life
from tests.unit.settlement.serial.reckoning import Reckoning
from tests.unit.settlement.serial.replicas import (
    HEADS,
    REGISTRY,
    Numbered,
    Replica,
    Said,
    due_of,
    told,
)
from tests.unit.settlement.serial.rules import Town
from tests.unit.settlement.serial.tables import KEYS
from tests.unit.settlement.serial.watch import Watch

pytestmark = pytest.mark.oracle
WORKERS, PEOPLE, STEPS, SEED = 4, 60, 2_400, 5
NumberedItems = list[tuple[int, Item]]


class Line:
    """The service on a database. `done` are batches with what they said and their number in the order in which they held their locks."""

    def __init__(self, pool: db.Pool, town: Town) -> None:
        self.pool, self.handler = pool, SettlementHandler(town, {})
        self.done: list[tuple[int, NumberedItems, list[Said]]] = []
        self.dues: dict[tuple[str, str], Any] = {}

    async def run(self, items: NumberedItems) -> list[Said]:
        """One batch; once more, as the core does it, where another worker has just used the same number of an entry."""
        try:
            return await self._transaction(items)
        except asyncpg.UniqueViolationError as error:
            if error.table_name != "credit_order":
                raise
            return await self._transaction(items)

    async def _transaction(self, items: NumberedItems) -> list[Said]:
        batch = [item for _, item in items]
        handler: Any = self.handler
        async with self.pool.acquire() as conn, conn.transaction():
            keys = await handler.lock(conn, batch)
            book = await handler.load(conn, batch, keys)
            said = [self._decide(book, number, item) for number, item in items]
            await handler.save(conn, book)
            turn = await conn.fetchval("select nextval('turn')")
        self.done.append((turn, items, said))
        for one in said:
            for key, row in one.dues.items():
                self.dues.pop(key, None)
                if row is not None:
                    self.dues[key] = row
        return said

    def _decide(self, book: Any, number: int, item: Item) -> Said:
        ids = Numbered()
        ids.at(number)
        out = Collector("settlement", REGISTRY, ids, HEADS)
        out.begin(item)
        self.handler.decide(book, item, out)
        return Said(out.outgoing, out.dues)


@pytest_asyncio.fixture
async def line(database_urls: dict[str, str]) -> AsyncIterator[Line]:
    """The service with rules of a seed's own on a fresh database."""
    pool = await db.open_pool(database_urls["settlement"], "settlement", size=WORKERS + 1)
    made = Line(pool, Town(SEED))
    handler: Any = made.handler
    async with pool.acquire() as conn:
        await db.migrate(conn, "settlement", [CORE_SCHEMA, *migrations_of(handler)])
        await conn.execute("create sequence turn")
    yield made
    await pool.close()


async def test_four_workers_on_one_hot_family_do_what_one_would_do(line: Line) -> None:
    life, rolled = Life(SEED, people=PEOPLE), random.Random(SEED)
    number = 0
    while number < STEPS or life.first:
        events = [life.next() for _ in range(len(life.first) or rolled.randint(40, 240))]
        items: NumberedItems = [(number + n, event) for n, event in enumerate(events, 1)]
        number += len(items)
        alone = [one for one in items if _unlocked(one[1])]
        shares = _shared_out([one for one in items if not _unlocked(one[1])])
        said = _by_number(alone, await line.run(alone)) if alone else {}
        for share, what in zip(shares, await asyncio.gather(*map(line.run, shares)), strict=True):
            said |= _by_number(share, what)
        for n, item in items:
            assert isinstance(item, Event)
            life.told(item, told(item, said[n]))
        number = await _fire(line, life, number)
    assert await line.pool.fetch("select * from verify()") == []
    await _as_one_after_the_other(line)


def _by_number(items: NumberedItems, said: list[Said]) -> dict[int, Said]:
    return {number: what for (number, _), what in zip(items, said, strict=True)}


async def _fire(line: Line, life: Life, number: int) -> int:
    fallen = sorted((row[0], key) for key, row in line.dues.items() if row[0] <= life.now)
    dues: list[Due] = [due_of(*key, line.dues.pop(key)) for _, key in fallen]
    if dues:
        await line.run([(number + n, due) for n, due in enumerate(dues, 1)])
    return number + len(dues)


def _unlocked(item: Item) -> bool:
    """The registry, and bindings that nobody knows yet."""
    assert isinstance(item, Event)
    new = isinstance(item.body, BindingState) and item.body.version == 1
    return new or item.topic.startswith("registry.")


def _shared_out(items: NumberedItems) -> list[NumberedItems]:
    """By key, as partitions are: what is said of one patient comes to one worker in its order."""
    shares: list[NumberedItems] = [[] for _ in range(WORKERS)]
    for one in items:
        assert isinstance(one[1], Event)
        shares[zlib.crc32(one[1].key) % WORKERS].append(one)
    return [share for share in shares if share]


async def _as_one_after_the_other(line: Line) -> None:
    """Played by the numbers of the batches: the same words, and what the second reckoning says."""
    replica = Replica(Town(SEED), SEED)
    watch, reckoning = Watch(replica.tables), Reckoning(Town(SEED))
    kinds: Counter[str] = Counter()
    for _, items, said in sorted(line.done, key=lambda one: one[0]):
        for one, before in zip(items, said, strict=True):
            (alone,) = replica.run([one])
            assert alone == before, f"step {one[0]}: {one[1]}"
            wrong = reckoning.step(one[1], alone, watch.entries(), watch.owed())
            assert wrong is None, f"step {one[0]}: {wrong}"
            kinds.update(kind for kind, _ in alone.results)
    assert kinds["settled"] > 500, kinds
    assert kinds["refunded"] > 50, kinds
    for table in replica.tables.names:
        await _same(line.pool, table, list(replica.tables.rows(table).values()))


async def _same(pool: db.Pool, table: str, mine: Sequence[dict[str, Any]]) -> None:
    columns = [*mine[0]]
    rows = await pool.fetch(f"select {', '.join(columns)} from {table}")
    theirs = [tuple(UUID(bytes=v.bytes) if isinstance(v, UUID) else v for v in row) for row in rows]
    order = [columns.index(name) for name in KEYS.get(table, ())] or range(len(columns))

    def key(row: tuple[Any, ...]) -> str:
        return repr([row[n] for n in order])

    expected = sorted((tuple(row.get(c) for c in columns) for row in mine), key=key)
    for want, have in zip(expected, sorted(theirs, key=key), strict=True):
        assert want == have, table
