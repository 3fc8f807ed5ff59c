"""All topics are read again from the beginning: nothing is sent twice, nothing is booked twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from deploy.demo import outages
from deploy.demo.peers import Peers
from deploy.demo.world import World
from deploy.local import stack
from deploy.local.databases import SERVICES


@dataclass(frozen=True, slots=True)
class Before:
    """What there was before all topics were read again. `read`: records by service and topic; `held`: fen by account; `entries`: lines of the ledger."""

    read: dict[str, dict[str, int]]
    held: dict[str, int]
    entries: int
    notices: int
    sent: int


async def forget(home: Path, peers: Peers) -> Before:
    """With the services stopped: remembers what there is, then sets all back to the beginning. The servers are left to the next stack."""
    servers = await stack.start(home)
    connection = await asyncpg.connect(servers.database_url)
    read = {}
    for service in SERVICES:
        rows = await connection.fetch(
            f'select topic, sum(next_offset)::bigint as n from "{service}".consumed group by topic'
        )
        read[service] = {row["topic"]: row["n"] for row in rows}
    await connection.close()
    held = await outages.balances(servers.database_url)
    entries = await outages.entries_made(servers.database_url)
    notices = await outages.notices_made(servers.database_url)
    await outages.forget_what_was_read(servers.database_url)
    return Before(read, held, entries, notices, _sent(peers))


async def nothing_twice(world: World, database_url: str, peers: Peers, before: Before) -> None:
    """At this hour nobody is texted or called: what is to be sent twice shows as a second notice that waits for the morning."""
    for service, wanted in before.read.items():
        await read(database_url, (service,), wanted)
    made = await outages.notices_made(database_url) - before.notices
    sent = _sent(peers) - before.sent
    entries = await outages.entries_made(database_url) - before.entries
    after = await outages.balances(database_url)
    moved = sum(abs(after.get(account, 0) - fen_before) for account, fen_before in before.held.items())
    world.ledger.check(
        "从头重读：0 条新通知，0 条消息发出，0 笔重记，0 分钱移动 / read again: 0 notices made, 0 messages sent, 0 entries booked, 0 fen moved",
        made == sent == moved == entries == 0 < min(before.notices, before.entries),
        f"{made} made beside {before.notices}, {sent} sent; {entries} entries beside {before.entries}, {moved} fen",
    )
    _answered_the_same(world)


def _answered_the_same(world: World) -> None:
    """Who asked may hear the stored answer again: under its first id, with the same bytes."""
    said: dict[str, set[bytes | None]] = {}
    for topic, records in world.follower.by_topic.items():
        if topic.startswith("answers."):
            for seen in records:
                said.setdefault(seen.id, set()).add(seen.value)
    other = sum(len(values) > 1 for values in said.values())
    world.ledger.check(
        "重复的应答与原应答逐字节相同 / an answer that is heard again is the first, byte for byte",
        other == 0 < len(said),
        f"{len(said)} answers, {other} differ",
    )


async def read(
    database_url: str, services: Sequence[str], wanted: dict[str, int], timeout: float = 180.0
) -> None:
    """Waits until each service has read so many records of each of its topics. Raises `TimeoutError`."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(timeout):
            for service in services:
                query = (
                    f'select topic, sum(next_offset)::bigint as read from "{service}".consumed group by topic'
                )
                while any(row["read"] < wanted.get(row["topic"], 0) for row in await connection.fetch(query)):
                    await asyncio.sleep(0.1)
    finally:
        await connection.close()


def _sent(peers: Peers) -> int:
    return len(peers.texts()) + len(peers.rung())
