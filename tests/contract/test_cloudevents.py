"""Our headers are CloudEvents' Kafka binding: held against the SDK of the CloudEvents project, both ways."""

import json
from datetime import datetime
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from deploy.contract.paths import SAMPLES
from shared.clock import SystemClock
from shared.contracts.structured import event_of, record_of
from shared.contracts.topics import TYPES
from shared.messaging.decode import Decoded, Decoder
from shared.messaging.records import PlainRecord
from shared.messaging.registry import default
from shared.testing.messages import MONDAY

DECODER = Decoder(default(), SystemClock())
SPECS = list(TYPES.values())


def sample(full: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / full / "full.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.short)
def test_the_sdk_reads_what_we_write(spec: Any) -> None:
    event = sample(spec.full)
    record = record_of(event)
    read = from_binary(KafkaMessage(dict(record.headers), record.key, record.value), JSONFormat())
    assert read.get_type() == spec.full
    assert (read.get_id(), read.get_source()) == (event["id"], event["source"])
    assert read.get_subject() == event["subject"]
    assert read.get_time() == datetime.fromisoformat(event["time"])
    assert read.get_extension("partitionkey") == event["partitionkey"]
    assert read.get_datacontenttype() == "application/json"
    assert read.get_data() == event["data"]


@pytest.mark.parametrize("spec", [s for s in SPECS if s.topic != "answers"], ids=lambda spec: spec.short)
def test_we_read_what_the_sdk_writes(spec: Any) -> None:
    event = sample(spec.full)
    names = ("id", "source", "type", "subject", "datacontenttype", "partitionkey")
    attributes = {name: event[name] for name in names} | {
        "specversion": "1.0",
        "time": datetime.fromisoformat(event["time"]),
    }
    written = to_binary(CloudEvent(attributes, event["data"]), JSONFormat())
    key = written.key.encode() if isinstance(written.key, str) else written.key
    now = int(MONDAY.timestamp() * 1000)
    record = PlainRecord(spec.topic, 0, 0, now, key, written.value, list(written.headers.items()))
    found = DECODER.decode(record)
    assert isinstance(found, Decoded)
    assert (found.event.type, found.event.id) == (spec.short, event["id"])
    assert found.event.time == datetime.fromisoformat(event["time"])


def test_structured_and_binary_are_inverse() -> None:
    for spec in SPECS:
        event = sample(spec.full)
        record = record_of(event)
        assert event_of(record.topic, record.key, record.headers, record.value) == event
