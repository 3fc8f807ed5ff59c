"""What the authority publishes (registry.*, account.credits) from a file: a cast in YAML, or CloudEvents in JSON."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from deploy import cast
from deploy.local.errors import StackError
from deploy.reading import publishing, structured
from shared.clock import Clock
from shared.testing.messages import KafkaMessage, to_kafka

TOPICS = frozenset({"registry.persons", "registry.relations", "registry.institutions", "account.credits"})
SOURCE = "authority"
_NAMESPACE = uuid.UUID("6f2a1f0e-8d0b-5d5c-9a64-0a4f9f2d7c11")


def read(file: Path, clock: Clock, now: datetime | None = None) -> list[KafkaMessage]:
    """Every record of a file; YAML is a cast (see `deploy/cast/cast.yaml`) whose accounts are credited now; `now` replaces the
    times of CloudEvents.

    Raises StackError with place, field and reason when one is wrong, or is for another topic than the authority's.
    """
    if file.suffix in (".yaml", ".yml"):
        return from_cast(file, now or clock.now())
    try:
        found = structured.read(file, clock, now=now)
    except OSError as error:
        raise StackError(f"{file}: {error.strerror}", "Name a file of registry records.") from error
    for one in found:
        if one.errors:
            first = one.errors[0]
            raise StackError(
                f"{one.place}: {first.field}: {first.reason}",
                f"Nothing was published; {sum(map(bool, (o.errors for o in found)))} of {len(found)} are wrong.",
            )
        if one.topic not in TOPICS:
            raise StackError(
                f"{one.place}: {one.topic} is not the authority's", "Publish it with `gongji publish`."
            )
    return [KafkaMessage(one.topic, one.key or b"", one.headers, one.value or b"") for one in found]


def from_cast(file: Path, at: datetime) -> list[KafkaMessage]:
    """The records of a cast. An id is made of what it stands for: the same cast at the same time has the same ids.

    Raises StackError when the file is not a cast that the contract accepts.
    """
    try:
        bodies = list(cast.load(file).messages(at))
    except (OSError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StackError(
            f"{file} is not a cast: {reason}", "See deploy/cast/cast.yaml for the form."
        ) from error
    return [
        to_kafka(short, body, SOURCE, str(uuid.uuid5(_NAMESPACE, f"{short} {body.model_dump_json()}")), at)
        for short, body in bodies
    ]


async def publish(
    bootstrap: str, records: Sequence[KafkaMessage], progress: Callable[[int], None] = lambda _: None
) -> None:
    """Publish records in order of their keys; `progress` is told how many more were acknowledged. Raises StackError."""
    async with publishing.producer(bootstrap, linger_ms=20) as producer:
        for begin in range(0, len(records), 500):
            chunk = records[begin : begin + 500]
            sent = [
                await producer.send(one.topic, one.value, key=one.key, headers=one.headers) for one in chunk
            ]
            for acknowledged in sent:
                await acknowledged
            progress(len(chunk))
