"""`gongji contract verify`: plays conversations against one service of a running stack, over Kafka, and prints what differs."""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console

from deploy.contract.conversation import Conversation, Event, Run, match, of_service, read
from deploy.local.errors import StackError
from deploy.reading import running
from shared.contracts.envelope import service_source
from shared.contracts.sources import SERVICES, load
from shared.contracts.structured import Record, event_of, record_of
from shared.contracts.topics import TOPICS, answers_topic

_SETTLE = 1.5
"""Seconds given to records that nothing answers (registry, credits), whose topics the service reads beside the others."""


def verify_running(service: str, files: Sequence[Path], timeout: float) -> bool:
    """Whether all conversations went as they should. Raises `StackError` for an unknown service or without a stack."""
    if service not in SERVICES:
        raise StackError(f"there is no service {service!r}", f"One of {', '.join(SERVICES)}.")
    found = [read(path) for path in files] or of_service(service)
    stack = running.find()
    console = Console(highlight=False, soft_wrap=True)
    return asyncio.run(_verify_all(stack, service, found, timeout, console))


async def _verify_all(
    stack: running.Running, service: str, found: Sequence[Conversation], timeout: float, console: Console
) -> bool:
    good = True
    for number, conversation in enumerate(found):
        if why := _left_out(conversation):
            console.print(f"  -  {conversation.name}: left out ({why})")
            continue
        run = Run((int(time.time()) + number) % 100_000)
        complaints = await _Playing(stack, service, run, timeout).play(conversation)
        good = good and not complaints
        console.print(
            f"{'FAIL' if complaints else ' ok '} {conversation.name}: {conversation.about}", markup=False
        )
        for line in complaints:
            console.print(f"       {line}", markup=False)
    return good


def _left_out(conversation: Conversation) -> str:
    if conversation.waits:
        return "time has to pass"
    needed = conversation.needs
    return f"{needed} is not set" if needed and needed not in os.environ else ""


class _Playing:
    """One conversation on one stack. Only what the service says about this run's keys and requests counts."""

    def __init__(self, stack: running.Running, service: str, run: Run, timeout: float) -> None:
        self._stack, self._run, self._timeout = stack, run, timeout
        self._source = service_source(service)
        self._said: list[Event] = []

    async def play(self, conversation: Conversation) -> list[str]:
        producer = AIOKafkaProducer(bootstrap_servers=self._stack.kafka, acks="all")
        topics = [name for name in TOPICS if name != "answers"] + [
            answers_topic(one.id) for one in load().values() if one.kind != "service"
        ]
        consumer = AIOKafkaConsumer(*topics, bootstrap_servers=self._stack.kafka, auto_offset_reset="latest")
        try:
            await producer.start()
            await consumer.start()
            await consumer.seek_to_end()
            for partition in consumer.assignment():
                await consumer.position(partition)
            return await self._steps(conversation, producer, consumer)
        finally:
            await consumer.stop()
            await producer.stop()

    async def _steps(self, conversation: Conversation, producer: Any, consumer: Any) -> list[str]:
        complaints: list[str] = []
        wanted: list[Event] = []
        told: dict[int, Record] = {}
        place, at = 1, self._stack.clock.now()
        for step in [one for one in conversation.steps if one.only != "process"]:
            if step.kind == "out":
                wanted.append(self._run.fill(step.content, at))
                continue
            complaints += await self._heard(wanted, place, consumer)
            if complaints:
                return complaints
            wanted, place, at = [], step.number, self._stack.clock.now()
            told[place] = (
                told[step.content] if step.kind == "again" else record_of(self._run.event(step.content, at))
            )
            record = told[place]
            await producer.send_and_wait(record.topic, record.value, key=record.key, headers=record.headers)
        return complaints + await self._heard(wanted, place, consumer)

    async def _heard(self, wanted: list[Event], place: int, consumer: Any) -> list[str]:
        """Waits until everything wanted was said; complaints when time is up."""
        end = time.monotonic() + (self._timeout if wanted else _SETTLE)
        while True:
            complaints, left = match(wanted, self._said)
            if (wanted and not complaints) or time.monotonic() > end:
                self._said = left
                return [f"after line {place}: {what}" for what in complaints]
            batches = await consumer.getmany(timeout_ms=200)
            for record in (one for batch in batches.values() for one in batch):
                self._keep(record)

    def _keep(self, record: Any) -> None:
        headers = [(name, value) for name, value in record.headers if value is not None]
        if ("ce_source", self._source.encode()) in headers and record.value is not None:
            self._said.append(event_of(record.topic, record.key, headers, record.value))
