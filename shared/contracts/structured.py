"""A message in a file: one CloudEvent in structured JSON, with `topic` and `partitionkey` as extension attributes.

Samples, conversations and `gongji publish` use this form; on Kafka a message travels in binary mode.
Source: CloudEvents JSON Event Format 1.0.2; Partitioning extension (`partitionkey`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from shared.contracts import envelope as ce

_OWN = {"topic", "partitionkey", "data", "datacontenttype", "traceparent", "requestsource", "requestid"}


@dataclass(frozen=True, slots=True)
class Record:
    """The record that the file's event becomes. `key` is `None` where the file names none."""

    topic: str
    key: bytes | None
    headers: list[tuple[str, bytes]]
    value: bytes


def record_of(event: Mapping[str, Any]) -> Record:
    """The Kafka record of a structured event, whatever it says: the contract is judged elsewhere.

    Raises `ValueError` where there is no topic, and for attributes that are not text.
    """
    topic = event.get("topic")
    if not isinstance(topic, str) or not topic:
        raise ValueError('topic: missing, for example "binding.requests"')
    pairs = [
        (f"ce_{name}", event[name]) for name in event if name not in _OWN and not name.startswith("expected")
    ]
    pairs.append(("content-type", event.get("datacontenttype", ce.CONTENT_TYPE)))
    pairs += [
        (header, event[name])
        for name, header in (
            ("traceparent", ce.TRACEPARENT),
            ("requestsource", ce.REQUEST_SOURCE),
            ("requestid", ce.REQUEST_ID),
        )
        if name in event
    ]
    wrong = [name for name, value in pairs if not isinstance(value, str)]
    if wrong:
        raise ValueError(f"{wrong[0].removeprefix('ce_')}: an attribute is text")
    key = event.get("partitionkey")
    return Record(
        topic,
        None if key is None else str(key).encode(),
        [(n, v.encode()) for n, v in pairs],
        to_json(event.get("data")),
    )


def event_of(topic: str, key: bytes | None, headers: list[tuple[str, bytes]], value: bytes) -> dict[str, Any]:
    """The structured event of a record whose envelope is sound. Raises `ValueError` where it is not."""
    from pydantic_core import from_json

    given = {name: text.decode() for name, text in headers}
    event: dict[str, Any] = {
        name: given[f"ce_{name}"]
        for name in ("specversion", "id", "source", "type", "subject", "time")
        if f"ce_{name}" in given
    }
    event["datacontenttype"] = given.get("content-type", ce.CONTENT_TYPE)
    for name, header in (
        ("traceparent", ce.TRACEPARENT),
        ("requestsource", ce.REQUEST_SOURCE),
        ("requestid", ce.REQUEST_ID),
    ):
        if header in given:
            event[name] = given[header]
    event["topic"] = topic
    if key is not None:
        event["partitionkey"] = key.decode()
    return event | {"data": from_json(value)}
