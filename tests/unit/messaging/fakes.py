"""Fakes of the clients and of the step, as far as the consumer touches them."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from pydantic import SecretStr

from shared.health import Health
from shared.messaging.brake import Controls
from shared.messaging.consumer import Consumer
from shared.messaging.records import PlainRecord
from shared.metrics import Metrics
from shared.settings import ServiceSettings

PLACE = ("t", 0)
TP = TopicPartition(*PLACE)


class FakeKafka:
    """aiokafka's consumer as far as ours touches it."""

    def __init__(self) -> None:
        self.sought: list[tuple[TopicPartition, int]] = []
        self.paused_now: set[TopicPartition] = set()
        self.error: Exception | None = None
        self.ends = {TP: 10}
        self.polls: list[Any] = []
        self.partitions: dict[str, set[int]] = {"t": {0}}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought.append((partition, offset))

    def assignment(self) -> set[TopicPartition]:
        return {TP}

    def paused(self) -> set[TopicPartition]:
        return self.paused_now

    def pause(self, partition: TopicPartition) -> None:
        self.paused_now.add(partition)

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return self.partitions.get(topic)

    async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
        if self.error:
            raise self.error
        return self.ends

    beginning_offsets = end_offsets

    async def getmany(self, *_: Any, **__: Any) -> Any:
        found = self.polls.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found


class FakeConn:
    """A connection that knows one consumed offset."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def __aenter__(self) -> "FakeConn":
        return self

    async def __aexit__(self, *_: Any) -> None:
        return None

    def transaction(self) -> "FakeConn":
        return self

    acquire = transaction

    async def fetch(self, *_: Any) -> list[tuple[str, int, int]]:
        if self.error:
            raise self.error
        return [("t", 0, 4)]


class FakeStep:
    """Raises what it is told to."""

    def __init__(self) -> None:
        self.handler = SimpleNamespace(name="toy", topics=("t",))
        self.metrics, self.controls, self.pool = Metrics(), Controls(), FakeConn()
        self.paused: dict[tuple[str, int], int] = {}
        self.errors: list[Exception] = []
        self.sizes: list[int] = []

    async def run(self, records: Sequence[Any]) -> None:
        self.sizes.append(len(records))
        if self.errors:
            raise self.errors.pop(0)


def settings(**options: Any) -> ServiceSettings:
    told: dict[str, Any] = {"bootstrap_servers": "x:1", "database_url": SecretStr("postgresql://x")}
    return ServiceSettings(**(told | options))


class OurConsumer(Consumer):
    """A consumer with a fake client."""

    fake: FakeKafka

    @property
    def kafka(self) -> Any:
        return self.fake


def make(**options: Any) -> tuple[OurConsumer, FakeStep, FakeKafka]:
    step: Any = FakeStep()
    one = OurConsumer(settings(**options), step, Health(step.metrics))
    one.fake = FakeKafka()
    one.drain.positions[PLACE] = 0
    one._delay = 0.001
    return one, step, one.fake


def records(*offsets: int) -> list[PlainRecord]:
    return [PlainRecord("t", 0, offset, 0, b"k", b"v") for offset in offsets]
