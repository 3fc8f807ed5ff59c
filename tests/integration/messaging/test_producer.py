"""Publishing on real Kafka: keys, headers, order, refusals, patience."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, OutOfOrderSequenceNumber

from deploy.local.testing import TestStack
from shared.messaging.producer import BrokerTrouble, KafkaSender, ProducerBroken, make_producer
from shared.messaging.records import Outgoing, pack_headers
from shared.messaging.relay import Refusal
from shared.metrics import Metrics
from tests.integration.messaging.live import Live


@pytest_asyncio.fixture
async def live(stack: TestStack) -> AsyncIterator[Live]:
    one = Live(stack, "postgresql://unused")
    await one.create()
    yield one


@pytest_asyncio.fixture
async def sender(live: Live) -> AsyncIterator[KafkaSender]:
    one = KafkaSender(lambda: make_producer(live.settings()), Metrics())
    yield one
    await one.stop()


def outgoing(topic: str, key: str, n: int, size: int = 10) -> Outgoing:
    return Outgoing(
        topic,
        key.encode(),
        pack_headers([("n", str(n)), ("odd", None), ("binary", b"\xff")]),
        os.urandom(size),
    )


async def test_keys_headers_and_order_survive_many_batches(live: Live, sender: KafkaSender) -> None:
    """600 KB on 4 partitions are several batches of 256 KiB each; FastStream's own batch call loses keys and headers."""
    records = [outgoing(live.results, f"k{n % 7}", n, 3_000) for n in range(600)]
    assert await sender(records) == []
    found = await live.read(live.results, 600)
    numbers: dict[bytes, list[int]] = {}
    places: dict[bytes, set[int]] = {}
    for record in found:
        headers = dict(record.headers)
        assert headers["odd"] is None
        assert headers["binary"] == b"\xff"
        numbers.setdefault(record.key, []).append(int(headers["n"]))
        places.setdefault(record.key, set()).add(record.partition)
    assert all(own == sorted(own) for own in numbers.values())
    assert all(len(own) == 1 for own in places.values())
    async with live.producer() as plain:  # the same partitions as a plain client's
        for key, place in places.items():
            sent = await plain.send_and_wait(live.results, key=key, value=b"x")
            assert {sent.partition} == place


async def test_only_the_record_that_is_too_large_is_refused(live: Live, sender: KafkaSender) -> None:
    records = [
        outgoing(live.results, "k", 0),
        outgoing(live.results, "k", 1, 3_000_000),
        outgoing(live.results, "k", 2),
    ]
    assert await sender(records) == [Refusal(1, "MessageSizeTooLargeError")]
    assert await sender([outgoing(live.results, "k", 3)]) == []
    found = await live.read(live.results, 3)
    assert [dict(r.headers)["n"] for r in found] == [b"0", b"2", b"3"]


async def test_one_refused_record_alone_and_passing_trouble_among_the_refused() -> None:
    large = MessageSizeTooLargeError()
    assert await KafkaSender(lambda: FakeProducer(large), Metrics())([outgoing("t", "k", 0)]) == [
        Refusal(0, "MessageSizeTooLargeError")
    ]
    producer = FakeProducer(large, 0.0, large, 0.0)
    records = [outgoing("t", "k", n) for n in range(3)]
    assert await KafkaSender(lambda: producer, Metrics())(records) == [Refusal(1, "MessageSizeTooLargeError")]


class FakeProducer:
    """Answers as told."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent = 0

    async def start(self) -> None:
        """Nothing to start."""

    stop = start

    async def partitions_for(self, topic: str) -> set[int]:
        if topic == "away":
            raise TimeoutError
        return {0}

    def create_batch(self) -> Any:
        return self

    def append(self, **_: Any) -> object:
        return object()

    def close(self) -> None:
        """Nothing to close."""

    async def send_batch(self, *_: Any, **__: Any) -> "asyncio.Future[Any]":
        self.sent += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer = self.answers.pop(0)
        if isinstance(answer, float):
            asyncio.get_running_loop().call_later(answer, future.set_result, None)
        elif isinstance(answer, Exception):
            future.set_exception(answer)
        return future


async def test_a_slow_broker_is_awaited_and_never_sent_to_twice() -> None:
    producer, metrics = FakeProducer(0.2), Metrics()
    await KafkaSender(lambda: producer, metrics, patience=0.05)([outgoing("t", "k", 0)])
    assert producer.sent == 1
    assert metrics.publish_slow._value.get() >= 2


@pytest.mark.parametrize(
    ("topic", "answer", "raised"),
    [
        ("t", KafkaConnectionError(), BrokerTrouble),
        ("away", None, BrokerTrouble),
        ("t", OutOfOrderSequenceNumber(), ProducerBroken),
    ],
)
async def test_passing_trouble_and_a_broken_producer_differ(
    topic: str, answer: Any, raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        await KafkaSender(lambda: FakeProducer(answer), Metrics())([outgoing(topic, "k", 0)])
