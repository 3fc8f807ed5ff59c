"""The yardsticks of PostgreSQL itself, on the same server in the same minutes: pgbench TPC-B and the disk's flush time."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from deploy.local.postgres import Postgres

SCALE = 20


async def prepare(server: Postgres) -> None:
    """Makes the tables of pgbench in a database of their own."""
    conn = await asyncpg.connect(server.url("postgres"))
    try:
        if not await conn.fetchval("select true from pg_database where datname = 'pgbench'"):
            await conn.execute("create database pgbench")
    finally:
        await conn.close()
    await _run(server, "pgbench", "-i", "-q", "-s", str(SCALE), "pgbench")


async def tps(server: Postgres, seconds: int, *, durable: bool = True) -> float:
    """Transactions a second: `-M prepared -c 8 -j 2`."""
    options = f"-c synchronous_commit={'on' if durable else 'off'}"
    text = await _run(
        server,
        "pgbench",
        "-M",
        "prepared",
        "-c",
        "8",
        "-j",
        "2",
        "-T",
        str(seconds),
        "pgbench",
        options=options,
    )
    found = re.search(r"tps = ([0-9.]+)", text)
    if found is None:
        raise RuntimeError("pgbench told no figure")
    return float(found[1])


async def flush_us(server: Postgres) -> float | None:
    """Microseconds of one `fdatasync` of 8 KiB; `None` where pg_test_fsync is not among the binaries."""
    if not server.place.binary("pg_test_fsync").exists():
        return None
    file = server.data / "fsync-probe"
    text = await _run(server, "pg_test_fsync", "-s", "1", "-f", str(file))
    found = re.search(r"fdatasync\s+[0-9.]+ ops/sec\s+([0-9.]+) usecs/op", text)
    return float(found[1]) if found else None


async def _run(server: Postgres, program: str, *arguments: str, options: str = "") -> str:
    parts = urlsplit(server.url())
    env = server.place.environment() | {
        "PGHOST": str(parts.hostname), "PGPORT": str(parts.port), "PGUSER": str(parts.username), "PGPASSWORD": server.password,
        "PGOPTIONS": options, "HOME": os.environ.get("HOME", "/"),
    }  # fmt: skip
    argv = [str(server.place.binary(program)), *arguments]
    options_of: dict[str, Any] = {"env": env, "cwd": server.place.folder, **server.place.options()}
    ran = await asyncio.to_thread(
        lambda: subprocess.run(argv, capture_output=True, text=True, check=False, **options_of)
    )
    if ran.returncode:
        raise RuntimeError(f"{program} ended with {ran.returncode}: {ran.stderr[-300:]}")
    return str(ran.stdout + ran.stderr)
