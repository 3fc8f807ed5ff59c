"""Killed between a cloud's answer and its row: the report that the cloud's stand-in really sends counts, and nobody is told twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest_asyncio

from services.notify.links import receipts_into
from shared import db
from shared.contracts.binding_decisions import State
from shared.messaging.handler import Due
from tests.integration.notify.bench_line import Bench, Direct, migrated
from tests.integration.notify.helpers import until
from tests.integration.notify.records import decision, reachable
from tests.integration.notify.test_clouds import Sky, sky

__all__ = ["sky"]

ANN = reachable(51)


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


class Killed(Direct):
    """What was answered is never written."""

    answered = 0

    async def put(self, dues: Sequence[Due]) -> None:
        if any(due.kind == "attempt-ended" for due in dues):
            self.answered += 1
            await asyncio.Event().wait()
        await super().put(dues)


async def test_a_report_counts_though_the_answer_was_never_written(sky: Sky, pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.providers = [sky.provider("alibaba"), bench.call]
    killed, bench.sender = Killed(bench.step.apply), bench.make_sender()
    bench.sender._outcomes = killed
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.refused", decision(51, ANN, state=State.REFUSED))
    await bench.sender.round()
    await until(lambda: killed.answered and sky.stored)
    for task in [task for running in bench.sender._running.values() for task in running]:
        task.cancel()
    await pool.execute("update notices set leased_until = clock_timestamp() - interval '1 second'")
    bench.sender = bench.make_sender()
    await bench.sender.overdue()
    assert await bench.notices() == [("unknown", None)]
    await receipts_into(Direct(bench.step.apply), bench.clock, "alibaba")(sky.stored)
    assert (await bench.notices(), await bench.attempts()) == ([("delivered", None)], [("sms", "delivered")])
    bench.clock.forward(minutes=31)
    await bench.work()
    assert (len(sky.texts()), bench.call.sent) == (1, [])
