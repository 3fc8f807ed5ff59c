"""What could not be handled, for operators: the original bytes, key and headers, plus where it stood and why, as UTF-8 headers of ours.

A dead letter keeps every original header in order. Ours follow: `x-original-topic`, `-partition`, `-offset`, `-timestamp` (ms of the
broker), `x-reason`, `x-service`, `x-error-class`. `replayed` turns one back into the record to publish on its original topic. A replay
is judged by its first append time: the core takes it from its own table `dead_letters` by the original coordinates and the hash of
the value, so the headers of somebody else buy nothing. It counts once, because it claims its id like any record.
"""

import hashlib
from collections.abc import Sequence

from shared.contracts import topics
from shared.messaging.decode import Dead
from shared.messaging.records import Outgoing, Record, pack_headers

ORIGINAL = "x-original-"
REASON = "x-reason"
_OURS = (ORIGINAL, REASON, "x-service", "x-error-class")


def value_hash(value: bytes | None) -> bytes:
    """16 bytes that tell one value from another."""
    return hashlib.blake2b(value or b"", digest_size=16).digest()


def dead_letter(service: str, dead: Dead) -> Outgoing:
    """The record for `<service>.dead-letters`."""
    record = dead.record
    ours = {
        ORIGINAL + "topic": record.topic,
        ORIGINAL + "partition": str(record.partition),
        ORIGINAL + "offset": str(record.offset),
        ORIGINAL + "timestamp": str(record.timestamp),
        REASON: dead.reason.value,
        "x-service": service,
    }
    if dead.error:
        ours["x-error-class"] = dead.error
    pairs = [*_without_ours(record), *((name, value.encode()) for name, value in ours.items())]
    return Outgoing(topics.dead_letters_topic(service), record.key, pack_headers(pairs), record.value)


def _without_ours(record: Record) -> list[tuple[str, bytes | None]]:
    return [(name, value) for name, value in record.headers if not name.startswith(_OURS)]


def is_replay(record: Record) -> bool:
    """Whether a record says that it was a dead letter."""
    return any(name == ORIGINAL + "topic" for name, _ in record.headers)


def original_place(headers: Sequence[tuple[str, bytes | None]]) -> tuple[str, int, int] | None:
    """The coordinates that a replay names, if it does so properly."""
    found = {name: value for name, value in headers if name.startswith(ORIGINAL)}
    try:
        topic, partition, offset = (
            found[ORIGINAL + name] or b"" for name in ("topic", "partition", "offset")
        )
        place = topic.decode(), int(partition), int(offset)
    except (KeyError, ValueError):
        return None
    return place if 0 <= place[1] < 2**31 and 0 <= place[2] < 2**63 else None


def replayed(record: Record) -> Outgoing:
    """The record to publish so that the service which left the dead letter `record` handles it again.

    Raises `ValueError` when `record` is no dead letter or came from no topic (a due row).
    """
    place = original_place(record.headers)
    if place is None or place[0] == "due":
        raise ValueError("this is no dead letter of a record")
    keep = [(n, v) for n, v in record.headers if n.startswith(ORIGINAL) or not n.startswith(_OURS)]
    return Outgoing(place[0], record.key, pack_headers(keep), record.value)
