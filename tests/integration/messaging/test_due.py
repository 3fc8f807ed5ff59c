"""Rows that fire at a time, never ahead of unread messages."""

import json
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from shared.messaging.brake import Braked
from shared.messaging.due import restore
from shared.messaging.handler import Due
from tests.integration.messaging import toy
from tests.integration.messaging.conftest import NOW, World

PLACES = {(toy.TOPIC, 0), (toy.TOPIC, 1)}


async def ask_later(world: World, *people: str) -> None:
    """Each person's request sets a due row at the request's time."""
    await world.step().run([world.record(n, p, do="later", amount=10) for n, p in enumerate(people)])
    await world.conn.execute("insert into consumed values ($1, 1, 0) on conflict do nothing", toy.TOPIC)
    world.pass_time(seconds=1)


async def read(world: World, first: int, second: int) -> None:
    """The broker says how long both partitions are."""
    dues = world.dues()
    await dues.note_read({(toy.TOPIC, 0): first, (toy.TOPIC, 1): second}, dues.step.clock.now())


async def test_a_row_fires_when_all_partitions_were_read_past_it(world: World) -> None:
    await ask_later(world, "a")
    dues = world.dues()
    assert await dues.waiting()
    assert await dues.fire(PLACES) == 0
    await read(world, 1, 1)
    assert await dues.fire(PLACES) == 0  # partition 1 has an unread record
    assert await dues.fire(set()) == 0
    await read(world, 1, 0)
    assert await dues.fire(PLACES | {(toy.RESULTS, 0)}) == 0  # a partition that nobody has read yet
    assert await dues.fire(PLACES) == 1
    assert await world.totals() == {"a": 20}
    item = world.handler.seen[-1]
    assert item == Due("later", "a", NOW, {"add": 10}, None, True)
    assert await dues.fire(PLACES) == 0
    assert not await dues.waiting()
    await dues.note_read({}, NOW)


async def test_what_was_read_before_a_row_is_due_does_not_fire_it(world: World) -> None:
    await ask_later(world, "a")
    await read(world, 1, 0)
    dues = world.dues()
    await world.conn.execute("update due set due_at = $1", NOW + timedelta(hours=1))
    assert not await dues.waiting()
    assert await dues.fire(PLACES) == 0
    world.pass_time(hours=2)
    assert await dues.waiting()
    assert await dues.fire(PLACES) == 0
    await read(world, 1, 0)
    assert await dues.fire(PLACES) == 1


async def test_a_row_that_changed_meanwhile_does_not_count(world: World) -> None:
    await ask_later(world, "a", "b")
    await read(world, 2, 0)
    lock = world.handler.lock

    async def slow(conn: Any, items: Any) -> Any:
        keys = await lock(conn, items)
        await world.conn.execute("delete from due where entity = 'a'")
        await world.conn.execute("update due set due_at = due_at + interval '1 day' where entity = 'b'")
        return keys

    world.replace("lock", slow)
    assert await world.dues().fire(PLACES) == 2
    assert await world.totals() == {"a": 10, "b": 10}
    assert await world.conn.fetchval("select count(*) from due") == 1


async def test_a_row_may_be_set_again_and_taken_back(world: World) -> None:
    def decide(_state: Any, item: Any, out: Any) -> None:
        if item.offset == 0:
            out.due("k", "a", NOW, {"n": 1})
            out.due("k", "b", NOW)
        else:
            out.due("k", "a", NOW + timedelta(days=1), {"n": 2})
            out.no_longer_due("k", "b")

    world.replace("decide", decide)
    await world.step().run([world.record(0)])
    await world.step().run([world.record(1)])
    rows = await world.conn.fetch("select kind, entity, due_at, body from due")
    assert [tuple(r) for r in rows] == [("k", "a", NOW + timedelta(days=1), '{"n":2}')]


async def test_only_the_row_that_our_code_fails_on_is_a_dead_letter_and_can_be_restored(world: World) -> None:
    await ask_later(world, "a", "b")
    await world.conn.execute("update due set kind = 'boom' where entity = 'a'")
    await world.conn.execute("delete from outbox")
    await read(world, 2, 0)
    assert await world.dues().fire(PLACES) == 2
    assert await world.totals() == {"a": 10, "b": 20}
    (letter,) = await world.outbox()
    assert dict(letter.pairs())["x-original-topic"] == b"due"
    value = letter.value or b""
    assert json.loads(value)["entity"] == "a"
    assert await world.conn.fetchval("select count(*) from due") == 0
    assert await restore(world.conn, value)
    assert not await restore(world.conn, value)
    assert tuple(await world.conn.fetchrow("select kind, due_at, body from due")) == (
        "boom",
        NOW,
        '{"add":10}',
    )
    with pytest.raises(ValueError, match="no dead letter of a due row"):
        await restore(world.conn, b"{}")


async def test_the_brake_holds_due_rows_too(world: World) -> None:
    people = [f"p{n}" for n in range(6)]
    await ask_later(world, *people)
    await world.conn.execute("update due set kind = 'boom'")
    await read(world, 6, 0)
    dues = world.dues()
    with pytest.raises(Braked):
        await dues.fire(PLACES)
    with pytest.raises(Braked):
        await dues.fire(PLACES)
    assert await world.conn.fetchval("select count(*) from due") == 6


@pytest.mark.parametrize("at", [1, 2])
async def test_infrastructure_errors_pass_through(world: World, at: int) -> None:
    await ask_later(world, "a")
    await read(world, 1, 0)
    calls = [0]

    async def save(*_: Any) -> None:
        calls[0] += 1
        raise asyncpg.DeadlockDetectedError("") if calls[0] == at else toy.Boom

    world.replace("save", save)
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await world.dues().fire(PLACES)
    assert await world.conn.fetchval("select count(*) from due") == 1


async def test_a_request_that_was_put_off_gets_its_later_answer_again_byte_for_byte(world: World) -> None:
    await world.step().run([world.record(0, "a", id="x", do="put-off", amount=10)])
    await world.step().run([world.record(1, "a", id="x", do="put-off", amount=10)])
    assert await world.answers() == []
    world.pass_time(seconds=1)
    await read(world, 2, 0)
    assert await world.dues().fire({(toy.TOPIC, 0)}) == 1
    (first,) = await world.answers()
    await world.step().run([world.record(2, "a", id="x", do="put-off", amount=10)])
    assert await world.answers() == [first, first]
    assert await world.totals() == {"a": 10}
