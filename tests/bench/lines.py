"""The two measured lines: bills through settlement, applications through eligibility and audit."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from tests.bench import applications, load, stage, world
from tests.bench.baseline import TOPICS, group
from tests.bench.facts import facts_read
from tests.bench.load import Probe
from tests.bench.measure import ANSWERS, Drain, Ends, watch_drain
from tests.bench.stage import Stage

DECISIONS = "binding.decisions"
WARM = 100
SERVICES = ("eligibility", "audit")


class Sizes:
    """How much of everything: records, seconds."""

    def __init__(self, quick: bool) -> None:
        self.broker_warm = 4_000 if quick else 25_000
        self.backlog = 8_000 if quick else 40_000
        self.baseline = 800 if quick else 2_500
        self.spare_per_s = 1_500 if quick else 4_000
        self.latency_s = 5 if quick else 15
        self.pgbench_s = 4 if quick else 10
        self.bindings = 2_000 if quick else 8_000
        self.binding_baseline = 300 if quick else 1_000
        self.binding_spare_per_s = 200 if quick else 600
        self.requests = 5_000 if quick else 20_000
        self.notices = 2_000 if quick else 6_000
        self.notices_s = 15 if quick else 60
        self.notice_baseline = 300 if quick else 1_000


BILLS = Probe("settlement.requests", ANSWERS, lambda _: True, world.bill)
BINDINGS = Probe(
    "binding.requests",
    applications.ANSWERS,
    lambda t: t == "gongji.answers.binding.v1",
    applications.application,
)


async def settlement(place: Stage, sizes: Sizes, workers: int) -> tuple[dict[str, Any], Drain]:
    """Drains a backlog, then takes latencies at half of that rate; checks the ledger at the end.

    Another backlog goes before, through a process that then ends: a broker that has just started compiles its own code for most of a minute,
    which costs twice what carrying the records does and is no part of a settlement. The database is as cold as a restart leaves it.
    """
    kafka, spare, warm = place.servers.kafka, sizes.latency_s * sizes.spare_per_s, sizes.broker_warm
    urls = await place.fresh(warm + sizes.backlog + spare)
    services = ["services.settlement"] * workers
    async with Ends(kafka, ANSWERS) as ends:
        await load.publish(kafka, list(world.bills(0, warm, datetime.now(UTC))))
        async with place.running(urls, *services) as running:
            await watch_drain(ends, place.cpu(running), 0, warm, timeout=300)
        await load.publish(kafka, list(world.bills(warm, sizes.backlog, datetime.now(UTC))))
        async with place.running(urls, *services) as running:
            drain = await watch_drain(ends, place.cpu(running), warm, sizes.backlog, timeout=300)
            rate = min(drain.per_s / 2, float(sizes.spare_per_s))
            took = await load.latencies(kafka, BILLS, warm + sizes.backlog, rate, sizes.latency_s)
    if broken := await stage.sound(urls["settlement"]):
        raise RuntimeError(f"the ledger is not sound after the run: {broken}")
    return {
        "settlement_per_s": round(drain.per_s),
        "settlement_cpu_us": round(drain.cpu_us),
        "settlement_cpu_us_by_process": {name: round(us, 1) for name, us in drain.cpu.items()},
        "settlement_p50_ms": load.percentile(took, 0.5),
        "settlement_p99_ms": load.percentile(took, 0.99),
        "settlement_latency_at_per_s": round(rate),
        "settlements": warm + sizes.backlog + len(took),
        "settlement_workers": workers,
    }, drain


async def settlement_baseline(place: Stage, sizes: Sizes) -> Drain:
    """The same bills through one transaction a message."""
    urls = await place.fresh(sizes.baseline)
    await load.publish(place.servers.kafka, list(world.bills(0, sizes.baseline, datetime.now(UTC))))
    async with (
        Ends(place.servers.kafka, ANSWERS) as ends,
        place.running(urls, "tests.bench.baseline settlement") as running,
    ):
        return await watch_drain(ends, place.cpu(running), 0, sizes.baseline, timeout=300)


async def binding(place: Stage, sizes: Sizes) -> dict[str, Any]:
    """Applications from request to decision, through both services, and the same through their baseline."""
    kafka, spare = place.servers.kafka, sizes.latency_s * sizes.binding_spare_per_s
    urls = await place.empty()
    couples = WARM + sizes.bindings + spare + sizes.binding_baseline
    line = [f"services.{name}" for name in SERVICES]
    await load.publish(kafka, list(applications.registry(couples)))
    async with Ends(kafka, DECISIONS) as ends:
        async with place.running(urls, *line):
            await facts_read(urls["admin"], SERVICES, couples)
            await load.publish(kafka, applications.applications(0, WARM))
            each = (
                await _settled(ends) // WARM
            )  # decisions of one application: received and so on, up to approved
        await load.publish(kafka, applications.applications(WARM, sizes.bindings))
        before = await ends.count()
        async with place.running(urls, *line) as running:
            drain = await watch_drain(ends, place.cpu(running), before, sizes.bindings * each, timeout=300)
            rate = min(drain.per_s / each / 2, float(sizes.binding_spare_per_s))
            took = await load.latencies(kafka, BINDINGS, WARM + sizes.bindings, rate, sizes.latency_s)
        base = await _binding_baseline(
            place, urls, ends, couples - sizes.binding_baseline, sizes.binding_baseline, each
        )
    return {
        "binding_per_s": round(drain.per_s / each),
        "binding_vs_baseline": round(drain.per_s / base.per_s, 1),
        "binding_p50_ms": load.percentile(took, 0.5),
        "binding_p99_ms": load.percentile(took, 0.99),
        "binding_latency_at_per_s": round(rate),
        "binding_cpu_us": round(drain.cpu_us * each),
        "binding_cpu_us_by_process": {name: round(us * each, 1) for name, us in drain.cpu.items()},
        "binding_baseline_per_s": round(base.per_s / each),
    }


async def _binding_baseline(
    place: Stage, urls: dict[str, str], ends: Ends, first: int, count: int, each: int
) -> Drain:
    for name in SERVICES:
        await load.skip_to_end(place.servers.kafka, group(name), TOPICS[name])
    await load.publish(place.servers.kafka, applications.applications(first, count))
    before = await ends.count()
    async with place.running(urls, *[f"tests.bench.baseline {name}" for name in SERVICES]) as running:
        return await watch_drain(ends, place.cpu(running), before, count * each, timeout=300)


async def _settled(ends: Ends) -> int:
    """The number of records once it has not grown for two seconds."""
    count, since = 0, time.monotonic()
    while time.monotonic() - since < 2 or not count:
        found = await ends.count()
        if found != count:
            count, since = found, time.monotonic()
        await asyncio.sleep(0.1)
    return count
