"""What is done to the running stack, and how long until it is back."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from random import Random

import asyncpg
import psutil

from deploy.local import process
from tests.pipeline.running import Line

HOLD = """do $$ begin
    loop
        perform from outbox limit 1 for update;
        exit when found;
        perform pg_sleep(0.0005);
    end loop;
end $$"""
WAITING = """select count(*) from pg_stat_activity
where usename = $1 and wait_event_type = 'Lock' and query ilike 'delete from outbox%'"""


async def kill(line: Line, target: str, random: Random) -> None:
    """`kill -9` of a service, of `kafka`, of one of the services' database sessions, or of a service between its two commits."""
    if target == "postgres-backend":
        os.kill(await _backend(line, random), signal.SIGKILL)
    elif target.endswith("-between-commits"):
        await _between_commits(line, target.removesuffix("-between-commits"))
    else:
        await _kill_and_see(int(line.service(target)["pid"]))


async def _kill_and_see(pid: int) -> None:
    victim = psutil.Process(pid)
    os.kill(pid, signal.SIGKILL)
    while process.alive(victim):
        await asyncio.sleep(0.01)


async def _backend(line: Line, random: Random) -> int:
    """The process of one session of a service."""
    connection = await asyncpg.connect(line.database_url)
    try:
        rows = await connection.fetch(
            "select pid from pg_stat_activity where usename like 'gongji\\_%' order by backend_start"
        )
        return int(random.choice(rows)["pid"])
    finally:
        await connection.close()


async def _between_commits(line: Line, service: str) -> None:
    """Kills a service after the broker has its records and before the commit that deletes them from the outbox.

    A row of the outbox is locked as soon as there is one: the relay publishes it and waits with its `delete`.
    """
    connection = await asyncpg.connect(line.database_url, server_settings={"search_path": service})
    try:
        async with asyncio.timeout(120):
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(HOLD)
            while not await connection.fetchval(WAITING, f"gongji_{service}"):
                await connection.execute("select pg_stat_clear_snapshot()")  # kept until the transaction ends
                await asyncio.sleep(0.01)
        await _kill_and_see(int(line.service(service)["pid"]))
        await transaction.rollback()
    finally:
        await connection.close()


async def restart(line: Line, server: str) -> None:
    """Stops a server in good order (PostgreSQL: fast shutdown); the supervisor starts it again."""
    pid = int(line.service(server)["pid"])
    how = signal.SIGINT if server == "postgres" else signal.SIGTERM
    victim = psutil.Process(pid)
    os.kill(pid, how)
    while process.alive(victim):
        await asyncio.sleep(0.02)


async def read_only(line: Line, on: bool) -> None:
    """Makes the whole database take no writes, or writes again, as after a failover to a standby; sessions are ended."""
    connection = await asyncpg.connect(line.database_url)
    try:
        await connection.execute(f"alter system set default_transaction_read_only = {'on' if on else 'off'}")
        await connection.execute("select pg_reload_conf()")
        await asyncio.sleep(0.2)
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'gongji\\_%'"
        )
    finally:
        await connection.close()


async def seconds_until(holds: Callable[[], Awaitable[bool]], patience: float) -> float:
    """Seconds until something holds. Raises `TimeoutError`."""
    began = time.monotonic()
    async with asyncio.timeout(patience):
        while not await holds():
            await asyncio.sleep(0.05)
    return time.monotonic() - began
