"""Start, stop and fatal states of a service on real servers."""

import asyncio
from typing import Any

import asyncpg
import pytest

from deploy.local.testing import TestStack
from shared.messaging import service
from shared.messaging.handler import Due, Event
from shared.messaging.service import Running
from tests.integration.messaging import toy
from tests.integration.messaging.conftest import World
from tests.integration.messaging.live import Live, free_port, http, until, world_total


async def test_a_topic_that_is_shorter_than_what_was_read_is_refused(live: Live, world: World) -> None:
    await world.conn.execute("insert into consumed values ($1, 2, 1000)", live.topic)
    async with live.service() as replica:
        async with asyncio.timeout(60):
            assert await asyncio.shield(replica.task) == 78


async def test_a_newer_version_of_ours_pauses_its_partition(live: Live, world: World) -> None:
    port = free_port()
    newer = live.headers("n", ce_source=b"gongji-other", ce_type=b"gongji.toy.requests.asked.v2")
    registry_owner = "gongji-other"
    assert registry_owner in toy.SOURCES
    handler = toy.ToyHandler()
    async with live.service(handler, http_port=port) as replica:
        running = await replica.started()
        await live.publish(("a", {}), headers=newer)
        await live.letters(1)  # not entitled to outsiders' topics: a dead letter, no pause
        assert running.metrics.registry.get_sample_value("gongji_partitions_paused") == 0


async def test_a_dead_consumer_behind_a_healthy_ping_ends_the_process(live: Live, world: World) -> None:
    from shared.messaging import consumer as module

    made: list[Any] = []
    original = module.Consumer.start

    async def start(self: Any) -> None:
        made.append(self)
        await original(self)

    module.Consumer.start = start  # type: ignore[method-assign]
    try:
        port = free_port()
        async with live.service(http_port=port) as replica:
            await replica.started()
            await until(lambda: not made[0].health.red)
            made[0].kafka._coordinator._coordination_task.cancel()
            await until(lambda: "task has ended" in (made[0]._complaint() or ""))
            async with asyncio.timeout(60):
                assert await asyncio.shield(replica.task) == 75
        async with live.service() as replica:
            await replica.started()
            made[1]._subscriber.tasks[0].cancel()
            await until(lambda: made[1]._complaint() == "the consume task has ended")
            async with asyncio.timeout(60):
                assert await asyncio.shield(replica.task) == 75
    finally:
        module.Consumer.start = original  # type: ignore[method-assign]


@pytest.mark.parametrize("fails", [True, False])
async def test_background_work_that_ends_by_itself_ends_the_process(
    live: Live, world: World, fails: bool
) -> None:
    async def work(_: Running) -> None:
        if fails:
            raise KeyError

    registry = toy.make_registry(live.topic, live.results)
    handler: Any = toy.ToyHandler((live.topic,))
    async with asyncio.timeout(60):
        assert await service.run(handler, live.settings(migrate=False), [work], registry=registry) == 75


async def test_what_the_relay_has_not_published_goes_out_at_the_stop(live: Live, world: World) -> None:
    handler = toy.ToyHandler()
    async with live.service(handler) as replica:
        running = await replica.started()
        await live.publish(("a", {}))
        await until(world_total(world, "a", 1))
        running.stopping.set()
    assert await world.outbox() == []


def test_main_exits_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(*_: Any) -> int:
        return 75

    monkeypatch.setattr(service, "run", run)
    nothing: Any = None
    with pytest.raises(SystemExit) as ended:
        service.main(nothing, nothing)
    assert ended.value.code == 75


async def test_a_pool_that_does_not_close_in_time_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pool:
        cut = False

        async def close(self) -> None:
            raise TimeoutError

        def terminate(self) -> None:
            self.cut = True

    pool: Any = Pool()
    await service._close_pool(pool)
    assert pool.cut


async def test_what_cannot_be_reached_is_said_and_tried_again_by_the_supervisor(live: Live) -> None:
    away = f"127.0.0.1:{free_port()}"
    told: tuple[dict[str, Any], ...] = (
        {"bootstrap_servers": away},
        {"database_url": f"postgresql://x:y@{away}/z"},
    )
    for options in told:
        async with live.service(start_timeout=1, **options) as replica:
            async with asyncio.timeout(60):
                assert await asyncio.shield(replica.task) == 75


async def test_a_role_that_would_lose_commits_is_refused(live: Live, world: World, stack: TestStack) -> None:
    admin = await asyncpg.connect(stack.database_url)
    try:
        await admin.execute("alter role gongji_audit set synchronous_commit = off")
        async with live.service() as replica:
            async with asyncio.timeout(60):
                assert await asyncio.shield(replica.task) == 78
    finally:
        await admin.execute("alter role gongji_audit reset synchronous_commit")
        await admin.close()


async def test_a_read_only_database_turns_readiness_red_and_heals(
    live: Live, world: World, stack: TestStack
) -> None:
    port = free_port()
    admin = await asyncpg.connect(stack.database_url)
    try:
        async with live.service(http_port=port) as replica:
            await replica.started()
            await admin.execute("alter role gongji_audit set default_transaction_read_only = on")
            await _drop_connections(admin)

            async def red() -> bool:
                return "read-only" in str(await http(port, "/ready"))

            await until(red)
            await live.publish(("a", {}))
            await asyncio.sleep(0.5)
            assert await world.totals() == {}
            await admin.execute("alter role gongji_audit reset default_transaction_read_only")
            await _drop_connections(admin)
            await until(world_total(world, "a", 1))
    finally:
        await admin.execute("alter role gongji_audit reset default_transaction_read_only")
        await admin.close()


async def _drop_connections(admin: Any) -> None:
    await admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gongji-audit' and usename = 'gongji_audit' and query not like 'truncate%' and query not like '%counts where total%'"
    )


async def test_the_brake_holds_until_it_is_released_even_over_a_restart(live: Live, world: World) -> None:
    port = free_port()
    await live.publish(*[("a", {"do": "boom"}) for _ in range(25)])
    async with live.service(http_port=port) as replica:
        await replica.started()
        await until(lambda: replica.value("gongji_brake") == 1)
        assert "brake" in (await http(port, "/ready"))[1]["wrong"]
    port = free_port()
    async with live.service(toy.ToyHandler(), http_port=port) as replica:

        async def red() -> bool:
            return "brake" in (await http(port, "/ready"))[1].get("wrong", {})

        await until(red)
        assert replica.running is None
        await world.conn.execute("delete from brake")
        replica.handler.decide = _nothing  # type: ignore[assignment, method-assign]
        await replica.started()
        await until(lambda: replica.value("gongji_handled_total", type="toy.requests.asked") == 25)


def _nothing(*_: Any) -> None:
    """Decides nothing."""


async def test_due_rows_fire_and_background_outcomes_are_applied(live: Live, world: World) -> None:
    async with live.service() as replica:
        running = await replica.started()
        await live.publish(("a", {"do": "later", "amount": 10}))
        await until(world_total(world, "a", 20))
        await running.apply([Due("outcome", "b", running.clock.now(), {"add": 3})])
        assert (await world.totals())["b"] == 3
    assert [type(item) for item in replica.handler.seen] == [Event, Due, Due]
