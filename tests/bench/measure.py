"""Watching a run: records on the answers topic by the broker's own end offsets, and CPU time by process."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy import topics
from tests.bench.world import SOURCE

ANSWERS = f"answers.{SOURCE}"


def places(topic: str) -> list[TopicPartition]:
    """The partitions of a declared topic."""
    count = next(t.partitions for t in topics.declared() if t.name == topic)
    return [TopicPartition(topic, n) for n in range(count)]


@dataclass
class Cpu:
    """CPU seconds (user and system, children included) by name of process."""

    roots: dict[str, list[psutil.Process]]

    def read(self) -> dict[str, float]:
        """Seconds so far."""
        return {name: sum(map(_seconds, found)) for name, found in self.roots.items()}


def _seconds(root: psutil.Process) -> float:
    total = 0.0
    for one in [root, *root.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if one is root:
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


@dataclass
class Drain:
    """How a backlog was worked off. `cpu` is microseconds per record by process, between the first and the last reading."""

    records: int
    seconds: float
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def per_s(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of all processes for a record."""
        return sum(self.cpu.values())


class Ends:
    """The number of records on a topic, asked of the broker; costs it next to nothing."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
        self._topic = topic

    async def __aenter__(self) -> Ends:
        await self._consumer.start()
        self._places = places(self._topic)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def count(self) -> int:
        """Records so far."""
        return sum((await self._consumer.end_offsets(self._places)).values())


class Counter(Protocol):
    """Something that grows while a backlog is worked off."""

    async def count(self) -> int:
        """How much so far."""
        ...


async def watch_drain(
    ends: Counter, cpu: Cpu, before: int, records: int, *, timeout: float, skip: float = 0.1
) -> Drain:
    """Waits until `ends` counts `records` more than `before`; measures from the first `skip` part of them on.

    The first part is left out because start-up and cold caches are no part of the rate. Raises `TimeoutError`.
    """
    deadline = time.monotonic() + timeout
    start: tuple[float, int, dict[str, float]] | None = None
    while True:
        count = await ends.count() - before
        now = time.monotonic()
        if start is None and count >= records * skip:
            start = (now, count, cpu.read())
        if start is not None and count >= records:
            done = count - start[1]
            used = {name: (after - start[2][name]) / done * 1e6 for name, after in cpu.read().items()}
            return Drain(done, now - start[0], used)
        if now > deadline:
            raise TimeoutError(f"{count} of {records} records after {timeout:.0f} s")
        await asyncio.sleep(0.05)
