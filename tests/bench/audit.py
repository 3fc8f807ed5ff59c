"""Audit by itself: passed screenings from the topic to the outbox, each approved at once by the region's policy.

As with eligibility, the bench holds the lock of audit's relay while the backlog is worked off, so that the service's CPU time is that of
deciding alone; then the same process publishes what it said, which is measured apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from shared.contracts.base import Origin
from shared.contracts.binding_requests import ChannelKind, Relation, Terms
from shared.contracts.binding_screenings import Case, Fact, Party, Passed
from shared.messaging.records import Outgoing, pack_headers
from shared.messaging.relay import LOCK
from shared.testing.messages import to_kafka, uid
from tests.bench import load
from tests.bench.applications import ANSWERS, CHANNEL, couple
from tests.bench.measure import Drain, Ends, watch_drain
from tests.bench.stage import Stage

NAME, WARM = "audit", 200
GOAL_PER_S = 4_000


def screening(n: int, at: datetime) -> Outgoing:
    """What eligibility says of a couple's application: every rule holds, and the registry proves the relation."""
    husband, wife = couple(n)
    facts = [
        *(Fact(kind="person", key=one.psn_no, version=1) for one in (husband, wife)),
        Fact(kind="relation", key=f"{husband.psn_no}|{wife.psn_no}", version=1),
    ]
    case = Case(
        admdvs=husband.admdvs,
        channel=ChannelKind.APP,
        sponsor=Party(psn_no=husband.psn_no, insuplc_admdvs=husband.admdvs),
        beneficiary=Party(psn_no=wife.psn_no, insuplc_admdvs=wife.admdvs),
        relation=Relation.SPOUSE,
        terms=Terms(),
        requested_at=at,
    )
    body = Passed(
        binding_id=uid(n, at),
        round=1,
        origin=Origin(source=CHANNEL, id=f"bench-{n}"),
        case=case,
        policy_version="0123456789abcdef",
        proven_by=("registry",),
        facts=tuple(facts),
    )
    one = to_kafka("binding.screenings.passed", body, "gongji-eligibility", f"bench-audit-{n}", at)
    return Outgoing(one.topic, one.key, pack_headers(one.headers), one.value)


def screenings(first: int, count: int) -> list[Outgoing]:
    """Screenings of `count` couples, made now."""
    at = datetime.now(UTC) - timedelta(seconds=1)
    return [screening(n, at) for n in range(first, first + count)]


class Handled:
    """How many screenings audit has handled, by the offsets that it commits together with its decisions."""

    def __init__(self, conn: asyncpg.Connection[asyncpg.Record]) -> None:
        self._conn = conn

    async def count(self) -> int:
        """Screenings so far."""
        if not await self._conn.fetchval("select to_regclass($1)", f"{NAME}.consumed"):
            return 0
        return int(
            await self._conn.fetchval(
                f"select coalesce(sum(next_offset), 0) from {NAME}.consumed where topic = 'binding.screenings'"
            )
        )


async def measure(place: Stage, count: int) -> dict[str, Any]:
    """A backlog of `count` screenings that approve themselves: decisions a second of the service's CPU, of the clock, and of the relay."""
    kafka = place.servers.kafka
    urls = await place.empty()
    await load.publish(kafka, screenings(0, WARM))
    conn = await asyncpg.connect(urls["admin"])
    try:
        handled = Handled(conn)
        async with place.running(urls, f"services.{NAME}"), Ends(kafka, ANSWERS) as answers:
            while await answers.count() < WARM:
                await asyncio.sleep(0.1)
        await load.publish(kafka, screenings(WARM, count))
        await conn.execute("analyze")
        async with Ends(kafka, ANSWERS) as answers:
            async with _relay_held(urls[NAME]), place.running(urls, f"services.{NAME}") as running:
                drain = await watch_drain(handled, place.cpu(running), WARM, count, timeout=300)
            async with place.running(urls, f"services.{NAME}") as running:
                relay = await watch_drain(answers, place.cpu(running), WARM, count, timeout=300)
        await _approved(conn, WARM + count)
    finally:
        await conn.close()
    return _figures(drain, relay)


def _figures(drain: Drain, relay: Drain) -> dict[str, Any]:
    """`audit_per_s` is by the service's CPU time, as the goal is; `audit_clock_per_s` is by the clock, with whatever else ran."""
    us = drain.cpu["service"]
    return {
        "audit_per_s": round(1e6 / us),
        "audit_cpu_us": round(us),
        "audit_clock_per_s": round(drain.per_s),
        "audit_cpu_us_by_process": {name: round(one, 1) for name, one in drain.cpu.items()},
        "audit_relay_cpu_us": round(relay.cpu["service"], 1),
        "audit_per_s_goal": GOAL_PER_S,
    }


@contextlib.asynccontextmanager
async def _relay_held(url: str) -> AsyncIterator[None]:
    """Nobody but us may publish audit's outbox."""
    conn = await asyncpg.connect(url, server_settings={"search_path": NAME})
    try:
        deadline = time.monotonic() + 60
        while not await conn.fetchval(LOCK):
            if time.monotonic() > deadline:
                raise TimeoutError("the lock of the relay did not come free")
            await asyncio.sleep(0.1)
        yield
    finally:
        await conn.close()


async def _approved(conn: asyncpg.Connection[asyncpg.Record], count: int) -> None:
    """Each was approved by the policy itself, with two versions on the record: anything else would be another path."""
    rows = await conn.fetch(
        f"select state, reviewer, version, recorded, count(*) from {NAME}.binding group by 1, 2, 3, 4"
    )
    if [tuple(row) for row in rows] != [("approved", "auto", 2, True, count)]:
        raise RuntimeError(f"{count} screenings should have approved themselves: {[tuple(r) for r in rows]}")
