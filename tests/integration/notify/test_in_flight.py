"""One of two SMS centres hears and says nothing: it holds as many texts as it may have in flight, and everything else goes by the other."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from services.notify.domain.course import Outcome
from services.notify.domain.texts import Content
from services.notify.providers.interface import Order, Result
from shared import db
from shared.contracts.binding_decisions import State
from tests.integration.notify.bench_line import Bench, Played, migrated
from tests.integration.notify.records import decision, reachable

COUNT = 40


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


@dataclass
class Centre(Played):
    """An SMS centre; `dark`: it answers nothing until it is told to. Has `most` in flight at a time."""

    dark: bool = False
    approved: str = ""
    now: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.light = asyncio.Event()

    @property
    def medium(self) -> str:
        return "sms"

    async def send(self, order: Order) -> Result:
        self.sent.append((order.number, order.content))
        self.now += 1
        self.most = max(self.most, self.now)
        if self.dark:
            await self.light.wait()
        self.now -= 1
        return Result(Outcome.ACCEPTED, "sms-accepted", "0", (order.reference,))


class Choosy(Centre):
    """One that sends nothing but the template it has approved."""

    def takes(self, content: Content) -> bool:
        return content.template == self.approved


async def due(bench: Bench, count: int, first: int = 1000) -> None:
    """So many persons are to be told that they were refused."""
    for n in range(first, first + count):
        who = reachable(n % 100).but(psn_no=f"3709000000000{n:06d}", tel=f"1395384{n:04d}")
        await bench.publish("registry.persons.recorded", who.recorded(), "authority")
        await bench.publish("binding.decisions.refused", decision(n, who, state=State.REFUSED))


def two(pool: db.Pool, dark: Centre, light: Centre) -> Bench:
    bench = Bench(pool)
    bench.providers = [dark, light, bench.call]
    bench.sender = bench.make_sender()
    return bench


async def handed(bench: Bench, centre: Centre, count: int) -> None:
    """Rounds of the sender until a centre has had so many."""
    async with asyncio.timeout(60):
        while len(centre.sent) < count:
            await bench.sender.round()
            await asyncio.sleep(0.01)


async def test_a_dark_centre_holds_no_more_than_it_may_have_in_flight(pool: db.Pool) -> None:
    dark, light = Centre("dark", [], dark=True), Centre("light", [])
    bench = two(pool, dark, light)
    await due(bench, COUNT)
    await handed(bench, light, COUNT - dark.at_once)
    for _ in range(5):
        await bench.sender.round()
    assert (len(dark.sent), dark.most, len(light.sent)) == (dark.at_once, dark.at_once, COUNT - dark.at_once)
    dark.light.set()
    await bench.sender.drain(30)
    assert await bench.notices() == [("pending", None)] * COUNT


async def test_what_only_a_busy_provider_can_send_waits_and_keeps_nobody_else(pool: db.Pool) -> None:
    busy, other = Choosy("busy", [], dark=True, approved="refused.sponsor.sms.v1"), Choosy("other", [])
    other.approved = "expired.sponsor.sms.v1"
    bench = two(pool, busy, other)
    await due(bench, COUNT)
    who = reachable(1)
    await bench.publish("registry.persons.recorded", who.recorded(), "authority")
    await bench.publish("binding.decisions.expired", decision(999, who, state=State.EXPIRED))
    await handed(bench, other, 1)
    assert len(busy.sent) == busy.at_once
    waiting = await pool.fetch("select next_at, reason from notices where state = 'created'")
    assert [tuple(one) for one in waiting] == [(bench.clock.now(), None)] * (COUNT - busy.at_once)
    busy.dark = False
    busy.light.set()
    await handed(bench, busy, COUNT)
    await bench.sender.drain(30)
    assert busy.most == busy.at_once


async def test_an_attempt_ends_before_its_lease_does(pool: db.Pool) -> None:
    dark = Centre("dark", [], dark=True, longest=0.2)
    bench = two(pool, dark, Centre("light", [], up=False))
    await due(bench, 1)
    await handed(bench, dark, 1)
    await bench.sender.drain(30)
    assert await bench.notices() == [("unknown", None)]
    assert await pool.fetchval("select code from attempts") == "too long"
