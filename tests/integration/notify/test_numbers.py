"""One telephone, many notices; and numbers that are no good: with real tables and a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from services.notify.domain.course import Outcome
from services.notify.gauges import Gauges
from services.notify.providers.interface import Order, Result
from services.notify.watching import Watching
from shared import db
from shared.clock import BEIJING
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import ChannelKind
from shared.metrics import Metrics
from tests.integration.notify.bench_line import Bench, Played, migrated
from tests.integration.notify.records import decision, reachable

ANN = reachable(1)
PHONE = "13953839901"
SPELLINGS = (PHONE, f"+86{PHONE}", f"0086 {PHONE}", "１３９５３８３９９０１", "86-139-5383-9901")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


class Noting(Played):
    """A telephone that notes when it was used, by the test's clock."""

    def watch(self, bench: Bench) -> None:
        self.bench, self.at = bench, []  # type: ignore[var-annotated]

    async def send(self, order: Order) -> Result:
        self.at.append(self.bench.clock.now())
        return await super().send(order)


def calling(pool: db.Pool) -> tuple[Bench, Noting]:
    bench = Bench(pool)
    phone = Noting("call", [Result(Outcome.DELIVERED, "call-confirmed")])
    phone.watch(bench)
    bench.providers = [bench.sms, phone]
    bench.sender = bench.make_sender()
    return bench, phone


async def refused_at_the_counter(bench: Bench, count: int) -> None:
    """So many persons of one household, each with a decision of their own, and one telephone in several spellings."""
    for n in range(count):
        who = reachable(n).but(tel=SPELLINGS[n % len(SPELLINGS)])
        await bench.publish("registry.persons.recorded", who.recorded(), "authority")
        body = decision(n, who, state=State.REFUSED, channel=ChannelKind.COUNTER, at=bench.clock.now())
        await bench.publish("binding.decisions.refused", body)


def busiest(at: list[datetime], window: timedelta) -> int:
    """The most uses within any such window."""
    return max(sum(one <= other < one + window for other in at) for one in at)


async def test_one_telephone_shared_by_a_family_of_forty_is_delayed_and_nobody_is_lost(pool: db.Pool) -> None:
    bench, phone = calling(pool)
    await refused_at_the_counter(bench, 40)
    for _ in range(400):
        await bench.sender.round()
        await bench.sender.drain(5)
        due = await pool.fetchval("select min(next_at) from notices")
        if due is None:
            break
        bench.clock.at = max(bench.clock.at, due)
    assert await bench.notices() == [("delivered", None)] * 40
    assert (len(phone.at), len({number for number, _ in phone.sent}), bench.sms.sent) == (40, 1, [])
    assert (busiest(phone.at, MINUTE), busiest(phone.at, HOUR), busiest(phone.at, DAY)) == (1, 5, 20)
    assert all(
        hour in (9, 10, 11, *range(14, 21)) for hour in (at.astimezone(BEIJING).hour for at in phone.at)
    )
    assert phone.at[-1] - phone.at[0] < timedelta(hours=72)
    assert await pool.fetchval("select count(*) from attempts") == 40  # a cap is no failed attempt


async def test_two_processes_never_call_one_number_at_once_nor_above_its_cap(pool: db.Pool) -> None:
    bench, phone = calling(pool)
    await refused_at_the_counter(bench, 6)
    hangs = asyncio.Event()

    async def slow(order: Order) -> Result:
        phone.at.append(bench.clock.now())
        await hangs.wait()
        return phone.results[0]

    phone.send = slow  # type: ignore[method-assign]
    senders = [bench.make_sender() for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(*(sender.round() for sender in senders))
        bench.clock.forward(minutes=2)  # the cap of a minute is over, the call is not
    assert len(phone.at) == 1
    reasons = {reason for state, reason in await bench.notices() if state == "created"}
    assert "line-in-use" in reasons
    assert reasons <= {"line-in-use", "call-cap"}
    hangs.set()
    await asyncio.gather(*(sender.drain(5) for sender in senders))
    bench.clock.forward(minutes=1)
    for _ in range(3):
        await asyncio.gather(*(sender.round() for sender in senders))
        await asyncio.gather(*(sender.drain(5) for sender in senders))
    assert len(phone.at) == 2


async def test_what_never_left_does_not_count(pool: db.Pool) -> None:
    bench = Bench(
        pool,
        call=[
            Result(Outcome.TECHNICAL, "call-technical", "worker-down"),
            Result(Outcome.DELIVERED, "call-confirmed"),
        ],
    )
    await refused_at_the_counter(bench, 1)
    await bench.work()
    assert await pool.fetchval("select count(*) from uses") == 0
    bench.clock.forward(seconds=5)
    await bench.work()
    assert await bench.notices() == [("delivered", None)]
    (row,) = await pool.fetch("select number_hash, medium from uses")
    assert (len(row["number_hash"]), row["medium"]) == (16, "call")


async def test_uses_are_forgotten_after_a_day(pool: db.Pool) -> None:
    bench = Bench(pool)
    await refused_at_the_counter(bench, 1)
    await bench.work()
    watching = asyncio.create_task(Watching(pool, bench.clock, [], Gauges(Metrics())).run(0.05))
    bench.clock.forward(hours=23)
    await asyncio.sleep(0)
    assert await pool.fetchval("select count(*) from uses") == 1
    bench.clock.forward(hours=2)
    async with asyncio.timeout(30):
        while await pool.fetchval("select count(*) from uses"):
            await asyncio.sleep(0.05)
    watching.cancel()


@pytest.mark.parametrize(
    ("tel", "notice", "attempts"),
    [
        ("0538-8300001", ("delivered", None), [("call", "delivered")]),
        ("+85291234567", ("handed-to-staff", "number-foreign"), []),
        ("4008001234", ("handed-to-staff", "number-not-personal"), []),
        ("12", None, []),
    ],
)
async def test_numbers_that_are_no_good_for_a_text(
    pool: db.Pool, tel: str, notice: tuple[str, str | None] | None, attempts: list[tuple[str, str]]
) -> None:
    bench = Bench(pool)
    try:
        recorded = ANN.recorded(tel=tel)
    except ValueError:
        assert notice is None  # the contract takes no number of two digits
        return
    await bench.publish("registry.persons.recorded", recorded, "authority")
    await bench.publish("binding.decisions.refused", decision(1, ANN, state=State.REFUSED))
    await bench.work()
    assert (await bench.notices(), await bench.attempts()) == ([notice], attempts)


async def test_nothing_is_reported_as_sent_where_there_is_no_provider(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.providers = []
    bench.sender = bench.make_sender()
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.refused", decision(1, ANN, state=State.REFUSED))
    await bench.work()
    assert await bench.notices() == [("handed-to-staff", "call-not-configured")]
    assert await bench.said() == ["binding.notices.handed-to-staff"]
