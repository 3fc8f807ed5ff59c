"""Receipts that come when nobody expects them: before the answer, instead of it, for a text of long ago, for nothing at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from services.notify import storage
from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Fate, Receipt
from services.notify.gauges import Gauges
from services.notify.links import receipts_into, reference
from services.notify.providers.interface import Order, Result
from services.notify.watching import Watching
from shared import db
from shared.contracts.binding_decisions import State
from shared.messaging.handler import Due
from shared.metrics import Metrics
from shared.testing.messages import uid
from tests.integration.notify.bench_line import Bench, Direct, Played, migrated
from tests.integration.notify.records import decision, reachable

ANN = reachable(31)
ACCEPTED = Result(Outcome.ACCEPTED, "sms-accepted", "0", ("sms-31",))
HALF_AN_HOUR = timedelta(minutes=31)


class Another(Played):
    """A second provider of texts."""

    @property
    def medium(self) -> str:
        return "sms"


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


async def refused(bench: Bench, number: int = 31) -> None:
    """A decision of which the person has to be told."""
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.refused", decision(number, ANN, state=State.REFUSED))


async def killed_while_sending(bench: Bench) -> UUID:
    """The provider has the text, and the process that would hear so is gone; the notice. Its lease has run out."""
    hangs = asyncio.Event()

    async def hang(order: Order) -> Result:
        bench.sms.sent.append((order.number, order.content))
        await hangs.wait()
        return ACCEPTED

    bench.sms.send = hang  # type: ignore[method-assign]
    await bench.sender.round()
    async with asyncio.timeout(30):
        while not bench.sms.sent:
            await asyncio.sleep(0.01)
    for task in [task for running in bench.sender._running.values() for task in running]:
        task.cancel()
    await bench.pool.execute("update notices set leased_until = clock_timestamp() - interval '1 second'")
    bench.sender = bench.make_sender()
    one: UUID = await bench.pool.fetchval("select id from notices")
    return one


@pytest.mark.parametrize("first", ["receipt", "lease"])
async def test_a_receipt_under_our_own_name_counts_though_the_process_that_sent_it_is_gone(
    pool: db.Pool, first: str
) -> None:
    bench = Bench(pool)
    await refused(bench)
    name = reference(await killed_while_sending(bench), 1)
    if first == "receipt":
        await bench.receipt(name, "delivered")
        assert await bench.notices() == [("sending", None)]
        await bench.sender.overdue()
    else:
        await bench.sender.overdue()
        assert await bench.notices() == [("unknown", None)]
        await bench.receipt(name, "delivered")
    assert (await bench.notices(), await bench.attempts()) == ([("delivered", None)], [("sms", "delivered")])
    bench.clock.at += HALF_AN_HOUR
    await bench.work()
    assert (len(bench.sms.sent), bench.call.sent) == (1, [])
    assert (await bench.said())[-1] == "binding.notices.delivered"


async def test_a_failure_under_our_own_name_leads_on_without_waiting(pool: db.Pool) -> None:
    bench = Bench(pool)
    await refused(bench)
    name = reference(await killed_while_sending(bench), 1)
    await bench.receipt(name, "permanent")
    await bench.work()
    assert await bench.attempts() == [("sms", "permanent-failure"), ("call", "delivered")]


async def test_a_receipt_under_our_own_name_that_comes_after_the_wait_ends_the_calls(pool: db.Pool) -> None:
    bench = Bench(pool, call=[Result(Outcome.TEMPORARY, "call-busy", "486 Busy Here")])
    await refused(bench)
    name = reference(await killed_while_sending(bench), 1)
    await bench.sender.overdue()
    bench.clock.at += HALF_AN_HOUR
    await bench.work()
    assert await bench.notices() == [("created", "call-busy")]
    await bench.receipt(name, "delivered")
    assert await bench.notices() == [("delivered", None)]


async def test_a_name_of_an_attempt_that_another_provider_made_is_no_receipt_of_it(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.providers = [Another("another", [ACCEPTED]), bench.call]
    bench.sender = bench.make_sender()
    await refused(bench)
    await bench.work()
    notice = await pool.fetchval("select id from notices")
    for name in (reference(notice, 1), reference(notice, 2), reference(uid(8), 1), "0" * 32 + "999999999999"):
        await bench.receipt(name, "delivered")  # of the provider `sms`
    assert await bench.notices() == [("pending", None)]


async def test_a_receipt_of_nothing_that_we_know_is_kept_and_changes_nothing(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[ACCEPTED])
    await refused(bench)
    await bench.work()
    said = await bench.said()
    await bench.receipt("never-heard-of", "delivered")
    assert (await bench.notices(), await bench.said()) == ([("pending", None)], said)
    assert await pool.fetchval("select fate from parts where notice_id is null") == "delivered"


async def test_receipts_of_nothing_are_counted_by_provider_and_forgotten_after_a_week(pool: db.Pool) -> None:
    bench, metrics = Bench(pool), Metrics()
    watching = Watching(pool, bench.clock, [], Gauges(metrics))

    async def counted() -> dict[str, float]:
        await watching.look()
        name = "gongji_notify_receipts_unmatched"
        (family,) = [one for one in metrics.registry.collect() if one.name == name]
        return {one.labels["provider"]: one.value for one in family.samples}

    await bench.receipt("quick", "delivered")
    await bench.receipt("strange-1", "delivered")
    await bench.receipt("strange-2", "permanent")
    assert await counted() == {}  # their answers may be on the way
    await pool.execute(
        "update parts set seen_at = now() - interval '2 hours' where provider_id like '%strange%'"
    )
    assert await counted() == {"sms": 2}
    await pool.execute(
        "update parts set seen_at = now() - interval '8 days' where provider_id like '%strange-1'"
    )
    assert await counted() == {"sms": 1}
    assert await pool.fetchval("select count(*) from parts") == 2


async def test_an_id_that_the_centre_uses_again_counts_though_its_receipt_is_quicker_than_the_answer(
    pool: db.Pool,
) -> None:
    bench = Bench(pool, sms=[ACCEPTED])
    await refused(bench)
    await bench.work()
    await bench.receipt("sms-31", "delivered")
    await pool.execute("update parts set seen_at = now() - interval '3 days'")
    await refused(bench, 32)
    await bench.receipt("sms-31", "delivered")
    await bench.work()
    assert await bench.notices() == [("delivered", None)] * 2
    bench.clock.at += HALF_AN_HOUR
    await bench.work()
    assert (len(bench.sms.sent), bench.call.sent) == (2, [])


async def test_a_receipt_that_nobody_asked_for_long_ago_is_not_believed_of_a_new_text(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[ACCEPTED])
    await bench.receipt("sms-31", "delivered")
    await pool.execute("update parts set seen_at = now() - interval '2 hours'")
    await refused(bench)
    await bench.work()
    assert await bench.notices() == [("pending", None)]
    await bench.receipt("sms-31", "permanent")
    assert await bench.attempts() == [("sms", "permanent-failure")]


async def test_a_receipt_that_comes_twice_or_late_moves_no_fate_of_the_last_days(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[replace(ACCEPTED, provider_ids=("a31", "b31"))])
    await refused(bench)
    await bench.work()
    for fate in ("delivered", "permanent", "pending"):
        await bench.receipt("a31", fate)
    async with pool.acquire() as conn:
        await storage.submit_parts(conn, {"sms/a31": (uid(9), 1)})
    assert await bench.notices() == [("pending", None)]
    await bench.receipt("b31", "delivered")
    assert await bench.notices() == [("delivered", None)]


@pytest.mark.parametrize(
    "fates", [("delivered", "pending"), ("pending", "delivered"), ("delivered", "temporary")]
)
async def test_receipts_of_one_text_that_are_stored_together_count_in_whatever_order(
    pool: db.Pool, fates: tuple[str, str]
) -> None:
    bench = Bench(pool, sms=[ACCEPTED])
    await refused(bench)
    await bench.work()
    now = bench.clock.now()
    await bench.step.apply([Due("receipt", "sms/sms-31", now, {"fate": one, "code": "0"}) for one in fates])
    assert await bench.notices() == [("delivered", None)]


async def test_receipts_of_one_text_in_one_report_count_in_whatever_order(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[ACCEPTED])
    await refused(bench)
    await bench.work()
    store = receipts_into(Direct(bench.step.apply), bench.clock, "sms")
    await store([Receipt("sms-31", one, "0") for one in (Fate.DELIVERED, Fate.PENDING)])
    assert await bench.notices() == [("delivered", None)]
