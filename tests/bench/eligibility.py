"""Eligibility by itself: requests from the topic to the outbox, and what its rules alone cost.

The bench holds the lock of eligibility's relay while the backlog is worked off, so the service does what is measured and nothing else;
then it lets go, and the same process publishes what it said: every answer is counted on its topic, and the relay has its own figure.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from shared.messaging.relay import LOCK
from tests.bench import applications, load, rules
from tests.bench.facts import facts_read
from tests.bench.measure import Drain, Ends, watch_drain
from tests.bench.stage import Stage

NAME, WARM = "eligibility", 200


class Handled:
    """How many requests eligibility has handled, by the offsets that it commits together with its answers."""

    def __init__(self, conn: asyncpg.Connection[asyncpg.Record]) -> None:
        self._conn = conn

    async def count(self) -> int:
        """Requests so far."""
        return int(
            await self._conn.fetchval(
                f"select coalesce(sum(next_offset), 0) from {NAME}.consumed where topic = 'binding.requests'"
            )
        )


async def measure(place: Stage, count: int) -> dict[str, Any]:
    """A backlog of `count` applications that all pass."""
    kafka = place.servers.kafka
    urls = await place.empty()
    await load.publish(kafka, list(applications.registry(WARM + count)))
    service = f"services.{NAME}"
    async with place.running(urls, service), Ends(kafka, applications.ANSWERS) as answers:
        await facts_read(urls["admin"], (NAME,), WARM + count)
        await load.publish(kafka, applications.applications(0, WARM))
        await _until(answers, WARM)
    await load.publish(kafka, applications.applications(WARM, count))
    conn = await asyncpg.connect(urls["admin"])
    try:
        await conn.execute("analyze")
        async with Ends(kafka, applications.ANSWERS) as answers:
            async with _relay_held(urls[NAME]), place.running(urls, service) as running:
                drain = await watch_drain(Handled(conn), place.cpu(running), WARM, count, timeout=300)
                published = await answers.count() - WARM
                if published:
                    raise RuntimeError(f"{published} answers were published while the relay was held")
            async with place.running(urls, service) as running:
                relay = await watch_drain(answers, place.cpu(running), WARM, count, timeout=300)
            await _passed(conn, WARM + count)
    finally:
        await conn.close()
    return _figures(drain, relay) | {"rules_us": round(rules.cpu_us(), 1)}


def _figures(drain: Drain, relay: Drain) -> dict[str, Any]:
    return {
        "eligibility_per_s": round(drain.per_s),
        "eligibility_cpu_us": round(drain.cpu["service"]),
        "eligibility_cpu_us_by_process": {name: round(us, 1) for name, us in drain.cpu.items()},
        "eligibility_relay_cpu_us": round(relay.cpu["service"], 1),
    }


@contextlib.asynccontextmanager
async def _relay_held(url: str) -> AsyncIterator[None]:
    """Nobody but us may publish eligibility's outbox."""
    conn = await asyncpg.connect(url, server_settings={"search_path": NAME})
    try:
        while not await conn.fetchval(LOCK):
            await asyncio.sleep(0.1)
        yield
    finally:
        await conn.close()


async def _until(ends: Ends, count: int) -> None:
    deadline = time.monotonic() + 60
    while await ends.count() < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} answers expected")
        await asyncio.sleep(0.1)


async def _passed(conn: asyncpg.Connection[asyncpg.Record], count: int) -> None:
    """Each request was judged by all rules and passed: a refusal would be another, cheaper path."""
    rows = await conn.fetch(f"select stage, count(*) from {NAME}.bindings group by stage")
    stages = {row["stage"]: row["count"] for row in rows}
    if stages != {"passed": count}:
        raise RuntimeError(f"{count} applications should have passed: {stages}")
