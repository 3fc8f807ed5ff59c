"""notify by itself: decisions from the topic to texts that an SMS centre took and reported back, over real SMPP.

A backlog is drained: its rate and CPU time count from the record to the stored receipt. Then decisions come at a steady rate, and the time
of each is taken from the broker's append to the centre's own note that it has the whole text. Everybody is told one text of two parts.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from shared import clock
from shared.testing.messages import MONDAY
from tests.bench import load
from tests.bench.baseline import TOPICS, group
from tests.bench.lines import Sizes
from tests.bench.measure import Cpu, Drain, Ends, watch_drain
from tests.bench.stage import Stage
from tests.integration.notify.crowd import Centre, decisions, persons

NAME, REPORTS, WARM = "notify", "binding.notices", 200
PER_S, PROMPT_S = 200, 10.0
GOAL_PER_S, GOAL_SHARE = 500, 0.95


class Delivered:
    """Notices whose receipt is stored."""

    def __init__(self, conn: asyncpg.Connection[asyncpg.Record]) -> None:
        self._conn = conn

    async def count(self) -> int:
        """Notices so far."""
        if not await self._conn.fetchval("select to_regclass($1)", f"{NAME}.notices"):
            return 0
        return int(
            await self._conn.fetchval(f"select count(*) from {NAME}.notices where state = 'delivered'")
        )


async def measure(place: Stage, sizes: Sizes) -> dict[str, Any]:
    """A backlog, then `PER_S` a second, then a backlog through the baseline. Raises `RuntimeError` unless each was sent once."""
    urls, count = await place.empty(), sizes.notices
    last = WARM + count + PER_S * sizes.notices_s
    everybody = last + sizes.notice_baseline
    kafka, out = place.servers.kafka, place.log / "smsc"
    await load.publish(kafka, persons(range(everybody)))
    await load.publish(kafka, decisions(range(WARM)))
    conn = await asyncpg.connect(urls["admin"])
    try:
        async with _centre(out) as env:
            async with place.running(urls, f"services.{NAME}", env=env):
                await _until(Delivered(conn), WARM)
                await _until(_Persons(conn), everybody)
            await load.publish(kafka, decisions(range(WARM, WARM + count)))
            await conn.execute("analyze")
            async with place.running(urls, f"services.{NAME}", env=env) as running:
                drain = await _drain(kafka, place.cpu(running), WARM, count)
                begun = await _steadily(kafka, WARM + count, last)
                await _until(Delivered(conn), last)
            await load.skip_to_end(kafka, group(NAME), TOPICS[NAME])
            await load.publish(kafka, decisions(range(last, everybody)))
            async with place.running(urls, f"tests.bench.baseline {NAME}", env=env) as running:
                base = await _drain(kafka, place.cpu(running), last, everybody - last)
        handed = _handed(out, everybody)
    finally:
        await conn.close()
    took = sorted(handed[n] - at for n, at in begun.items())
    return _figures(drain, took) | {
        "notify_vs_baseline": round(drain.per_s / base.per_s, 1),
        "notify_baseline_per_s": round(base.per_s),
        "notify_baseline_cpu_us": {name: round(us) for name, us in base.cpu.items()},
    }


async def _drain(bootstrap: str, cpu: Cpu, before: int, count: int) -> Drain:
    """A backlog, by what notify reports of each notice: that it was sent, and that it was delivered."""
    async with Ends(bootstrap, REPORTS) as ends:
        found = await watch_drain(ends, cpu, before * 2, count * 2, timeout=300)
    per_notice = {name: us * 2 for name, us in found.cpu.items()}
    return Drain(found.records // 2, found.seconds, per_notice)


class _Persons(Delivered):
    """Persons that notify knows."""

    async def count(self) -> int:
        return int(await self._conn.fetchval(f"select count(*) from {NAME}.persons"))


@contextlib.asynccontextmanager
async def _centre(out: Path) -> AsyncIterator[Mapping[str, str]]:
    """An SMS centre as a process of its own, and what makes notify use it, by day."""
    centre = Centre("centre", out)
    centre.start()
    try:
        yield {
            "GONGJI_NOTIFY_SMPP_HOST": "127.0.0.1",
            "GONGJI_NOTIFY_SMPP_PORT": str(centre.port),
            "GONGJI_CLOCK": clock.with_anchor(MONDAY.isoformat()),
        }
    finally:
        centre.stop()


async def _until(counter: Delivered, count: int) -> None:
    deadline = time.monotonic() + 300
    while (found := await counter.count()) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{found} of {count} after five minutes")
        await asyncio.sleep(0.1)


async def _steadily(bootstrap: str, first: int, last: int) -> dict[int, float]:
    """Publishes decisions at `PER_S`; when the broker appended each, in seconds since 1970."""
    made = decisions(range(first, last))  # beforehand: making one costs more than sending it
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        began = time.monotonic()
        sent: list[Any] = []
        while len(sent) < len(made):
            due = min(len(made), int((time.monotonic() - began) * PER_S) + 1)
            for one in made[len(sent) : due]:
                sent.append(await producer.send(one.topic, one.value, one.key, headers=one.pairs()))
            await asyncio.sleep(0.005)
        appended = await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return {first + n: one.timestamp / 1000 for n, one in enumerate(appended)}


def _handed(out: Path, count: int) -> dict[int, float]:
    """When the centre had the text of each, by its own clock of the same machine. Raises `RuntimeError` if anybody has none or two."""
    heard = Centre("centre", out).received()
    found = dict(heard)
    if len(heard) != count or set(found) != set(range(count)):
        raise RuntimeError(f"{len(heard)} texts to {len(found)} persons instead of {count}")
    return found


def _figures(drain: Drain, took: Sequence[float]) -> dict[str, Any]:
    return {
        "notify_drain_per_s": round(drain.per_s),
        "notify_drain_per_s_goal": GOAL_PER_S,
        "notify_cpu_us": round(drain.cpu["service"]),
        "notify_cpu_us_by_process": {name: round(us, 1) for name, us in drain.cpu.items()},
        "notify_within_10s": round(sum(one <= PROMPT_S for one in took) / len(took), 4),
        "notify_within_10s_goal": GOAL_SHARE,
        "notify_at_per_s": PER_S,
        "notify_p50_ms": round(load.percentile(took, 0.5) * 1000),
        "notify_p99_ms": round(load.percentile(took, 0.99) * 1000),
        "notify_max_ms": round(took[-1] * 1000),
    }
