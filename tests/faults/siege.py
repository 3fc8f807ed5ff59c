"""A line under load, with somebody who listens to everything: what all tests of faults begin and end with."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from deploy import topics
from tests.faults import checker
from tests.faults.families import families
from tests.faults.history import History, Tail
from tests.faults.load import Load
from tests.faults.plan import Plan
from tests.pipeline.running import Line


@dataclass(slots=True)
class Siege:
    """The line, the load on it and the history so far. `back` are seconds until it was whole again, by fault."""

    line: Line
    load: Load
    history: History
    tail: Tail
    stop: asyncio.Event
    back: list[tuple[str, float]] = field(default_factory=list)

    async def whole_again(self, what: str, patience: float, replaced: tuple[str, int] | None = None) -> float:
        """Waits until a binding and a bill published now come to their end and all services are ready; notes and gives the seconds.

        `replaced` names a process and the pid that it must not have any more.
        """
        began = time.monotonic()
        probes = [self.load.bind(), self.load.pay()]
        done = self.history.done
        try:
            await self.tail.until(lambda: all(map(done, probes)), f"the probes after {what}", patience)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {await self._stand()}") from None
        async with asyncio.timeout(patience):
            while await self.line.wrong() or (replaced and self._pid(replaced[0]) in (None, replaced[1])):
                await asyncio.sleep(0.1)
        seconds = time.monotonic() - began
        self.back.append((what, seconds))
        return seconds

    async def _stand(self) -> str:
        """Where things are stuck, for the message of a failed test."""
        unacknowledged = sum(not sent.acknowledged for sent in self.history.sent)
        undone = sum(not self.history.done(sent) for sent in self.history.sent)
        try:
            async with asyncio.timeout(10):
                left: object = await self.line.backlog()
        except Exception as error:
            left = type(error).__name__
        wrong = await self.line.wrong()
        return f"unacknowledged {unacknowledged}, undone {undone}; services: {left}; not ready: {wrong}; senders: {dict(self.load.errors)}"

    def _pid(self, name: str) -> int | None:
        return self.line.service(name).get("pid")

    async def violations(self, timeout: float) -> list[str]:
        """Ends the load, waits until the line is at rest and gives everything that does not hold."""
        self.stop.set()
        await self.load.settled(timeout)
        # A text whose outcome is unknown is waited for longer than a test can: the checker looks at notices by itself.
        await self.line.quiet(timeout, notices=False)
        done = self.history.done
        with contextlib.suppress(TimeoutError):  # what is missing is what the checker names
            await self.tail.until(lambda: all(map(done, self.history.sent)), "the last answers", 60)
        url = self.line.database_url
        told = await self._notices(url, timeout)
        print(f"  notices that wait for an outcome: {await checker.waiting(url)}")
        return checker.check(self.history) + await checker.money(url, self.history) + told

    async def _notices(self, url: str, timeout: float) -> list[str]:
        """What does not hold about notices, once those that are due have had their turn and the last receipts have come."""
        end = time.monotonic() + timeout
        while True:
            texts = Counter(text["number"][-11:] for text in self.line.peers.texts())
            found = await checker.notices(url, self.history, texts, self.line.clock.now())
            if not found or time.monotonic() > end:
                return found
            await asyncio.sleep(1.0)

    def told(self) -> str:
        """One line a fault, and the sums, for a person."""
        rows = [f"  {what:<32} back after {seconds:5.1f} s" for what, seconds in self.back]
        sent, heard = len(self.history.sent), sum(map(len, self.history.topics.values()))
        again = checker.republished(self.history)
        rows.append(
            f"  {sent} requests, {heard} records heard, {again} of them published again after a crash"
        )
        rows.append(f"  what the senders' own client said: {dict(self.load.errors)}")
        return "\n".join(rows)


@asynccontextmanager
async def siege(line: Line, plan: Plan, first: int, people: int) -> AsyncIterator[Siege]:
    """Registers `people` families from number `first` on, then keeps up the plan's load until the block ends."""
    history, names = History(), {topic.name: topic.partitions for topic in topics.declared()}
    couples, stop = families(first, people), asyncio.Event()
    async with (
        Tail(line.kafka, names, history) as tail,
        Load(line.kafka, line.clock, history, couples, plan.random) as load,
    ):
        await load.register(couples)
        await line.quiet(notices=False)
        running = asyncio.create_task(load.run(plan["rate"], stop))
        try:
            yield Siege(line, load, history, tail, stop)
        finally:
            stop.set()
            await running
