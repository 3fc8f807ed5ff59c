"""What the demo does to its own stack: kills settlement on screen, and lets every service read all topics again."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import asyncpg

from deploy.demo.world import World
from deploy.local import http, state
from deploy.local.databases import SERVICES

BACK_WITHIN = 30.0


async def kill_settlement(world: World, home: Path) -> None:
    """`kill -9` in the middle; the supervisor starts it again; the time until it is ready is shown."""
    before = _service(home, "settlement")
    began = time.monotonic()
    os.kill(int(before["pid"]), signal.SIGKILL)
    while time.monotonic() - began < BACK_WITHIN:
        await asyncio.sleep(0.1)
        now = _service(home, "settlement")
        port = int(str(now.get("http") or ":0").rpartition(":")[2])
        if now.get("pid") not in (None, before["pid"]) and (await http.readiness(port))["ok"]:
            break
    seconds = time.monotonic() - began
    title = "settlement 被 kill -9，自动恢复 / settlement was killed with -9 and is back"
    world.ledger.check(title, seconds < 10, f"{seconds:.1f} s")


def _service(home: Path, name: str) -> dict[str, Any]:
    told = state.read(home) or {}
    return dict(told.get("services", {}).get(name, {}))


async def forget_what_was_read(database_url: str) -> None:
    """Sets every service back to the beginning of all topics, as an operator would after a doubt; services must be stopped."""
    connection = await asyncpg.connect(database_url)
    try:
        for service in SERVICES:
            await connection.execute(f'update "{service}".consumed set next_offset = 0')
    finally:
        await connection.close()


async def balances(database_url: str) -> dict[str, int]:
    """Fen by account and segment, for comparing before and after."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("select psn_no, current, historic from settlement.account")
        return {
            f"{row['psn_no']}:{segment}": row[segment] for row in rows for segment in ("current", "historic")
        }
    finally:
        await connection.close()
