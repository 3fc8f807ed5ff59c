"""Waiting for services to have read what the authority says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import asyncpg


async def facts_read(url: str, services: Iterable[str], couples: int) -> None:
    """Waits until each of the services has read the registry records of so many couples. `url` is the administrator's."""
    conn = await asyncpg.connect(url)
    try:
        for name in services:
            deadline = time.monotonic() + 300
            while await _read(conn, name) < couples * 3:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} has not read the registry")
                await asyncio.sleep(0.2)
    finally:
        await conn.close()


async def _read(conn: asyncpg.Connection[asyncpg.Record], name: str) -> int:
    if not await conn.fetchval("select to_regclass($1)", f"{name}.consumed"):
        return 0
    return int(
        await conn.fetchval(
            f"select coalesce(sum(next_offset), 0) from {name}.consumed where topic like 'registry.%'"
        )
    )
