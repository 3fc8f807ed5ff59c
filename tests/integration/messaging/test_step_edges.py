"""The batch step: versions, tombstones, what a handler may not say, migrations."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from shared import db
from shared.contracts.base import Origin
from shared.messaging.handler import Due, Encoded, Tombstone
from shared.messaging.records import PlainRecord
from shared.messaging.registry import is_own
from shared.messaging.service import CORE_SCHEMA
from tests.integration.messaging import toy
from tests.integration.messaging.conftest import World


async def test_a_newer_version_of_ours_pauses_its_partition_only(world: World) -> None:
    def ours(offset: int, version: int, partition: int = 0) -> PlainRecord:
        headers = (
            ("ce_specversion", b"1.0"), ("ce_id", f"{partition}-{offset}".encode()), ("ce_source", b"gongji-other"),
            ("ce_type", f"gongji.toy.results.counted.v{version}".encode()),
        )  # fmt: skip
        return PlainRecord(toy.RESULTS, partition, offset, 0, b"a", None, headers)

    step = world.step()
    await step.run([ours(0, 1), ours(1, 2), ours(2, 1), ours(0, 1, 1)])
    await step.run([ours(1, 2), ours(1, 1, 1)])
    assert step.paused == {(toy.RESULTS, 0): 1}
    rows = await world.conn.fetch("select partition, next_offset from consumed order by partition")
    assert [tuple(r) for r in rows] == [(0, 1), (1, 2)]
    assert world.handler.seen == []  # tombstones are for those who ask


async def test_a_handler_that_asks_sees_tombstones(world: World) -> None:
    seen: list[object] = []

    def decide(_state: Any, item: Any, out: Any) -> None:
        seen.append(item.body)
        out.emit("toy.results.counted", None, key="a")

    world.handler.tombstones = True
    world.replace("decide", decide)
    headers = (
        ("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"gongji-other"),
        ("ce_type", b"gongji.toy.results.counted.v1"),
    )  # fmt: skip
    await world.step().run([PlainRecord(toy.RESULTS, 0, 0, 0, b"a", None, headers)])
    assert seen == [Tombstone()]
    (gone,) = await world.outbox()
    assert (gone.topic, gone.key, gone.value) == (toy.RESULTS, b"a", None)
    assert is_own("gongji-other")


@pytest.mark.parametrize("wrong", ["type", "tombstone", "zone", "size"])
async def test_what_a_handler_may_not_say_is_its_own_fault(world: World, wrong: str) -> None:
    def decide(_state: Any, item: Any, out: Any) -> None:
        if wrong == "type":
            out.emit("toy.results.counted", toy.Asked(person="a", amount=1))
        elif wrong == "tombstone":
            out.emit("toy.results.counted", None)
        elif wrong == "zone":
            out.due("k", "e", item.time.replace(tzinfo=None))
        else:
            out.emit("toy.results.counted", toy.Counted(person="a", total=1, note="x" * 300_000))

    world.replace("decide", decide)
    await world.step().run([world.record(0)])
    assert await world.letters() == [(0, "handler-failed")]


async def test_nobody_is_answered_who_has_no_topic(world: World) -> None:
    def decide(_state: Any, item: Any, out: Any) -> None:
        body = toy.Counted(person='张"', total=1)
        assert out.new_id().version == 7
        for source in ("gongji-other", "gone"):
            out.answer(body, to=Origin(source=source, id="1"), type="answers.counted")
        out.answer(body, to=Origin(source="app-two", id='a"\\'), type="counted")

    world.replace("decide", decide)
    await world.step().run([world.record(0)])
    (answer,) = await world.outbox()
    assert answer.topic == "answers.app-two"
    assert answer.key == '张"'.encode()
    headers = dict(answer.pairs())
    assert headers["ce_subject"] == '张"'.encode()
    assert headers["x-request-id"] == b'a"\\'
    assert await world.conn.fetchval("select answers from inbox") is None


async def test_a_body_that_is_encoded_already_is_taken_as_it_is(world: World) -> None:
    def decide(_state: Any, item: Any, out: Any) -> None:
        out.emit("toy.results.counted", Encoded(b'{"x":1}', "k", "about"))

    world.replace("decide", decide)
    await world.step().run([world.record(0)])
    (record,) = await world.outbox()
    assert (record.key, record.value) == (b"k", b'{"x":1}')
    assert dict(record.pairs())["ce_subject"] == b"about"


async def test_a_batch_that_failed_and_was_handled_elsewhere_meanwhile_is_over(world: World) -> None:
    await world.conn.execute("insert into consumed values ($1, 0, 0)", toy.TOPIC)
    conn = await asyncpg.connect(world.url, server_settings=db.connection_settings("audit"))
    step = world.step()
    singly = step._singly

    async def overtaken(one: Any, entries: Any) -> Any:
        await conn.execute("update consumed set next_offset = 5")
        return await singly(one, entries)

    setattr(step, "_singly", overtaken)  # noqa: B010
    await step.run([world.record(0, do="boom")])
    await conn.close()
    assert await world.outbox() == []
    assert await world.conn.fetchval("select next_offset from consumed") == 5


async def test_an_outbox_row_stays_below_its_limit(world: World) -> None:
    batch = [world.record(n, f"p{n}", note="x" * 200_000) for n in range(30)]

    def decide(_state: Any, item: Any, out: Any) -> None:
        out.emit("toy.results.counted", toy.Counted(person=item.key.decode(), total=1, note="y" * 200_000))

    world.replace("decide", decide)
    await world.step().run(batch)
    rows = await world.conn.fetch("select cardinality(keys) from outbox order by id")
    assert sum(r[0] for r in rows) == 30
    assert max(r[0] for r in rows) == 20
    assert [o.key for o in await world.outbox()] == [r.key for r in batch]


async def test_another_processs_relay_is_notified(world: World) -> None:
    heard: list[str] = []
    await world.conn.add_listener("outbox_audit", lambda *a: heard.append(a[2]))
    await world.step(notify_channel=lambda: "outbox_audit").run([world.record(0)])
    async with asyncio.timeout(60):
        while not heard:
            await asyncio.sleep(0.02)
    assert heard == ["outbox_audit"]


async def test_background_outcomes_are_applied_at_once(world: World) -> None:
    step = world.step()
    await step.apply([Due("outcome", "a", step.clock.now() + timedelta(days=1), {"add": 4})])
    assert await world.totals() == {"a": 4}
    later = step.clock.now() + timedelta(days=1)
    await step.apply(
        [Due("gone", "a", later, {"add": 9}, None, True), Due("outcome", "a", later, {"add": 1})]
    )
    assert await world.totals() == {"a": 5}
    with pytest.raises(toy.Boom):
        await step.apply([Due("boom", "a", step.clock.now(), {"add": 4})])
    assert await world.totals() == {"a": 5}


async def test_migrations_are_applied_once_and_must_not_change(world: World, tmp_path: Any) -> None:
    file = tmp_path / "0001_more.sql"
    file.write_text("create table more (x int)")
    assert await db.migrate(world.conn, "audit", [CORE_SCHEMA, file]) == ["0001_more.sql"]
    assert await db.migrate(world.conn, "audit", [CORE_SCHEMA, file]) == []
    file.write_text("create table more (x bigint)")
    with pytest.raises(RuntimeError, match="has changed since"):
        await db.migrate(world.conn, "audit", [file])


async def test_a_role_that_loses_commits_is_refused(world: World) -> None:
    await db.check_durable(world.conn)
    await world.conn.execute("set synchronous_commit = off")
    with pytest.raises(RuntimeError, match="synchronous_commit is off"):
        await db.check_durable(world.conn)
