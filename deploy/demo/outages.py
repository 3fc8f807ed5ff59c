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
from deploy.reading import figures
from deploy.reading.running import Running

BACK_WITHIN = 120.0
"""Seconds after which the demo gives up, on any machine; how long it took is shown."""
_UNDER_WAY = "select count(*) from notices where next_at is not null and media <> '{message-centre}'"
"""What only a message centre shows waits for whoever looks there."""


async def kill_settlement(world: World, home: Path) -> None:
    """`kill -9` in the middle; the supervisor starts it again; the time until it is ready is shown."""
    before, back = _service(home, "settlement"), False
    began = time.monotonic()
    os.kill(int(before["pid"]), signal.SIGKILL)
    while not back and time.monotonic() - began < BACK_WITHIN:
        await asyncio.sleep(0.1)
        now = _service(home, "settlement")
        port = int(str(now.get("http") or ":0").rpartition(":")[2])
        back = now.get("pid") not in (None, before["pid"]) and (await http.readiness(port))["ok"]
    seconds = time.monotonic() - began
    title = "settlement 被 kill -9，自动恢复 / settlement was killed with -9 and is back"
    world.ledger.check(title, back, f"{seconds:.1f} s")


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


async def notices_made(database_url: str) -> int:
    """Notices that there are, sent or to be sent: what is told twice has two, even if the hour keeps the second one back."""
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval("select count(*) from notify.notices"))
    finally:
        await connection.close()


async def entries_made(database_url: str) -> int:
    """Lines of the ledger."""
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval("select count(*) from settlement.entry"))
    finally:
        await connection.close()


async def quiet(stack: Running, timeout: float = 240.0) -> None:
    """Waits until every service has read and said everything and nobody is still to be told. Raises `TimeoutError` with what is left."""
    left: dict[str, object] = {"not asked yet": True}
    try:
        async with asyncio.timeout(timeout):
            while left:
                await asyncio.sleep(0.2)
                found = await figures.figures(stack)
                left = {name: (one.lag, one.outbox_rows, one.problem) for name, one in found.items() if one.lag != 0 or one.outbox_rows != 0}  # fmt: skip
                if not left:
                    async with stack.reading("notify") as connection:
                        under_way = await connection.fetchval(_UNDER_WAY)
                        left = {"notices under way": under_way} if under_way else {}
    except TimeoutError:
        raise TimeoutError(f"after {timeout:.0f} s there is still {left}") from None


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
