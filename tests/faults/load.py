"""Steady load of bindings and bills from senders who publish again, under the same id, whatever was not acknowledged."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.clock import SystemClock
from shared.contracts.base import Message
from shared.contracts.settlement_requests import Settle
from shared.ids import SystemIds
from shared.testing.messages import bill, to_kafka
from tests.faults.families import Family
from tests.faults.history import History, Sent

CHANNEL, HOSPITAL_SYSTEM = "zheliban", "his-first"
REPEATED = 0.02
"""Share of messages that their sender repeats though all was well."""


RESERVE = 60
"""Couples that the steady load leaves for the probes after a fault."""


class Load:
    """Publishes and writes down what it published. One message in `REPEATED` goes out twice."""

    def __init__(
        self,
        bootstrap: str,
        clock: SystemClock,
        history: History,
        people: Sequence[Family],
        seed: random.Random,
    ) -> None:
        self._bootstrap, self._producer, self._renewing = bootstrap, _producer(bootstrap), asyncio.Lock()
        self.errors: Counter[str] = Counter()
        self._clock, self._history, self._random = clock, history, seed
        self._people, self._bound, self._bills = list(people), list[Family](), 0
        self._ids = SystemIds()
        self._sending: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await _stop(self._producer)

    async def register(self, people: Sequence[Family]) -> None:
        """Publishes what the authority knows about them, and waits for the broker."""
        now = self._clock.now()
        futures = []
        for family in people:
            for short, body in family.registry(now):
                topic, key, headers, value = to_kafka(short, body, "authority", str(self._ids.new()), now)
                futures.append(await self._producer.send(topic, value, key=key, headers=headers))
        await asyncio.gather(*futures)

    def bind(self) -> Sent:
        """The next couple applies. Raises `IndexError` when all have."""
        family = self._people.pop(0)
        self._bound.append(family)
        body = family.application(self._ids.new(), self._clock.now())
        return self._say("binding.requests.submitted", CHANNEL, body, str(body.binding_id))

    def pay(self) -> Sent:
        """A bill of one of the wives who applied."""
        self._bills += 1
        patient = self._random.choice(self._bound).wife
        at = self._clock.now() - timedelta(seconds=1)
        fields = bill(patient, self._random.randrange(100, 9_000), number=self._bills % 10_000, at=at)
        body = Settle(**fields)
        return self._say("settlement.requests.settle", HOSPITAL_SYSTEM, body, body.msgid)

    def _say(self, short: str, source: str, body: Message, about: str) -> Sent:
        sent = Sent(short, source, str(self._ids.new()), about)
        self._history.sent.append(sent)
        record = to_kafka(short, body, source, sent.id, self._clock.now())
        times = 2 if self._random.random() < REPEATED else 1
        task = asyncio.create_task(self._publish(sent, record, times))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return sent

    async def _publish(self, sent: Sent, record: Any, times: int) -> None:
        topic, key, headers, value = record
        for _ in range(times):
            while True:
                producer = self._producer
                try:
                    async with asyncio.timeout(10):
                        await producer.send_and_wait(topic, value, key=key, headers=headers)
                except (KafkaError, TimeoutError) as error:
                    self.errors[type(error).__name__] += 1
                    await self._renew(producer)
                else:
                    break
            sent.acknowledged += 1

    async def _renew(self, failed: AIOKafkaProducer) -> None:
        """A producer that failed or hangs is replaced by a new one, as a sender that is started again would do."""
        async with self._renewing:
            while self._producer is failed:
                fresh = _producer(self._bootstrap)
                try:
                    await fresh.start()
                except (KafkaError, OSError):
                    await fresh.stop()
                    await asyncio.sleep(0.3)
                    continue
                self._producer = fresh
                await _stop(failed)

    async def run(self, rate: float, stop: asyncio.Event) -> None:
        """Bindings and bills in turn, `rate` messages a second, until `stop` is set. What was late is caught up with."""
        began, count = time.monotonic(), 0
        while not stop.is_set():
            wanted = (time.monotonic() - began) * rate
            while count < wanted:
                count += 1
                if len(self._people) > RESERVE and (count % 2 or not self._bound):
                    self.bind()
                else:
                    self.pay()
            await asyncio.sleep(0.02)

    async def settled(self, timeout: float) -> None:
        """Waits until everything was acknowledged."""
        async with asyncio.timeout(timeout):
            while self._sending:
                await asyncio.wait(self._sending)


def _producer(bootstrap: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, request_timeout_ms=8_000
    )


async def _stop(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(2):
            await producer.stop()
            return
    await producer._sender.close()  # what it still holds is given up: `_publish` sends it by the next one
    await producer.client.close()
