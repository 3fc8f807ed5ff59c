"""Providers that are away, that have not approved a text or were taken out: on real PostgreSQL, with a clock that the test moves."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.notify.domain.course import Outcome
from services.notify.domain.texts import Content
from services.notify.gauges import Gauges
from services.notify.providers import storage
from services.notify.providers.balancing import Balancing
from services.notify.providers.catalogue import Entry
from services.notify.providers.interface import Provider, Result
from services.notify.providers.options import SmppSettings
from services.notify.providers.switch import Switch
from services.notify.sender import Sender
from services.notify.watching import Watching
from shared import db
from shared.contracts.binding_decisions import State
from shared.metrics import Metrics
from tests.integration.notify.bench_line import SEAL, Bench, Direct, Played, migrated
from tests.integration.notify.records import decision, reachable, settled

ANN, BOB = reachable(1), reachable(2)
ACCEPTED = Result(Outcome.ACCEPTED, "sms-accepted", "0", ())
SETTINGS = SmppSettings(host="127.0.0.1")


class Named(Played):
    """A played provider of texts with a name of its own; `approved` None: it sends any text."""

    medium = "sms"
    approved: bool = True

    def takes(self, content: Content) -> bool:
        return self.approved


class Process:
    """One more notify on the same tables, with links of its own."""

    def __init__(self, bench: Bench, *providers: Provider) -> None:
        self.switches = [
            Switch(name, [one for one in providers if one.medium == name]) for name in ("sms", "call")
        ]
        metrics, clock, pool = Gauges(Metrics()), bench.clock, bench.pool
        entries = [Entry(one.name, "smpp", 50, SETTINGS) for one in providers]
        self.balancing = Balancing(pool, clock, self.switches, entries, metrics)
        self.sender = Sender(
            pool, Direct(bench.step.apply), clock, bench.policies, self.switches, metrics, SEAL
        )
        self.watching = Watching(pool, clock, self.switches, metrics)
        self.gauges = metrics

    async def begin(self) -> "Process":
        await self.balancing.begin()
        return self

    async def work(self) -> None:
        await self.balancing.look()
        for _ in range(4):
            await self.sender.round()
            await self.sender.drain(5)


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


async def refuse(bench: Bench, number: int = 1) -> None:
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    body = decision(number, ANN, state=State.REFUSED, at=bench.clock.now())
    await bench.publish("binding.decisions.refused", body)


async def test_an_outage_of_three_minutes_turns_no_text_into_a_call(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.sms.up = False
    one = await Process(bench, bench.sms, bench.call).begin()
    await refuse(bench)
    for _ in range(18):
        await one.work()
        bench.clock.forward(seconds=10)
    assert await pool.fetchval("select count(*) from attempts") == 0
    bench.sms.up = True
    await one.work()
    assert await bench.attempts() == [("sms", "pending")]
    assert bench.call.sent == []


async def test_a_longer_outage_than_the_region_bears_makes_calls(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.sms.up = False
    one = await Process(bench, bench.sms, bench.call).begin()
    await refuse(bench)
    bench.clock.forward(seconds=1799)
    await one.work()
    assert await bench.notices() == [("created", None)]
    bench.clock.forward(seconds=2)
    await one.work()
    assert await bench.attempts() == [("call", "delivered")]


async def test_the_last_medium_is_waited_for(pool: db.Pool) -> None:
    bench = Bench(pool)
    bench.sms.up = False
    one = await Process(bench, bench.sms, bench.call).begin()
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("settlement.results.settled", settled(ANN), "gongji-settlement")
    bench.clock.forward(hours=2)
    await one.work()
    assert await bench.notices() == [("created", "sms-down")]
    bench.sms.up = True
    bench.clock.forward(minutes=5)
    await one.work()
    assert await bench.attempts() == [("sms", "pending")]


async def test_one_process_without_a_link_gives_up_nothing_that_another_can_send(pool: db.Pool) -> None:
    bench = Bench(pool)
    cut, fine = Played("sms", [ACCEPTED], up=False), Played("sms", [ACCEPTED])
    one, other = await Process(bench, cut, bench.call).begin(), await Process(bench, fine, bench.call).begin()
    await refuse(bench)
    for _ in range(10):
        bench.clock.forward(minutes=10)
        await other.balancing.look()
        await one.work()
    assert await bench.notices() == [("created", None)]
    await other.work()
    assert (len(cut.sent), len(fine.sent), len(bench.call.sent)) == (0, 1, 0)


async def test_a_kind_that_nobody_has_approved_is_not_tried(pool: db.Pool) -> None:
    bench = Bench(pool)
    cloud = Named("cloud", [Result(Outcome.TECHNICAL, "sms-template-not-approved")])
    cloud.approved = False
    one = await Process(bench, cloud, bench.call).begin()
    await refuse(bench)
    await one.work()
    assert (await bench.attempts(), cloud.sent) == ([("call", "delivered")], [])
    await bench.publish("settlement.results.settled", settled(ANN), "gongji-settlement")
    await one.work()
    row = await pool.fetchrow("select state, reason from notices where template = 'settled'")
    assert row is not None
    assert tuple(row) == ("expired", "sms-template-not-approved")


@pytest.mark.parametrize(
    ("result", "share"),
    [
        (Result(Outcome.THROTTLED, "sms-throttled", "0x58"), 50),
        (Result(Outcome.TECHNICAL, "sms-technical", "isv.TEMPLATE_PARAMS_ILLEGAL"), 50),
        (Result(Outcome.TECHNICAL, "sms-technical", "isv.AMOUNT_NOT_ENOUGH"), 25),
        (Result(Outcome.UNKNOWN, "sms-unknown", "TimeoutError"), 25),
    ],
)
async def test_a_share_falls_for_faults_of_the_provider_alone(
    pool: db.Pool, result: Result, share: int
) -> None:
    bench = Bench(pool)
    one, two = Named("one", [result]), Named("two", [ACCEPTED])
    process = await Process(bench, one, two).begin()
    async with pool.acquire() as conn:
        await storage.hold(
            conn, "two", 0, held=True, operator="op", why="so that all goes by one", now=bench.clock.now()
        )
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    for number in range(12):
        await bench.publish("binding.decisions.refused", decision(number, ANN, state=State.REFUSED))
    bench.clock.forward(seconds=20)
    await process.work()
    assert len(one.sent) == 12
    await process.balancing.look()
    assert await pool.fetchval("select weight from providers where name = 'one'") == share


async def test_who_was_taken_out_by_an_operator_gets_nothing_even_in_need(pool: db.Pool) -> None:
    bench = Bench(pool)
    ended, other = Named("ended", [ACCEPTED]), Named("other", [ACCEPTED], up=False)
    process = await Process(bench, ended, other).begin()
    async with pool.acquire() as conn:
        await storage.hold(
            conn, "ended", 0, held=True, operator="op", why="contract has ended", now=bench.clock.now()
        )
    await refuse(bench)
    await process.work()
    assert (ended.sent, await bench.notices()) == ([], [("created", None)])
    other.up = True
    await process.work()
    assert (len(ended.sent), len(other.sent)) == (0, 1)


async def test_two_processes_never_look_up_the_same(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[Result(Outcome.UNKNOWN, "sms-unknown", "TimeoutError")])
    await refuse(bench)
    await bench.work()
    bench.clock.forward(minutes=6)
    asked: list[Any] = []

    class Asked:
        async def ask(self, rows: Any, now: Any) -> list[Any]:
            asked.extend(row["id"] for row in rows)
            return []

    for sender in (bench.sender, bench.make_sender()):
        sender._looking_up = Asked()  # type: ignore[assignment]
        await sender.overdue()
    assert len(asked) == 1


async def test_what_waits_is_counted_once_a_minute_for_all(pool: db.Pool) -> None:
    bench = Bench(pool)
    one, other = await Process(bench, bench.sms).begin(), await Process(bench, bench.sms).begin()
    await refuse(bench)

    def shown(process: Process) -> float:
        return float(process.gauges.waiting.labels("created", "sms")._value.get())

    await one.watching.look()
    await refuse(bench, 2)
    await other.watching.look()
    assert (shown(one), shown(other)) == (1, 1)
    await pool.execute("update tallies set counted_at = counted_at - interval '61 seconds'")
    await other.watching.look()
    await one.watching.look()
    assert (shown(one), shown(other)) == (2, 2)


async def test_what_the_staff_have_to_tell_is_a_figure_until_they_have(pool: db.Pool) -> None:
    bench = Bench(pool)
    process = await Process(bench, bench.sms).begin()
    nobody = reachable(3).recorded(tel=None)
    await bench.publish("registry.persons.recorded", nobody, "authority")
    for number in (1, 2):
        body = decision(number, reachable(3), state=State.REFUSED)
        await bench.publish("binding.decisions.refused", body)
    await bench.work()
    bench.clock.forward(hours=5)
    await process.watching.look()
    left, oldest = process.gauges.for_staff._value, process.gauges.for_staff_oldest._value
    assert (left.get(), timedelta(seconds=oldest.get())) == (2, timedelta(hours=5))
    await pool.execute(
        "insert into told_by_staff select id, $1, 'op-1', 'told at the window' from notices",
        bench.clock.now(),
    )
    await process.watching.look()
    assert (left.get(), oldest.get()) == (0, 0)
