"""PostgreSQL and Kafka restarted while notify drains a backlog: everybody is told once. Part of `make test-long`."""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from deploy.local.testing import start_for_tests, stop_after_tests
from shared import clock
from shared.testing.messages import MONDAY
from tests.integration.notify.crowd import Centre, Crowd, abouts, decisions

PEOPLE = range(660_000, 672_000)
ENDED = "select count(*) from notices where about = any($1) and next_at is null"
MADE = "select count(*) from attempts"
RESTARTS = ("postgres", "kafka", "postgres", "kafka", "postgres")


@pytest.mark.long
@pytest.mark.notify
@pytest.mark.timeout(900)
async def test_servers_restarted_while_a_backlog_drains_lose_and_double_nobody(tmp_path: Path) -> None:
    seed = os.environ.get("GONGJI_SEED") or str(random.getrandbits(32))
    print(f"\nGONGJI_SEED={seed}")
    chance, servers = random.Random(seed), await start_for_tests(durable=True)
    centre = Centre("centre", tmp_path / "centre", ("--answer-after", "0.02"))
    centre.start()
    url = (await servers.fresh_database())["notify"]
    day = clock.with_anchor(MONDAY.isoformat())
    crowd = Crowd(servers.kafka, url, tmp_path, day, [centre.provider()])
    await crowd.open()
    try:
        await crowd.begin(PEOPLE)
        await crowd.publish(decisions(PEOPLE))
        for name in RESTARTS:
            async with crowd.connected() as conn:
                made = await conn.fetchval(MADE)
            await crowd.until(MADE, wanted=min(made + 200, len(PEOPLE)), seconds=120)
            await asyncio.sleep(chance.uniform(0, 1))
            server = servers.stack.server(name)
            assert server is not None
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(chance.uniform(0, 3))
            server.launch()
            await server.ready()
        await crowd.until(ENDED, abouts(PEOPLE), wanted=len(PEOPLE), seconds=300)
        assert await crowd.states(PEOPLE) == {("delivered", None): len(PEOPLE)}
        assert Counter(n for n, _ in centre.received()) == dict.fromkeys(PEOPLE, 1)
    finally:
        await crowd.close()
        centre.stop()
        await stop_after_tests(servers)
