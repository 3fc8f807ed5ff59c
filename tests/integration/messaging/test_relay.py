"""The relay on a real PostgreSQL, with a sender of the test's."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.messaging.records import Outgoing
from shared.messaging.relay import Refusal, Relay
from shared.messaging.tables import insert_outbox
from tests.integration.messaging.conftest import World

NUMBERS = itertools.count()


async def fill(world: World, count: int) -> list[Outgoing]:
    """Writes `count` rows of one record each, no two alike."""
    records = [Outgoing("t", str(next(NUMBERS)).encode(), b"[]", b"v") for _ in range(count)]
    for record in records:
        await insert_outbox(world.conn, [record])
    return records


async def test_rows_go_out_in_order_and_are_deleted(world: World) -> None:
    records = await fill(world, 40)
    relay = world.relay()
    assert await relay.lead()
    assert await relay.drain(world.send) == 40
    assert world.sent == records
    assert await world.outbox() == []
    assert await relay.drain(world.send) == 0
    assert await insert_outbox(world.conn, []) == 0
    await relay.close()
    assert await relay.round(world.send) == 0


async def test_a_crash_between_publishing_and_deleting_publishes_the_same_again(world: World) -> None:
    records = await fill(world, 2)

    async def crash(batch: Sequence[Outgoing]) -> list[Refusal]:
        world.sent += batch
        raise KeyboardInterrupt

    relay = world.relay()
    await relay.lead()
    with pytest.raises(KeyboardInterrupt):
        await relay.drain(crash)
    await relay.drain(world.send)
    assert world.sent == [*records, *records]
    await relay.close()


async def test_a_record_refused_for_good_is_set_aside_and_not_its_row(world: World) -> None:
    records = [Outgoing("t", None, b'[["a",null]]', bytes([n])) for n in range(3)]
    await insert_outbox(world.conn, records)

    async def send(batch: Sequence[Outgoing]) -> list[Refusal]:
        world.sent += [batch[0], batch[2]]
        return [Refusal(1, "MessageSizeTooLargeError")]

    relay = world.relay()
    await relay.lead()
    assert await relay.drain(send) == 3
    row = await world.conn.fetchrow("select topic, key, headers, body, error from refused")
    assert tuple(row) == ("t", None, b'[["a",null]]', b"\x01", "MessageSizeTooLargeError")
    assert relay.metrics.refused._value.get() == 1
    assert relay.metrics.published._value.get() == 2
    await relay.close()


async def test_one_leader_and_the_other_takes_over(world: World) -> None:
    one, two = world.relay(), world.relay()
    assert await one.lead()
    assert await one.lead()
    assert not await two.lead()
    assert await two.drain(world.send) == 0
    assert (one.is_leader, two.is_leader) == (True, False)
    await one.close()
    assert await two.lead()
    await two.close()


async def until(condition: Any, seconds: float = 60) -> None:
    """Waits until `condition()` holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(relay: Relay, send: Any) -> AsyncIterator[None]:
    """Runs the relay during the block."""
    task = asyncio.create_task(relay.run(send))
    try:
        await until(lambda: relay.is_leader)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await relay.close()


async def test_it_is_woken_in_process_by_notification_and_by_the_clock(world: World) -> None:
    relay = world.relay(poll=3600)
    async with running(relay, world.send):
        await asyncio.sleep(0.1)
        (record,) = await fill(world, 1)
        relay.wake()
        await until(lambda: record in world.sent)
        await asyncio.sleep(0.1)
        (record,) = await fill(world, 1)
        await world.conn.execute("select pg_notify('outbox_audit', '')")
        await until(lambda: record in world.sent)
    async with running(world.relay(poll=0.05), world.send):  # it may send again what the first was stopped at
        (record,) = await fill(world, 1)
        await until(lambda: record in world.sent)


async def test_it_waits_out_the_brokers_and_the_databases_trouble(world: World) -> None:
    await fill(world, 1)
    failures = [ConnectionError(), TimeoutError()]

    async def send(batch: Sequence[Outgoing]) -> list[Refusal]:
        if failures:
            raise failures.pop()
        return await world.send(batch)

    async with running(world.relay(poll=0.05), send):
        await until(lambda: len(world.sent) >= 1)
        await world.conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
            " and datname = current_database() and query like '%outbox%'"
        )
        (record,) = await fill(world, 1)
        await until(lambda: record in world.sent)


async def test_a_lost_connection_is_replaced(world: World) -> None:
    relay = world.relay()
    await relay.lead()
    assert relay._conn is not None
    relay._conn.terminate()
    await until(relay._conn.is_closed)
    assert await relay.lead()
    await relay.close()


async def test_a_connection_that_does_not_close_is_cut() -> None:
    class Conn:
        cut = False

        def is_closed(self) -> bool:
            return False

        async def close(self, timeout: float) -> None:
            raise TimeoutError

        def terminate(self) -> None:
            self.cut = True

    conn: Any = Conn()

    async def connect() -> Any:
        return conn

    relay = Relay("audit", connect)
    relay._conn = conn
    await relay.close()
    assert conn.cut


async def test_it_stops_when_the_outbox_is_empty(world: World) -> None:
    records = await fill(world, 3)
    relay = world.relay(poll=60)
    async with running(relay, world.send):
        await until(lambda: len(world.sent) == 3)
        records += await fill(world, 3)
        relay.stop()
        await until(lambda: len(world.sent) == 6)
    assert world.sent == records


async def test_a_broken_producer_ends_it(world: World) -> None:
    await fill(world, 1)

    async def send(_: Sequence[Outgoing]) -> list[Refusal]:
        raise RuntimeError("fenced")

    relay = world.relay()
    try:
        with pytest.raises(RuntimeError, match="fenced"):
            async with asyncio.timeout(60):
                await relay.run(send)
    finally:
        await relay.close()
    await relay.measure()
