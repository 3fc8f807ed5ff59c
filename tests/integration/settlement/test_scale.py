"""What a settlement costs with many accounts and entries: the service always the same, the database more, within a bound.

The database's part grows because every page that it touches is somewhere else (README of settlement, "What PostgreSQL does in it").

`python -m tests.long scale -k settlement` fills a PostgreSQL by SQL, settles bills in batches of 500 and writes CPU microseconds of service and
database per settlement to `build/settlement-scale.txt`. `GONGJI_SCALE=full` goes to 2 million accounts and 10 million entries
(tens of gigabytes of work for the disk); without it the sizes take a few minutes.
"""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.testing import TestStack
from services.settlement.domain.people import digest
from services.settlement.handlers import SettlementHandler
from shared import clock, db
from shared.ids import SystemIds
from shared.messaging.records import PlainRecord, unpack_headers
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.messaging.step import BatchStep
from tests.bench import world
from tests.unit.settlement import kit

FULL = os.environ.get("GONGJI_SCALE") == "full"
SIZES = ((9_999, 0), (9_999, 1_000_000), (200_001, 0), (200_001, 1_000_000))
MORE = ((2_000_001, 0), (2_000_001, 10_000_000))
WARM, MEASURED, BATCH = 1_500, 4_000, 500
OUT = Path("build/settlement-scale.txt")
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

PEOPLE = """
with everybody as (
    select f, r, '32050020260000' || r || lpad(f::text, 7, '0') as psn_no
    from generate_series(0, $1::int - 1) as f, unnest(array['c', 'm', 'f']) as r
), persons as (
    insert into person (psn_no, version, cert, alive, insured)
    select psn_no, 1, decode(md5(psn_no), 'hex'), true, '[["310","1","320500"]]' from everybody
)
insert into account (psn_no, admdvs, historic, version)
select psn_no, '320500', case r when 'c' then 1000 when 'm' then 2000 else 100000 end, $2::int from everybody
"""
BINDINGS = """
insert into binding (binding_id, sponsor, beneficiary, version, state, relation, facts)
select lpad(to_hex(f * 2 + w), 32, '0')::uuid, '32050020260000' || r || lpad(f::text, 7, '0'), '32050020260000c' || lpad(f::text, 7, '0'),
    3, 'approved', 'child', $2
from generate_series(0, $1::int - 1) as f, (values (0, 'm'), (1, 'f')) as sponsors (w, r)
"""
ENTRIES = """
insert into entry (posting, account, segment, amount, balance_after, version, kind, at)
select decode(lpad(to_hex(n), 30, '0'), 'hex'), a.psn_no, 'historic', 1, v, v, 'credit', '2026-01-05'
from (select psn_no, row_number() over () as n from account) a, generate_series(1, $1::int) as v
"""


class Filled:
    """A replica on a database that is filled by SQL."""

    def __init__(self, pool: db.Pool) -> None:
        self.pool = pool
        handler: Any = SettlementHandler(kit.regions(), {})
        self.migrations = [CORE_SCHEMA, *migrations_of(handler)]
        self.step = BatchStep(handler, pool, clock.SystemClock(NOW.timestamp(), time.time()), SystemIds())
        self.offset = self.turn = 0

    async def fill(self, accounts: int, entries: int) -> None:
        """So many accounts in families of three, so many entries spread over them."""
        async with self.pool.acquire() as conn:
            await db.migrate(conn, "settlement", self.migrations)
            await conn.execute(
                "insert into institution (fixmedins_code, version, pharmacy, admdvs, designated) values ($1, 1, false, '320500', true)",
                world.HOSPITAL,
            )
            each = entries // accounts
            await conn.execute(PEOPLE, accounts // 3, each, timeout=900)
            await conn.execute(BINDINGS, accounts // 3, world._facts(), timeout=900)
            if each:
                await conn.execute(ENTRIES, each, timeout=1800)
            for table in ("person", "account", "binding", "entry"):
                await conn.execute(f"vacuum analyze {table}", timeout=900)

    async def cost(self, families: int) -> tuple[float, float]:
        """CPU microseconds of the service and of the database's process for one settlement."""
        rolled = random.Random(families)
        chosen = [rolled.randrange(families) for _ in range(WARM + MEASURED)]
        patients = [world.psn("c", n) for n in set(chosen)]
        async with self.pool.acquire() as conn:
            await conn.execute(
                "update person p set cert = n.cert from unnest($1::text[], $2::bytea[]) as n (psn_no, cert) where p.psn_no = n.psn_no",
                patients, list(map(digest, patients)),
            )  # fmt: skip
            pid = await conn.fetchval("select pg_backend_pid()")
        await self._settle(chosen[:WARM])
        process = psutil.Process(pid)
        before, mine = process.cpu_times(), time.process_time()
        await self._settle(chosen[WARM:])
        after, used = process.cpu_times(), time.process_time() - mine
        theirs = after.user + after.system - before.user - before.system
        return used / MEASURED * 1e6, theirs / MEASURED * 1e6

    async def _settle(self, families: list[int]) -> None:
        for at in range(0, len(families), BATCH):
            records = []
            for family in families[at : at + BATCH]:
                self.turn += 1
                made = world.bill(family, NOW, self.turn)
                pairs = [(k, v) for k, v in unpack_headers(made.headers) if v is not None]
                records.append(PlainRecord("settlement.requests", 0, self.offset, int(NOW.timestamp() * 1000), made.key, made.value, pairs))  # fmt: skip
                self.offset += 1
            await self.step.run(records)


@pytest.mark.long
@pytest.mark.scale
@pytest.mark.skipif(not os.environ.get("GONGJI_LONG"), reason="minutes of filling; with GONGJI_LONG=1")
async def test_with_many_accounts_and_entries_the_service_costs_the_same_and_the_database_a_few_times_as_much(
    stack: TestStack,
) -> None:
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for accounts, entries in (*SIZES, *(MORE if FULL else ())):
        urls = await stack.fresh_database()
        # One connection only, so that its process of the database is the one that works.
        pool = await db.open_pool(urls["settlement"], "settlement", size=1)
        try:
            found[accounts, entries] = await _cost(Filled(pool), accounts, entries)
        finally:
            await pool.close()
            await stack.drop_databases()
        _write(found)
    for costs, times in zip(zip(*found.values(), strict=True), (1.6, 5), strict=True):
        assert max(costs) < times * min(costs), found


async def _cost(filled: Filled, accounts: int, entries: int) -> tuple[float, float]:
    await filled.fill(accounts, entries)
    cost = await filled.cost(accounts // 3)
    assert await filled.pool.fetchval("select count(*) from settlement") == WARM + MEASURED
    return cost


def _write(found: dict[tuple[int, int], tuple[float, float]]) -> None:
    lines = [f"{'accounts':>10} {'entries':>11} {'service us':>11} {'database us':>12}"]
    for (accounts, entries), (service, database) in found.items():
        bar = "#" * round(service / 10) + "=" * round(database / 10)
        lines.append(f"{accounts:>10} {entries:>11} {service:>11.0f} {database:>12.0f}  {bar}")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("\n".join(lines) + "\n", "utf-8")
    print("\n" + OUT.read_text("utf-8"))
