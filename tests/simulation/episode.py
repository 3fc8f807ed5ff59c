"""One episode: a town, accidents at chosen points, rest, and the invariants."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from services.audit.handlers import AuditHandler
from services.notify import template_files
from services.notify.handlers import NotifyHandler
from services.notify.sealing import Seal
from services.settlement.app import may_bill
from services.settlement.domain.book import Regions
from services.settlement.handlers import SettlementHandler
from shared import db, policies
from shared.contracts import sources
from shared.db import Pool
from shared.messaging.service import CORE_SCHEMA
from tests.simulation.dying import Died
from tests.simulation.flaky import Flaky
from tests.simulation.invariants import check
from tests.simulation.line import Build, Line
from tests.simulation.virtual import START, VirtualClock
from tests.simulation.workload import Town

SERVICES = ("eligibility", "audit", "notify", "settlement")
ROOT = Path(__file__).parents[2] / "services"


@dataclass(slots=True)
class Report:
    """What an episode saw. `violations` must be empty."""

    seed: int
    points: int
    deaths: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def builders() -> dict[str, Build]:
    """Fresh handlers of the real services."""
    overlay = Path(__file__).with_name("policies")
    loaded = policies.load(overlay=overlay)
    keys = {source.id: tuple(source.keys.values()) for source in sources.load().values() if source.keys}
    eligibility = Flaky(loaded, keys)
    regions = Regions(loaded, may_bill)
    return {
        "eligibility": lambda: eligibility,
        "audit": lambda: AuditHandler(loaded),
        "notify": lambda: NotifyHandler(
            VirtualClock(), loaded, frozenset(), template_files.load(), START, Seal([bytes(32)])
        ),
        "settlement": lambda: SettlementHandler(regions),
    }


async def open_pools(urls: Mapping[str, str]) -> dict[str, Pool]:
    """A pool per service, its schema migrated, and the administrator's."""
    pools = {"admin": await asyncpg.create_pool(urls["admin"], min_size=1, max_size=2)}
    for name in SERVICES:
        conn = await asyncpg.connect(urls[name])
        await db.migrate(conn, name, [CORE_SCHEMA, *sorted((ROOT / name / "migrations").glob("*.sql"))])
        await conn.close()
        pools[name] = await db.open_pool(urls[name], name, size=6)
    return pools


async def wipe(admin: Pool) -> None:
    """Empties every table of the services, the append-only ones too, which only the administrator can."""
    rows = await admin.fetch(
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname = any($1) and tablename not in ('migrations', 'beginnings')",
        [*SERVICES, "audit_record"],
    )
    async with admin.acquire() as conn:
        await conn.execute("set session_replication_role = replica")
        await conn.execute(f"truncate {', '.join(row[0] for row in rows)} restart identity cascade")
        await conn.execute("set session_replication_role = origin")


async def play(
    seed: int,
    pools: Mapping[str, Pool],
    builds: Mapping[str, Build],
    *,
    length: int = 60,
    deaths: int = 100,
    crowd: float = 0.3,
    kind: type[Line] = Line,
    mix: Mapping[str, float] | None = None,
) -> Report:
    """Plays the episode of `seed`: `length` happenings, `deaths` deaths or more, then rest and judgement. `crowd`: see `work`;
    `mix`: what happens how often."""
    await wipe(pools["admin"])
    chance = random.Random(f"{seed}:accidents")
    line = kind(builds, pools, seed)
    await line.start()
    flaky: Any = builds["eligibility"]()
    flaky.broken = True
    town = Town(line, random.Random(f"{seed}:town"), mend=lambda: setattr(flaky, "broken", False))
    town.mix = dict(mix or {})
    town.populate()
    await line.settle_down()
    town.bind_everybody()
    await line.settle_down()
    while length > 0 or line.seen["deaths"] < deaths:
        for _ in range(chance.choice((0, 0, 1, 2, 5, 12))):
            (town.happen if length > 0 else chance.choice((town.repeat, town.replay)))()
            length -= 1
        if chance.random() < 0.2:
            town.wait()
        if deaths:
            await accident(line, chance)
        await asyncio.wait_for(work(line, chance, crowd), 300)  # no episode hangs; some are slow
    await line.settle_down()
    report = Report(seed, line.fate.points, line.fate.deaths, Counter(line.seen))
    report.violations = await check(line.broker, {name: pools[name] for name in SERVICES}, town.credited)
    return report


async def accident(line: Line, chance: random.Random) -> None:
    """Something goes wrong, or is about to."""
    name = chance.choice(SERVICES)
    match chance.randrange(10):
        case 0:
            await line.take_over(name)
        case 1 if line.zombies:
            try:
                await line.wake()
            except Died:
                line.seen["deaths"] += 1
        case 2:
            await line.redeliver(name)
        case _:
            relay = " relay" if chance.random() < 0.2 else ""
            line.fate.arm(name + relay, chance.choice((0, 1, 2, 3, 5, 8, 13, 21, 34)))


async def work(line: Line, chance: random.Random, crowd: float) -> None:
    """Some replicas do something; with probability `crowd` two of the busiest service at once."""
    if chance.random() < crowd:
        await line.pair(line.busiest())
    for _ in range(2):
        await line.act(chance.choice(SERVICES), chance.choice(("handle", "handle", "relay", "fire")))
