"""Outcomes on their way into a database that is away for a while: what waits, what is turned away, and what nobody waits for any more."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from services.notify.outcomes import Crowded, Outcomes
from shared.messaging.handler import Due
from shared.testing.messages import MONDAY


def due(name: str) -> Due:
    return Due("receipt", name, MONDAY)


class Table:
    """Keeps what is stored; `away`: it cannot be reached; what is called `poison` it never takes."""

    def __init__(self) -> None:
        self.away, self.asked = True, asyncio.Event()
        self.stored: list[str] = []

    async def __call__(self, dues: Sequence[Due]) -> None:
        self.asked.set()
        if self.away:
            raise ConnectionError("nobody there")
        if any(one.entity == "poison" for one in dues):
            raise ValueError("who is told what")
        self.stored += [one.entity for one in dues]


class Storing:
    """Outcomes in front of a table."""

    def __init__(self) -> None:
        self.table = Table()
        self.outcomes = Outcomes(self.table, many=3)

    def bring(self, *names: str, ours: bool = False) -> asyncio.Task[None]:
        bring = self.outcomes.put if ours else self.outcomes.offer
        return asyncio.create_task(bring([due(one) for one in names]))


@pytest_asyncio.fixture
async def storing() -> AsyncIterator[Storing]:
    one = Storing()
    running = asyncio.create_task(one.outcomes.run())
    yield one
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_waits_is_stored_in_its_order_when_the_database_is_back(storing: Storing) -> None:
    first, second = storing.bring("a", "b"), storing.bring("c")
    await asyncio.wait_for(storing.table.asked.wait(), 30)
    assert not first.done()
    storing.table.away = False
    async with asyncio.timeout(30):
        await asyncio.gather(first, second)
    assert storing.table.stored == ["a", "b", "c"]


async def test_what_is_above_the_bound_is_turned_away_at_once_and_our_own_outcomes_are_not(
    storing: Storing,
) -> None:
    waiting = [storing.bring("a", "b"), storing.bring("c", "d")]  # a report that is longer than what is left
    await asyncio.wait_for(storing.table.asked.wait(), 30)
    with pytest.raises(Crowded, match="4 outcomes wait"):
        await storing.bring("e")
    waiting.append(storing.bring("attempt", ours=True))
    storing.table.away = False
    async with asyncio.timeout(30):
        await asyncio.gather(*waiting, storing.bring(ours=True))
        await storing.bring("e")
    assert storing.table.stored == ["a", "b", "c", "d", "attempt", "e"]


async def test_what_a_provider_sends_again_and_again_in_an_outage_waits_once(storing: Storing) -> None:
    for _ in range(50):
        pushed = storing.bring("again")
        await asyncio.wait_for(storing.table.asked.wait(), 30)
        pushed.cancel()  # its request was answered 503
        await asyncio.gather(pushed, return_exceptions=True)
    last = storing.bring("again")
    storing.table.away = False
    await asyncio.wait_for(last, 30)
    assert storing.table.stored == ["again"]


async def test_what_can_never_be_stored_is_said_to_who_brought_it_and_stops_nobody(storing: Storing) -> None:
    storing.table.away = False
    brought = [storing.bring("a", "poison", "b"), storing.bring("c", ours=True)]
    async with asyncio.timeout(30):
        said = await asyncio.gather(*brought, return_exceptions=True)
    assert [type(one) for one in said] == [ValueError, type(None)]
    assert storing.table.stored == ["a", "b", "c"]
