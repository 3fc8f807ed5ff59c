"""Many messages for one running audit at a time, and what it said of many bindings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

from aiokafka import AIOKafkaProducer

from deploy.reading.seen import Seen
from deploy.reading.topics import whole
from shared.contracts.base import Message
from shared.testing.messages import MONDAY, to_kafka
from tests.integration.audit.conftest import PATIENCE, RUN, Desk
from tests.unit.audit.line import TYPES


def publish(desk: Desk, bodies: Iterable[Message], names: Iterable[str] | None = None) -> list[str]:
    """Screenings and verdicts by one producer, in order; their ids."""
    made = []
    for body in bodies:
        verdict = type(body).__module__.endswith("review_verdicts")
        topic, source = (
            ("review.verdicts", "desk") if verdict else ("binding.screenings", "gongji-eligibility")
        )
        desk.published += 1
        made.append(
            (f"{topic}.{TYPES[type(body)]}", body, source, f"many-{desk.folder.name}-{RUN}-{desk.published}")
        )
    ids = list(names or (one[3] for one in made))
    sent = [
        to_kafka(short, body, source, id, MONDAY)
        for (short, body, source, _), id in zip(made, ids, strict=True)
    ]

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=desk.kafka, enable_idempotence=True) as producer:
            for one in sent:
                await producer.send(one.topic, one.value, key=one.key, headers=one.headers)
            await producer.flush()

    asyncio.run(send())
    return ids


def by_binding(desk: Desk, topic: str, ids: Collection[UUID]) -> dict[UUID, list[Seen]]:
    """What a topic says of these bindings, in the order of each."""
    wanted = {str(one).encode() for one in ids}
    found: dict[UUID, list[Seen]] = {one: [] for one in ids}
    for seen in asyncio.run(whole(desk.running, topics=[topic], wanted=lambda record: record.key in wanted)):
        found[UUID((seen.key or b"").decode())].append(seen)
    return found


def until(
    desk: Desk, topic: str, counts: Mapping[UUID, int], patience: float = PATIENCE
) -> dict[UUID, list[Seen]]:
    """Waits until a topic says so much of each binding."""
    return until_all(
        desk, topic, counts, lambda found: all(len(found[one]) >= counts[one] for one in counts), patience
    )


def until_all(
    desk: Desk,
    topic: str,
    ids: Collection[UUID],
    enough: Callable[[Mapping[UUID, list[Seen]]], bool],
    patience: float = PATIENCE,
) -> dict[UUID, list[Seen]]:
    """Waits until what a topic says of these bindings is enough."""
    end = time.monotonic() + patience
    while True:
        found = by_binding(desk, topic, ids)
        if enough(found):
            return found
        assert time.monotonic() < end, (
            f"{topic}: {sum(map(len, found.values()))} of {len(ids)} bindings; {desk.log()}"
        )
        time.sleep(0.5)
