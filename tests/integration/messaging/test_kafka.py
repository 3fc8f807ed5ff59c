"""A whole service on real Kafka: each trap of the libraries, held."""

import asyncio
from typing import Any

import asyncpg

from shared.testing import odd_names
from tests.integration.messaging import toy
from tests.integration.messaging.conftest import World
from tests.integration.messaging.live import Live, free_port, http, until, world_total


async def test_poison_leaves_its_batch_alone(live: Live, world: World) -> None:
    """NULL and binary headers, broken JSON with a content type, and a header name that is no UTF-8 (which aiokafka cannot read)."""
    await live.publish(("a", {}), ("b", {}))
    await live.publish(
        ("a", {}), headers=[*live.headers("odd"), ("x", b"\xff\xfe"), ("reply_to", b"results")]
    )
    await live.publish(("a", {}), headers=live.headers("bad", ce_time=b"\xff\xfe"))
    async with live.producer() as producer:
        await producer.send_and_wait(live.topic, key=b"a", value=b"{broken", headers=live.headers("json"))
        await producer.send_and_wait(live.topic, key=b"a", value=None, headers=live.headers("null"))
        await odd_names.publish(producer, live.topic)
    await live.publish(("c", {}), ("a", {}))
    async with live.service() as replica:
        await replica.started()
        await until(lambda: replica.value("gongji_handled_total", type="toy.requests.asked") == 5)
        reasons = sorted(dict(r.headers)["x-reason"] for r in await live.letters(4))
    assert reasons == [b"broken-json", b"header-binary", b"header-missing", b"null-value"]
    assert await world.totals() == {"a": 3, "b": 1, "c": 1}
    results = await live.read(live.results, 5)
    by_key = {record.key: record.partition for record in results}
    assert all(by_key[record.key] == record.partition for record in results)
    assert all(dict(record.headers)["ce_id"] for record in results)


async def test_a_restart_goes_on_from_its_own_offsets_whatever_kafka_says(live: Live, world: World) -> None:
    await live.publish(*[(f"p{n}", {}) for n in range(20)])
    async with live.service() as replica:
        await until(
            lambda: replica.running and replica.value("gongji_handled_total", type="toy.requests.asked") == 20
        )
        assert await replica.end() == 0
    async with live.service() as replica:
        await replica.started()
        await live.publish(("late", {}))
        await until(world_total(world, "late", 1))
        assert replica.value("gongji_redelivered_total") == 0
    await world.conn.execute("truncate consumed, inbox, counts")  # a backup from before was restored
    async with live.service() as replica:
        await replica.started()
        await until(lambda: replica.value("gongji_handled_total", type="toy.requests.asked") == 21)
    assert sum((await world.totals()).values()) == 21


async def test_infrastructure_trouble_waits_with_backoff_and_loses_nothing(live: Live, world: World) -> None:
    handler, calls, healed = toy.ToyHandler(), [0], asyncio.Event()
    save = handler.save

    async def trouble(conn: Any, state: toy.Counts) -> None:
        calls[0] += 1
        if not healed.is_set():
            raise asyncpg.CannotConnectNowError("starting up")
        await save(conn, state)

    handler.save = trouble  # type: ignore[method-assign]
    port, began = free_port(), asyncio.get_running_loop().time()
    await live.publish(("a", {}), ("b", {}), ("c", {}))
    async with live.service(handler, http_port=port) as replica:
        await replica.started()
        await until(lambda: calls[0] >= 4)
        assert (await http(port, "/ready"))[0] == 503
        assert (await http(port, "/live"))[0] == 200
        failed, waited = calls[0], asyncio.get_running_loop().time() - began
        healed.set()
        await until(world_total(world, "c", 1))
        await until(lambda: replica.value("gongji_handled_total", type="toy.requests.asked") == 3)
        assert (await http(port, "/ready")) == (200, {"ok": True, "wrong": {}})
        assert replica.value("gongji_batch_failures_total", cause="infrastructure") == failed
    assert calls[0] <= failed + 3
    assert 0.05 * (2 ** (failed - 2) - 1) <= waited, "each wait is twice the one before"


async def test_a_rebalance_drains_the_batch_in_flight(live: Live, world: World) -> None:
    first, second = toy.ToyHandler(), toy.ToyHandler()
    save = first.save

    async def slow(conn: Any, state: toy.Counts) -> None:
        await asyncio.sleep(0.4)
        await save(conn, state)

    first.save = slow  # type: ignore[method-assign]
    async with live.service(first, instance="one", heartbeat_ms=500, max_records=5) as one:
        await one.started()
        await live.publish(*[(f"p{n}", {}) for n in range(40)])
        await until(lambda: len(first.seen) > 0)
        async with live.service(second, instance="two", heartbeat_ms=500) as two:
            await two.started()
            await until(lambda: two.value("gongji_rebalances_total") >= 1)
            await live.publish(*[(f"p{n}", {}) for n in range(40)])
            await until(lambda: len(first.seen) + len(second.seen) >= 80)
            assert len(second.seen) > 0
            assert one.value("gongji_redelivered_total") + two.value("gongji_redelivered_total") == 0
            assert one.value("gongji_commit_failures_total") == 0
    assert sum((await world.totals()).values()) == 80
    assert len(first.seen) + len(second.seen) == 80
