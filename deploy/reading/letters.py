"""Dead letters, read for people and turned back into the records that they were."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.reading import publishing, words
from deploy.reading.lines import dead_reason
from deploy.reading.masking import token
from deploy.reading.running import Running
from deploy.reading.seen import Seen
from shared.clock import BEIJING
from shared.messaging.dead_letters import original_place, replayed
from shared.messaging.records import Outgoing, PlainRecord


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `ref` is how commands name it."""

    seen: Seen

    @property
    def service(self) -> str:
        return self.seen.topic.removesuffix(".dead-letters")

    @property
    def ref(self) -> str:
        return f"{self.service}/{self.seen.partition}@{self.seen.offset}"

    @property
    def time(self) -> str:
        """When it became one, Beijing time."""
        return self.seen.at.astimezone(BEIJING).strftime("%m-%d %H:%M:%S")

    @property
    def is_due_row(self) -> bool:
        """Whether it was no record but a row that was due."""
        place = original_place(self.seen.headers)
        return place is not None and place[0] == "due"

    def matches(self, reason: str, source: str) -> bool:
        """Whether it has this reason and source; empty means any."""
        return reason in ("", dead_reason(self.seen)) and source in ("", self.seen.source)

    def summary(self) -> dict[str, Any]:
        """What may be shown of it in a list."""
        reason = dead_reason(self.seen)
        place = original_place(self.seen.headers)
        return {
            "ref": self.ref,
            "at": self.seen.at.isoformat(),
            "service": self.service,
            "reason": reason,
            "zh": words.dead(reason).zh,
            "en": words.dead(reason).en,
            "source": token(self.seen.source),
            "id": token(self.seen.id),
            "type": token(self.seen.header("ce_type")),
            "original": f"{token(place[0])}/{place[1]}@{place[2]}" if place else None,
            "error_class": token(self.seen.header("x-error-class"))
            if self.seen.header("x-error-class")
            else None,
        }

    def told(self) -> dict[str, Any]:
        """Everything that may be shown of it: names and sizes of headers, the masked body, a digest of the original."""
        value = self.seen.value
        return {
            **self.summary(),
            "key": token(self.seen.key),
            "headers": [
                f"{token(name)} ({len(v) if v is not None else 'null'})" for name, v in self.seen.headers
            ],
            "bytes": None if value is None else len(value),
            "sha256": hashlib.sha256(value or b"").hexdigest(),
            "body": self.seen.masked(),
        }


def by_reason(letters: Iterable[Letter]) -> Counter[str]:
    """Counts by reason code."""
    return Counter(dead_reason(one.seen) for one in letters)


def to_replay(letters: Sequence[Letter]) -> tuple[list[tuple[Letter, Outgoing]], list[Letter]]:
    """The records to publish, and those letters that are no dead letters of a record."""
    records, hopeless = [], []
    for one in letters:
        seen = one.seen
        try:
            record = PlainRecord(
                seen.topic,
                seen.partition,
                seen.offset,
                int(seen.real * 1000),
                seen.key,
                seen.value,
                seen.headers,
            )
            records.append((one, replayed(record)))
        except ValueError:
            hopeless.append(one)
    return records, hopeless


async def publish(stack: Running, records: Sequence[Outgoing]) -> None:
    """Publishes in order, each acknowledged. Raises `StackError` when Kafka refuses or is away."""
    async with publishing.producer(stack.kafka, max_request_size=4 * 1024 * 1024) as producer:
        for record in records:
            await producer.send_and_wait(record.topic, record.value, key=record.key, headers=record.pairs())
