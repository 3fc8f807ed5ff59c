"""The one subscriber of a service, feeding the batch step; `broker` says how it is set up.

`NACK_ON_ERROR` spins without backoff → we sleep (≤ 5 s, cut short by a rebalance or a stop) before an error leaves the handler.
A rebalance takes partitions away under a batch → `drain.Drain` waits for the batch and seeks to `consumed` afterwards.

Two live processes with one `group_instance_id` throw each other out for ever (556 duplicates in 15 s, measured): an instance name
belongs to one replica. The inbox keeps the result right even then; the rebalance metric shows the duel.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared import log
from shared.db import is_infrastructure
from shared.health import Health, Heartbeat
from shared.messaging import lenient
from shared.messaging.brake import Braked
from shared.messaging.broker import make_broker, subscribe
from shared.messaging.drain import Drain
from shared.messaging.records import Record
from shared.messaging.step import BatchStep
from shared.messaging.tables import LostRace, Place
from shared.settings import ServiceSettings

STUCK_SECONDS = 60.0
LENIENT_POLLS = 20


class Retry(Exception):
    """The batch was not handled and must come again. Carries nothing, so that the library can log it."""


class Consumer:
    """Reads the service's topics and runs the step. `fatal` is set to a line of text when the process must end."""

    def __init__(self, settings: ServiceSettings, step: BatchStep, health: Health) -> None:
        self.settings, self.step, self.health = settings, step, health
        self.turn = asyncio.Lock()  # batches and due rows take turns
        self.fatal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.polled = Heartbeat(STUCK_SECONDS)
        self._log = log.get()
        self._delay = 0.05
        self._chunk = settings.max_records
        self.failed: dict[Place, int] = {}
        self._broken_since: float | None = None
        self._lenient_polls = 0
        lenient.install()
        self.drain = Drain(self)
        self._broker = make_broker(settings, step.metrics)
        handler = step.handler
        self._subscriber = subscribe(
            self._broker,
            settings,
            handler.name,
            handler.topics,
            self.drain,
            lambda records: self.handle(records),
        )

    @property
    def kafka(self) -> Any:
        """aiokafka's consumer, once started."""
        return self._subscriber.consumer

    async def start(self) -> None:
        """Raises `KafkaError` or `OSError` when the brokers cannot be reached."""
        self.health.set("partitions", "none assigned yet")
        try:
            await self._broker.start()
        except BaseException:
            await self._broker.stop()  # or the half-started client stays behind
            raise
        self._watch_polls()
        self.health.live["consumer"] = self._complaint

    async def stop(self) -> None:
        """Drains: the batch in flight is finished and its offset committed, within the drain budget."""
        self.health.live.pop("consumer", None)
        self.drain.give_up.set()
        await self._broker.stop()

    async def idle(self, budget: float) -> None:
        """Waits until no batch is in flight, committed offsets included."""
        await self._subscriber.lock.wait_release(budget)

    async def handle(self, records: Sequence[Record]) -> None:
        """One batch from the library. Raises `Retry` after the backoff when it must come again."""
        async with self.turn:
            if not await self.drain.ready(records) or self._jumped(records):
                return  # the position was set anew; what was read is read again from there
            try:
                for start in range(0, len(records), self._chunk):
                    async with asyncio.timeout(self.settings.drain_budget * 0.9):
                        await self.step.run(records[start : start + self._chunk])
                    self.polled.beat()
            except Exception as error:
                await self._wait(records, error)
                raise Retry from None
            self.drain.handled(records)
            self._recovered(records)
        self._hold_paused()

    async def _wait(self, records: Sequence[Record], error: Exception) -> None:
        """Says why, turns readiness red and sleeps the backoff; a rebalance or a stop cuts it short."""
        if isinstance(error, TimeoutError):
            self._chunk = max(1, self._chunk // 2)
        for record in reversed(records):
            self.failed[record.topic, record.partition] = record.offset
        known = isinstance(error, Braked | LostRace) or is_infrastructure(error)
        self.step.metrics.batch_failures.labels("infrastructure" if known else "unknown").inc()
        if isinstance(error, Braked):
            self.health.set("brake", self.step.controls.braked or "pulled")
            self._delay = 1.0
        else:
            self.health.set("batch", f"a batch waits: {type(error).__name__}")
            self._log.warning("batch waits", records=len(records), seconds=self._delay, **log.fault(error))
        if not isinstance(error, LostRace):
            try:
                async with asyncio.timeout(self._delay):
                    await self.drain.give_up.wait()
            except TimeoutError:
                pass
            self._delay = min(self._delay * 2, 5.0)

    def _recovered(self, records: Sequence[Record]) -> None:
        self._delay = 0.05
        for (
            record
        ) in records:  # only these: another partition of the failed batch may still be ahead of its place
            self.failed.pop((record.topic, record.partition), None)
        self._chunk = min(self.settings.max_records, self._chunk * 2)
        self.health.set("batch", None)
        self.health.set("brake", None)

    def _jumped(self, records: Sequence[Record]) -> bool:
        """A failed batch whose seek back failed would be skipped without a word: seek again."""
        if not self.failed:
            return False
        first = {(r.topic, r.partition): r.offset for r in reversed(records)}
        ahead = {place: at for place, at in self.failed.items() if first.get(place, at) > at}
        for place, at in ahead.items():
            self.step.metrics.commit_failures.inc()
            self.kafka.seek(TopicPartition(*place), at)
            del self.failed[place]  # where the record has expired since, what comes next is right
        return bool(ahead)

    def _hold_paused(self) -> None:
        """Partitions before a newer version stand still until this service is deployed anew; the others go on."""
        for place, offset in self.step.paused.items():
            partition = TopicPartition(*place)
            if partition in self.kafka.assignment() and partition not in self.kafka.paused():
                self.kafka.pause(partition)
                self.kafka.seek(partition, offset)
        self.step.metrics.paused.set(len(self.step.paused))
        versions = f"{len(self.step.paused)} partitions stand before a newer version; deploy this service"
        self.health.set("version", versions if self.step.paused else None)

    def _watch_polls(self) -> None:
        """Wraps the poll, so that liveness sees it and a record that the client cannot parse does not kill the loop unseen."""
        poll = self.kafka.getmany

        async def getmany(*args: Any, **options: Any) -> Any:
            try:
                found = await poll(*args, **options)
            except KafkaError as error:
                self._kafka_trouble(error)
                raise
            except UnicodeDecodeError:
                await self._read_leniently()
                return {}
            self._lenient_polls -= bool(found)
            if lenient.is_lenient() and self._lenient_polls < 0:
                lenient.read_leniently(False)
            self.polled.beat()
            if self._broken_since is not None:
                self._broken_since = None
                self.health.set("kafka", None)
            return found

        self.kafka.getmany = getmany

    async def _read_leniently(self) -> None:
        """A header name that is not UTF-8: what this poll took of other partitions is gone, so all are read again."""
        self._log.warning("a record that the client cannot read; reading leniently")
        lenient.read_leniently(True)
        self._lenient_polls = LENIENT_POLLS
        for partition in self.kafka.assignment():
            place = partition.topic, partition.partition
            if place in self.drain.positions:
                self.kafka.seek(partition, self.drain.positions[place])
            else:
                await self.drain.on_partitions_assigned([partition])

    def _kafka_trouble(self, error: KafkaError) -> None:
        now = asyncio.get_running_loop().time()
        self._broken_since = self._broken_since or now
        self.health.set("kafka", type(error).__name__)
        if now - self._broken_since > STUCK_SECONDS and not self.fatal.done():
            self.fatal.set_result(f"the consumer has failed for a minute ({type(error).__name__})")

    def _complaint(self) -> str | None:
        """A consumer that died behind a healthy ping: each of its tasks must live, and polls must go on."""
        if any(task.done() for task in self._subscriber.tasks):
            return "the consume task has ended"
        coordination = getattr(getattr(self.kafka, "_coordinator", None), "_coordination_task", None)
        if coordination is not None and coordination.done():
            return "the coordination task has ended"
        return self.polled.check()

    def end(self, why: str) -> None:
        """Ends the process with one clear line."""
        if not self.fatal.done():
            self.fatal.set_result(why)

    async def look(self) -> None:
        """Asks the broker for the ends of our partitions: lag, and whether it answers at all. Raises as the client does."""
        async with asyncio.timeout(10):
            ends = await self.kafka.end_offsets(self.kafka.assignment())
        for partition, end in ends.items():
            position = self.drain.positions.get((partition.topic, partition.partition), end)
            lag = self.step.metrics.lag.labels(partition.topic, str(partition.partition))
            lag.set(max(0, end - position))
