"""The record at size: what writing it costs a decision, and how long a million entries take to verify. `make test-long PART=scale`."""

from __future__ import annotations

import os
import sys
import time
from hashlib import sha256

import asyncpg
import psutil
import pytest
from rich.console import Console
from rich.progress import Progress

from services.audit import storage
from services.audit.domain import record
from services.audit.domain.model import CaseFile, Step
from services.audit.domain.record import Entry
from services.audit.handlers import entry_of
from services.audit.record import verifying, writing
from shared.messaging.handler import Due
from shared.testing.messages import MONDAY, uid
from tests.integration.audit.replica import Replica
from tests.unit.audit.line import ID, Line, passed, verdict

LONG = os.environ.get("GONGJI_LONG") == "1"
BINDINGS = 250_000 if LONG else 5_000
BATCH, PARTITIONS = 500, 12
LIMIT = 30.0
"""Seconds for a million entries."""


def life() -> tuple[list[Step], list[bytes]]:
    """One binding's four versions and their published bytes."""
    line = Line()
    line.send(passed(proven=()))
    line.send(verdict("supplement", materials=("household-register",)))
    line.send(passed(round=2, proven=()))
    steps = [Step(type, state) for type, state in line.decisions]
    return steps, [step.state.model_dump_json().encode() for step in steps]


async def fill(replica: Replica) -> float:
    """Writes everything by the code of the service; microseconds of CPU that the record took for each entry of a batch."""
    steps, bodies = life()
    templates = [
        record.decision(step, body, "auto", 1).decode() for step, body in zip(steps, bodies, strict=True)
    ]
    hashes = [sha256(body).hexdigest() for body in bodies]
    spent = 0.0
    for first in range(0, BINDINGS, BATCH):
        files, entries = [], list[Entry]()
        for n in range(first, first + BATCH):
            about, chain = uid(n), f"binding.screenings/{n % PARTITIONS}"
            for step, body, template, old in zip(steps, bodies, templates, hashes, strict=True):
                said = body.replace(str(ID).encode(), str(about).encode())
                told = template.replace(str(ID), str(about)).replace(old, sha256(said).hexdigest())
                entries.append(Entry(chain, about, step.state.version, told.encode()))
            files.append((CaseFile(steps[-1].state.model_copy(update={"binding_id": about})), said))
        async with replica.pool.acquire() as conn, conn.transaction():
            await storage.save(conn, files)
            begun = time.process_time()
            await writing.append(conn, entries, MONDAY)
            spent += time.process_time() - begun
    return spent / (BINDINGS * len(steps)) * 1e6


def making() -> float:
    """Microseconds of CPU for the bytes and the hash of one entry."""
    steps, bodies = life()
    item = Due("turn", str(ID), MONDAY)
    begun = time.process_time()
    for _ in range(5_000):
        for step, body in zip(steps, bodies, strict=True):
            entry_of(step, body, item, by_itself=False)
    return (time.process_time() - begun) / 20_000 * 1e6


@pytest.mark.scale
@pytest.mark.timeout(0)
async def test_a_million_entries_are_verified_in_time(database_urls: dict[str, str]) -> None:
    replica = await Replica.open(database_urls["audit"])
    admin = await asyncpg.connect(database_urls["admin"])
    try:
        written = await fill(replica)
        await admin.execute("analyze")
        wall, cpu = time.perf_counter(), time.process_time()
        with Progress(console=Console(file=sys.stderr)) as progress:
            async with replica.pool.acquire() as conn, conn.transaction(readonly=True):
                bar = progress.add_task("verifying", total=await verifying.size(conn))
            async with replica.pool.acquire() as conn:
                backend = psutil.Process(await conn.fetchval("select pg_backend_pid()"))
                before = sum(backend.cpu_times()[:2])
                async with conn.transaction(readonly=True):
                    found = await verifying.verify(conn, None, lambda n: progress.advance(bar, n))
                server = sum(backend.cpu_times()[:2]) - before
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(
            f"\n{found.entries} entries, {found.links} links, {found.bindings} bindings: verified in {wall:.1f} s"
            f" ({cpu:.1f} s of CPU of ours, {server:.1f} s of PostgreSQL's); writing: {written:.1f} us of CPU an entry and {making():.1f} us for its bytes"
        )
        assert found.broken == []
        assert (found.entries, found.bindings) == (BINDINGS * 4, BINDINGS)
        assert cpu + server < LIMIT, "however busy the machine is with other things"
        busy = os.getloadavg()[0] > 2 * (os.cpu_count() or 1)
        assert wall < LIMIT or busy
    finally:
        await admin.close()
        await replica.pool.close()
