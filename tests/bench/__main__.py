"""`make bench`: settlements a second beside a per-message baseline and pgbench, all of one run; writes `build/bench.json`.

`python -m tests.bench [--quick]`. Only ratios of one run count: machines differ a lot in how fast they flush and switch.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from deploy.local.testing import start_for_tests, stop_after_tests
from tests.bench import load, pgbench, stage, world
from tests.bench.measure import Drain, Ends, watch_drain
from tests.bench.stage import Stage

OUT = Path("build/bench.json")
CONSOLE = Console()


class Sizes:
    """How much of everything."""

    def __init__(self, quick: bool) -> None:
        self.backlog = 8_000 if quick else 40_000
        self.baseline = 800 if quick else 2_500
        self.latency_s = 5 if quick else 15
        self.pgbench_s = 4 if quick else 10


async def measure(sizes: Sizes, workers: int) -> dict[str, Any]:
    """The whole run; the figures of design by their keys, and what they were made of."""
    servers = await start_for_tests(durable=True)
    try:
        with tempfile.TemporaryDirectory(prefix="gongji-bench-") as log:
            place = Stage(servers, Path(log))
            CONSOLE.print("pgbench")
            await pgbench.prepare(place.postgres)
            before = await pgbench.tps(place.postgres, sizes.pgbench_s)
            found, drain = await settlement(place, sizes, workers)
            CONSOLE.print("pgbench again, then the baseline")
            after = await pgbench.tps(place.postgres, sizes.pgbench_s)
            base = await baseline(place, sizes)
            tps = (before + after) / 2
            return found | {
                "settlement_vs_baseline": round(drain.per_s / base.per_s, 1),
                "settlement_vs_pgbench": round(drain.per_s / tps, 2),
                "baseline_per_s": round(base.per_s),
                "baseline_cpu_us": {name: round(us) for name, us in base.cpu.items()},
                "pgbench_tps": round(tps),
                "pgbench_tps_synchronous_commit_off": round(
                    await pgbench.tps(place.postgres, sizes.pgbench_s, durable=False)
                ),
                "flush_us": await pgbench.flush_us(place.postgres),
            }
    finally:
        await stop_after_tests(servers)


async def settlement(place: Stage, sizes: Sizes, workers: int) -> tuple[dict[str, Any], Drain]:
    """Drains a backlog, then takes latencies at half of that rate; checks the ledger at the end."""
    CONSOLE.print(f"settlement: a backlog of {sizes.backlog}")
    spare = int(sizes.latency_s * (1_500 if sizes.backlog < 10_000 else 4_000))
    url = await place.fresh(sizes.backlog + spare)
    await load.publish(place.servers.kafka, list(world.bills(0, sizes.backlog, datetime.now(UTC))))
    async with (
        Ends(place.servers.kafka) as ends,
        place.service("services.settlement", url, workers) as running,
    ):
        drain = await watch_drain(ends, place.cpu(running), 0, sizes.backlog, timeout=180)
        CONSOLE.print(f"{drain.per_s:.0f} settlements/s, {drain.cpu_us:.0f} us CPU {drain.cpu}; latency")
        rate = min(drain.per_s / 2, spare / sizes.latency_s)
        took = await load.latencies(place.servers.kafka, sizes.backlog, rate, sizes.latency_s)
    broken = await stage.sound(url)
    if broken:
        raise RuntimeError(f"the ledger is not sound after the run: {broken}")
    return {
        "settlement_per_s": round(drain.per_s),
        "settlement_cpu_us": round(drain.cpu_us),
        "settlement_cpu_us_by_process": {name: round(us, 1) for name, us in drain.cpu.items()},
        "settlement_p50_ms": load.percentile(took, 0.5),
        "settlement_p99_ms": load.percentile(took, 0.99),
        "settlement_latency_at_per_s": round(rate),
        "settlements": sizes.backlog + len(took),
        "workers": workers,
    }, drain


async def baseline(place: Stage, sizes: Sizes) -> Drain:
    """The same bills through one transaction a message."""
    url = await place.fresh(sizes.baseline)
    await load.publish(place.servers.kafka, list(world.bills(0, sizes.baseline, datetime.now(UTC))))
    async with Ends(place.servers.kafka) as ends, place.service("tests.bench.baseline", url) as running:
        return await watch_drain(ends, place.cpu(running), 0, sizes.baseline, timeout=180)


def show(figures: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table("figure", "value", title="make bench")
    for name, value in figures.items():
        table.add_row(name, json.dumps(value))
    CONSOLE.print(table)


def main() -> int:
    """Measures, prints and writes; 0 when everything ran."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter of everything")
    parser.add_argument("--workers", type=int, default=1, help="settlement processes")
    asked = parser.parse_args()
    found = uvloop.run(measure(Sizes(asked.quick), asked.workers))
    figures = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "quick": asked.quick,
    } | found
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
