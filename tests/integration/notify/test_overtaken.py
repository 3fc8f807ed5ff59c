"""What happens meanwhile: papers are brought before they were asked for, an SMS centre uses an id again."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from services.notify import storage
from shared import db
from shared.contracts.binding_decisions import State
from shared.testing.messages import uid
from tests.integration.notify.bench_line import Bench, migrated
from tests.integration.notify.records import decision, reachable

ANN = reachable(1)


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


async def test_papers_that_were_brought_are_not_asked_for_in_the_morning(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.clock.forward(hours=13)
    asked = decision(1, ANN, state=State.SUPPLEMENT_REQUESTED, at=bench.clock.now())
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.supplement-requested", asked)
    brought = decision(
        1, ANN, state=State.UNDER_REVIEW, version=3, at=bench.clock.now() + timedelta(minutes=1)
    )
    await bench.publish("binding.decisions.under-review", brought)
    bench.clock.forward(hours=9)
    await bench.work()
    assert await bench.notices() == [("expired", "overtaken")]
    assert bench.sms.sent == []


async def test_who_opts_out_overnight_is_called_in_the_morning(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.clock.forward(hours=13)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    refused = decision(1, ANN, state=State.REFUSED, at=bench.clock.now())
    await bench.publish("binding.decisions.refused", refused)
    later = ANN.recorded().model_copy(update={"version": 99, "no_sms": True})
    await bench.publish("registry.persons.recorded", later, "authority")
    bench.clock.forward(hours=12)
    await bench.work()
    assert await bench.notices() == [("delivered", None)]
    assert (len(bench.sms.sent), len(bench.call.sent)) == (0, 1)


async def test_an_id_that_the_sms_centre_uses_again_names_the_new_text(pool: db.Pool) -> None:
    async with pool.acquire() as conn:
        await storage.receive_parts(conn, {"p": ("delivered", ""), "q": ("delivered", "")})
        await storage.submit_parts(conn, {"p": (uid(1), 1), "q": (uid(1), 1)})
        await conn.execute("update parts set seen_at = now() - interval '3 days' where provider_id = 'p'")
        await storage.submit_parts(conn, {"p": (uid(2), 1), "q": (uid(2), 1)})
        rows = await conn.fetch("select notice_id, fate from parts order by provider_id")
    assert [tuple(row) for row in rows] == [(uid(2), None), (uid(1), "delivered")]
