"""The batch step on a real PostgreSQL."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from shared import db
from shared.messaging import tables
from shared.messaging.brake import Braked
from shared.messaging.dead_letters import replayed
from shared.messaging.handler import Event, Invalid
from shared.messaging.records import PlainRecord
from shared.messaging.tables import LostRace
from tests.integration.messaging import toy
from tests.integration.messaging.conftest import NOW, World


async def test_a_batch_is_one_transaction_and_one_outbox_row_per_topic(world: World) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    woken: list[int] = []
    step = world.step(committed=lambda: woken.append(1))
    await step.run(
        [
            world.record(0, "a", more=(("traceparent", trace.encode()),)),
            world.record(1, "b"),
            world.record(2, "a"),
        ]
    )
    assert await world.totals() == {"a": 2, "b": 1}
    rows = await world.conn.fetch("select topic, cardinality(keys) as n from outbox order by id")
    assert [tuple(r) for r in rows] == [("answers.app-one", 3), (toy.RESULTS, 3)]
    first = (await world.outbox())[3]
    headers = dict(first.pairs())
    assert first.key == b"a"
    assert headers["ce_type"] == b"gongji.toy.results.counted.v1"
    assert headers["ce_source"] == b"gongji-audit"
    assert headers["traceparent"] == trace.encode()
    assert headers["content-type"] == b"application/json"
    assert json.loads(first.value or b"") == {"person": "a", "total": 1, "note": ""}
    answer = dict((await world.answers())[1].pairs())
    assert (answer["x-request-source"], answer["x-request-id"]) == (b"app-one", b"id-0-1")
    assert "traceparent" not in answer
    assert woken == [1]
    assert await world.conn.fetchval("select next_offset from consumed") == 3
    assert await world.conn.fetchval("select count(*) from inbox where not dead") == 3


async def test_redelivery_changes_nothing_and_an_empty_batch_is_fine(world: World) -> None:
    batch = [world.record(0), world.record(1)]
    step = world.step()
    await step.run([])
    await step.run(batch)
    before = await world.outbox()
    await step.run(batch)
    await world.step().run([*batch, world.record(2)])
    assert await world.totals() == {"a": 3}
    assert len(await world.outbox()) == len(before) + 2
    assert step.metrics.redelivered._value.get() == 2


async def test_a_repeated_id_gets_its_first_answer_byte_for_byte(world: World) -> None:
    await world.step().run([world.record(0, id="x"), world.record(1, id="x"), world.record(2, id="y")])
    await world.step().run([world.record(3, id="x"), world.record(0, id="x", partition=1)])
    assert await world.totals() == {"a": 2}
    answers = await world.answers()
    first = answers[0]
    assert [a for a in answers if dict(a.pairs())["x-request-id"] == b"x"] == [first] * 4
    assert len(answers) == 5


async def test_the_same_id_of_another_source_is_another_message(world: World) -> None:
    await world.step().run([world.record(0, id="x"), world.record(1, id="x", source="app-two")])
    assert await world.totals() == {"a": 2}


async def test_an_id_with_another_body_is_a_dead_letter(world: World) -> None:
    await world.step().run([world.record(0, id="x"), world.record(1, id="x", amount=9)])
    await world.step().run([world.record(2, id="x", amount=9), world.record(3, "b")])
    assert await world.totals() == {"a": 1, "b": 1}
    assert await world.letters() == [(1, "id-reused"), (2, "id-reused")]


async def test_level_one_faults_leave_their_neighbours_alone(world: World) -> None:
    bad = world.record(1, value=b'{"person":"a","amount":1,"amount":2}')
    huge = world.record(2, value=b" " * 300_000)
    await world.step().run([world.record(0), bad, huge, world.record(3)])
    assert await world.totals() == {"a": 2}
    assert await world.letters() == [(1, "duplicate-keys"), (2, "too-large")]
    letter = next(o for o in await world.outbox() if o.topic == "audit.dead-letters")
    assert (letter.key, letter.value) == (bad.key, bad.value)
    assert await world.conn.fetchval("select count(*) from inbox") == 2


async def test_invalid_fields_are_answered(world: World) -> None:
    await world.step().run([world.record(0, amount=-1, do=7)])
    assert isinstance(world.handler.seen[0], Event)
    assert isinstance(world.handler.seen[0].body, Invalid)
    answer = json.loads((await world.answers())[0].value or b"")
    assert (answer["total"], answer["note"]) == (-1, "amount,do")


async def test_a_record_that_our_code_fails_on_is_the_only_dead_letter(world: World) -> None:
    step = world.step()
    await step.run([world.record(0), world.record(1, do="boom"), world.record(2, do="nul"), world.record(3)])
    assert await world.totals() == {"a": 2}
    assert await world.letters() == [(1, "handler-failed"), (2, "handler-failed")]
    classes = [
        dict(o.pairs()).get("x-error-class") for o in await world.outbox() if o.topic == "audit.dead-letters"
    ]
    assert classes == [b"Boom", b"CharacterNotInRepertoireError"]
    assert await world.conn.fetchval("select next_offset from consumed") == 4
    assert await world.conn.fetchval("select count(*) from inbox where dead") == 2


async def test_a_dead_one_may_be_replayed_and_counts_once_at_its_first_time(world: World) -> None:
    decide = world.handler.decide
    world.replace("decide", _failing)
    first = world.record(0, amount=5, more=(("ce_time", b"2026-11-23T09:59:00+08:00"),))
    await world.step().run([first])
    letter = (await world.outbox())[0]
    world.replace("decide", decide)
    world.pass_time(days=10)
    again = replayed(PlainRecord(letter.topic, 0, 0, 0, letter.key, letter.value, letter.pairs()))
    appended = int(world.real[0] * 1000)
    replay = [
        PlainRecord(again.topic, 0, n, appended, again.key, again.value, again.pairs()) for n in (1, 2, 3)
    ]
    await world.step().run(replay[:2])
    await world.step().run(replay[2:])
    assert await world.totals() == {"a": 5}
    assert len(await world.answers()) == 3
    event = world.handler.seen[-1]
    assert isinstance(event, Event)
    assert event.time_believed
    assert event.time.isoformat() == "2026-11-23T01:59:00+00:00"


def _failing(*_: Any) -> None:
    raise toy.Boom


async def test_a_replay_of_a_level_one_fault_is_believed_only_with_its_own_bytes(world: World) -> None:
    step = world.step()
    entitled = step.registry.entitled
    object.__setattr__(step.registry, "entitled", lambda *_: False)
    await step.run([world.record(0, more=(("ce_time", b"2026-11-23T09:59:00+08:00"),))])
    object.__setattr__(step.registry, "entitled", entitled)
    assert await world.letters() == [(0, "not-entitled")]
    letter = (await world.outbox())[0]
    world.pass_time(days=10)
    again = replayed(PlainRecord(letter.topic, 0, 0, 0, letter.key, letter.value, letter.pairs()))
    forged = [(n, b"forged" if n == "ce_id" else v) for n, v in again.pairs()]
    appended = int(world.real[0] * 1000)
    await step.run(
        [
            PlainRecord(again.topic, 0, 1, appended, again.key, b'{"person":"a","amount":7}', forged),
            PlainRecord(again.topic, 0, 2, appended, again.key, again.value, again.pairs()),
            world.record(3, more=(("x-original-topic", b"toy.requests"),)),
        ]
    )
    times = [
        (e.offset, e.time_believed, (e.appended_at - NOW).days)
        for e in world.handler.seen
        if isinstance(e, Event)
    ]
    assert times == [(1, False, 10), (2, True, 0), (3, True, 10)]


async def test_a_failed_replay_keeps_its_first_time(world: World) -> None:
    await world.step().run([world.record(0, do="boom")])
    letter = (await world.outbox())[0]
    world.pass_time(days=5)
    again = replayed(PlainRecord(letter.topic, 0, 0, 0, letter.key, letter.value, letter.pairs()))
    await world.step().run(
        [PlainRecord(again.topic, 0, 1, int(world.real[0] * 1000), again.key, again.value, again.pairs())]
    )
    times = [
        row[0] for row in await world.conn.fetch('select appended_at from dead_letters order by "offset"')
    ]
    assert times[0] == times[1]
    assert await world.conn.fetchval("select count(*) from inbox where dead") == 1


async def test_infrastructure_errors_pass_through_with_nothing_done(world: World) -> None:
    async def gone(*_: Any) -> None:
        raise asyncpg.DeadlockDetectedError("")

    world.replace("save", gone)
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await world.step().run([world.record(0)])
    assert await world.outbox() == []
    assert await world.conn.fetchval("select count(*) from consumed") == 0


async def test_infrastructure_errors_pass_through_record_by_record_too(world: World) -> None:
    calls = [0]
    save = world.handler.save

    async def later(conn: db.Conn, state: toy.Counts) -> None:
        calls[0] += 1
        if calls[0] == 1:
            raise toy.Boom
        if calls[0] == 3:
            raise asyncpg.SerializationError("")
        await save(conn, state)

    world.replace("save", later)
    with pytest.raises(asyncpg.SerializationError):
        await world.step().run([world.record(0), world.record(1)])
    assert await world.totals() == {}


async def test_a_zombie_is_fenced(world: World) -> None:
    """Two processes hold the same batch; the second waits on the partition's row and then finds nothing to do."""
    await world.conn.execute("insert into consumed values ($1, 0, 0)", toy.TOPIC)
    batch = [world.record(0), world.record(1)]
    await asyncio.gather(world.step().run(batch), world.step().run(batch))
    assert await world.totals() == {"a": 2}
    assert len(await world.answers()) == 2


async def test_a_lost_race_for_an_id_is_tried_again_and_then_a_repeat(world: World) -> None:
    """The same id on two partitions at once, in two processes."""
    one = [world.record(0, "a", id="x")]
    two = [world.record(0, "a", id="x", partition=1)]
    found = await asyncio.gather(world.step().run(one), world.step().run(two), return_exceptions=True)
    assert sorted(type(f).__name__ for f in found) in (["LostRace", "NoneType"], ["NoneType", "NoneType"])
    for records in (one, two):
        await world.step().run(records)
    assert await world.totals() == {"a": 1}
    answers = await world.answers()
    assert set(answers) == {answers[0]}


async def test_claims_raise_when_they_were_taken(world: World) -> None:
    row = ("s", "i", b"h", "t", 0, 0, world.step().clock.now(), True, None)
    async with world.pool.acquire() as conn:
        await tables.insert_claims(conn, [row])
        with pytest.raises(LostRace):
            await tables.insert_claims(conn, [row])
        await tables.revive_claims(conn, [row])
        with pytest.raises(LostRace):
            await tables.revive_claims(conn, [row])
        assert await tables.known_claims(conn, []) == {}


async def test_the_brake_rolls_back_and_stays(world: World) -> None:
    batch = [world.record(0), *[world.record(n, do="boom") for n in range(1, 8)]]
    step = world.step()
    with pytest.raises(Braked):
        await step.run(batch)
    assert await world.totals() == {}
    assert await world.outbox() == []
    assert step.controls.braked
    with pytest.raises(Braked):
        await step.run([world.record(0)])
    restarted = world.step()
    await restarted.controls.refresh(world.pool)
    assert restarted.controls.braked == "too many records failed in our own code"
    await world.conn.execute("delete from brake")
    await restarted.controls.refresh(world.pool)
    await restarted.run([world.record(0)])
    assert await world.totals() == {"a": 1}


async def test_senders_faults_set_their_source_aside_and_nobody_else(world: World) -> None:
    step = world.step(source_fault_limit=3)
    await step.run([world.record(n, value=b"{") for n in range(3)])
    assert step.controls.set_aside == {"app-one"}
    await step.run([world.record(3), world.record(4, source="app-two")])
    assert await world.totals() == {"a": 1}
    assert (await world.letters())[-1] == (3, "source-set-aside")
    restarted = world.step()
    await restarted.controls.refresh(world.pool)
    assert restarted.controls.set_aside == {"app-one"}


async def test_a_source_with_more_good_than_bad_is_not_set_aside(world: World) -> None:
    step = world.step(source_fault_limit=3)
    await step.run([world.record(n, value=b"{" if n % 3 == 0 else None) for n in range(12)])
    assert step.controls.set_aside == frozenset()


async def test_the_handler_works_ahead_on_each_message_before_anything_is_locked(world: World) -> None:
    order: list[str] = []
    lock = world.handler.lock

    def prepare(body: toy.Asked) -> None:
        order.append(body.person)
        if body.do == "boom":
            raise toy.Boom(body.person)

    async def locking(conn: db.Conn, items: Any) -> list[str]:
        order.append("locked")
        return await lock(conn, items)

    world.replace("prepare", prepare)
    world.replace("lock", locking)
    invalid = world.record(1, "b", amount=-1)
    await world.step().run([world.record(0, "a"), invalid, world.record(2, "c")])
    assert order == ["a", "c", "locked"]
    await world.step().run([world.record(3, "a", do="boom"), world.record(4, "a")])
    assert await world.letters() == [(3, "handler-failed")]
    assert await world.totals() == {"a": 2, "c": 1}
