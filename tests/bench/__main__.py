"""`make bench`: settlements, bindings, screenings, decisions and notices a second beside per-message baselines and pgbench, all of one run; writes `build/bench.json`.

`python -m tests.bench [--quick] [--workers N] [--only settlement|binding|eligibility|audit|notify]`. Only ratios of one run count: machines differ a lot in
how fast they flush and switch.
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
from shared.testing.proofs import DATA_KEY, DEMO_OPERATORS, DEMO_SOURCES
from tests.bench import audit, eligibility, lines, notify, pgbench
from tests.bench.lines import Sizes
from tests.bench.stage import Stage

OUT = Path("build/bench.json")
CONSOLE = Console()


async def measure(sizes: Sizes, workers: int, only: str) -> dict[str, Any]:
    """The whole run; the figures of the design by their keys, and what they were made of."""
    servers = await start_for_tests(durable=True)
    try:
        with tempfile.TemporaryDirectory(prefix="gongji-bench-") as log:
            place = Stage(servers, Path(log))
            found: dict[str, Any] = {}
            if only in ("", "settlement"):
                found |= await _settlement(place, sizes, workers)
            if only in ("", "eligibility"):
                CONSOLE.print(f"eligibility alone: a backlog of {sizes.requests}")
                found |= await eligibility.measure(place, sizes.requests)
            if only in ("", "audit"):
                CONSOLE.print(f"audit alone: a backlog of {sizes.requests}")
                found |= await audit.measure(place, sizes.requests)
            if only in ("", "notify"):
                CONSOLE.print(f"notify alone: a backlog of {sizes.notices}, then {notify.PER_S}/s")
                found |= await notify.measure(place, sizes)
            if only in ("", "binding"):
                CONSOLE.print(f"bindings: a backlog of {sizes.bindings}")
                found |= await lines.binding(place, sizes)
            return found
    finally:
        await stop_after_tests(servers)


async def _settlement(place: Stage, sizes: Sizes, workers: int) -> dict[str, Any]:
    CONSOLE.print("pgbench")
    await pgbench.prepare(place.postgres)
    before = await pgbench.tps(place.postgres, sizes.pgbench_s)
    CONSOLE.print(f"settlement: a backlog of {sizes.backlog}")
    found, drain = await lines.settlement(place, sizes, workers)
    CONSOLE.print(
        f"{drain.per_s:.0f} settlements/s, {drain.cpu_us:.0f} us of CPU each; pgbench again, then the baseline"
    )
    tps = (before + await pgbench.tps(place.postgres, sizes.pgbench_s)) / 2
    base = await lines.settlement_baseline(place, sizes)
    return found | {
        "settlement_vs_baseline": round(drain.per_s / base.per_s, 1),
        "settlement_vs_pgbench": round(drain.per_s / tps, 2),
        "settlement_baseline_per_s": round(base.per_s),
        "settlement_baseline_cpu_us": {name: round(us) for name, us in base.cpu.items()},
        "pgbench_tps": round(tps),
        "pgbench_tps_synchronous_commit_off": round(
            await pgbench.tps(place.postgres, sizes.pgbench_s, durable=False)
        ),
        "flush_us": await pgbench.flush_us(place.postgres),
    }


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
    parser.add_argument(
        "--only",
        choices=("settlement", "binding", "eligibility", "audit", "notify"),
        default="",
        help="one of the lines",
    )
    asked = parser.parse_args()
    os.environ.setdefault("GONGJI_SOURCES", str(DEMO_SOURCES))
    os.environ.setdefault("GONGJI_OPERATORS", str(DEMO_OPERATORS))
    os.environ.setdefault("GONGJI_NOTIFY_DATA_KEYS", DATA_KEY)
    load_before = os.getloadavg()[0]
    found = uvloop.run(measure(Sizes(asked.quick), asked.workers, asked.only))
    head = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "load_before": round(load_before, 1),
    }
    figures = head | {"quick": asked.quick} | found
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
