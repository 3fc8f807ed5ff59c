"""What was published and what was heard: the two sides that the checker compares."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from pydantic_core import from_json

from shared.contracts import envelope as ce


class Heard(NamedTuple):
    """One record of a topic. `at` is the broker's append time in seconds; `request` is what an answer answers."""

    topic: str
    partition: int
    offset: int
    at: float
    source: str
    id: str
    type: str
    request: tuple[str, str]
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def body(self) -> dict[str, Any]:
        found = from_json(self.value or b"{}")
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Sent:
    """One request of the load, published at least once."""

    short: str
    source: str
    id: str
    about: str
    first: float = field(default_factory=time.monotonic)
    acknowledged: int = 0
    """How often the broker acknowledged it: more than once when the sender repeated it."""


@dataclass(slots=True)
class History:
    """Both sides. Records are kept in the order in which they were heard."""

    sent: list[Sent] = field(default_factory=list)
    topics: dict[str, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[tuple[str, str], list[Heard]] = field(default_factory=lambda: defaultdict(list))
    decided: dict[str, str] = field(default_factory=dict)
    """The latest type of decision by binding."""

    def hear(self, heard: Heard) -> None:
        self.topics[heard.topic].append(heard)
        if heard.request[1]:
            self.answers[heard.request].append(heard)
        if heard.topic == "binding.decisions":
            self.decided[heard.body["binding_id"]] = heard.type.rsplit(".", 1)[1]

    def done(self, sent: Sent) -> bool:
        """Whether a request has come to its end: a bill answered, a binding approved and answered."""
        if sent.short.startswith("binding"):
            return self.decided.get(sent.about) == "approved" and bool(
                self.answers.get((sent.source, sent.id))
            )
        return bool(self.answers.get((sent.source, sent.id)))


class Tail:
    """Reads topics from now on, through any outage of the broker. `topics`: their numbers of partitions."""

    def __init__(self, bootstrap: str, topics: Mapping[str, int], history: History) -> None:
        self._bootstrap, self._history = bootstrap, history
        self._places = [TopicPartition(topic, p) for topic, count in topics.items() for p in range(count)]
        self._next: dict[TopicPartition, int] = {}
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Tail":
        consumer = await self._open()
        self._next = {place: await consumer.position(place) for place in self._places}
        await consumer.stop()
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _open(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, auto_offset_reset="latest"
        )
        await consumer.start()
        consumer.assign(self._places)
        return consumer

    async def _follow(self) -> None:
        while True:
            try:
                consumer = await self._open()
            except (KafkaError, OSError):
                await asyncio.sleep(0.3)
                continue
            try:
                for place, offset in self._next.items():
                    consumer.seek(place, offset)
                while True:
                    await self._take(await consumer.getmany(timeout_ms=100))
            except (KafkaError, OSError):
                await asyncio.sleep(0.3)
            finally:
                with contextlib.suppress(KafkaError, OSError):
                    await consumer.stop()

    async def _take(self, batches: Mapping[TopicPartition, list[Any]]) -> None:
        if not batches:
            return
        async with self._news:
            for place, records in batches.items():
                for record in records:
                    self._history.hear(heard(record))
                self._next[place] = records[-1].offset + 1
            self._news.notify_all()

    async def until(self, holds: Callable[[], bool], what: str, timeout: float) -> None:
        """Waits until something holds. Raises `TimeoutError` naming it."""
        try:
            async with asyncio.timeout(timeout), self._news:
                while not holds():
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(f"waited {timeout:.0f} s in vain for {what}") from None


def heard(record: Any) -> Heard:
    """A consumer's record."""
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    kind = headers.get(ce.CE_TYPE, "").removeprefix("gongji.").rpartition(".v")[0]
    request = headers.get(ce.REQUEST_SOURCE, ""), headers.get(ce.REQUEST_ID, "")
    return Heard(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp / 1000,
        headers.get(ce.CE_SOURCE, ""),
        headers.get(ce.CE_ID, ""),
        kind,
        request,
        record.value,
        tuple(record.headers),
    )
