"""What `gongji publish` says of a file before anything is published."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.reading.structured import Publication, read
from shared.clock import SystemClock
from shared.testing import identities, messages
from shared.testing.messages import MONDAY

CLOCK = SystemClock(MONDAY.timestamp(), 1_700_000_000.0, 1.0, real=lambda: 1_700_000_000.0)
BODY = messages.submitted(identities.adult(1), identities.child(2), relation="child")


def event(**changes: Any) -> dict[str, Any]:
    """A structured event of the samples' format; a change to `...` leaves an attribute out."""
    plain: dict[str, Any] = {
        "specversion": "1.0",
        "id": "r-1",
        "source": "zheliban",
        "type": "gongji.binding.requests.submitted.v1",
        "time": MONDAY.isoformat(),
        "subject": str(BODY.binding_id),
        "datacontenttype": "application/json",
        "topic": "binding.requests",
        "partitionkey": BODY.sponsor.psn_no,
        "data": json.loads(BODY.model_dump_json(exclude_none=True)),
    }
    return {k: v for k, v in (plain | changes).items() if v is not ...}


def judged(tmp_path: Path, text: str, **options: Any) -> list[Publication]:
    file = tmp_path / "request.json"
    file.write_text(text, encoding="utf-8")
    return read(file, CLOCK, **options)


def errors(tmp_path: Path, **changes: Any) -> list[tuple[str, str, str]]:
    (one,) = judged(tmp_path, json.dumps(event(**changes)))
    return [(e.field, e.reason, e.example) for e in one.errors]


def test_a_sound_event_becomes_a_record_in_binary_mode(tmp_path: Path) -> None:
    (one,) = judged(tmp_path, json.dumps(event()))
    assert one.errors == []
    assert (one.topic, one.key) == ("binding.requests", BODY.sponsor.psn_no.encode())
    headers = dict(one.headers)
    assert headers["ce_type"] == b"gongji.binding.requests.submitted.v1"
    assert headers["ce_subject"] == str(BODY.binding_id).encode()
    assert headers["content-type"] == b"application/json"
    assert not {"ce_topic", "ce_partitionkey", "ce_data"} & headers.keys()
    assert json.loads(one.value or b"") == event()["data"]


def test_topic_key_and_subject_follow_from_the_type(tmp_path: Path) -> None:
    text = json.dumps(event(topic=..., partitionkey=..., subject=..., specversion=..., datacontenttype=...))
    (one,) = judged(tmp_path, text)
    assert one.errors == []
    assert (one.topic, one.key) == ("binding.requests", BODY.sponsor.psn_no.encode())
    assert dict(one.headers)["ce_specversion"] == b"1.0"


@pytest.mark.parametrize(
    "text",
    [json.dumps([event(), event(id="r-2")]), f"{json.dumps(event())}\n\n{json.dumps(event(id='r-2'))}\n"],
)
def test_arrays_and_lines(tmp_path: Path, text: str) -> None:
    assert [(one.id, one.errors) for one in judged(tmp_path, text)] == [("r-1", []), ("r-2", [])]


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    first, second = judged(tmp_path, f"{json.dumps(event())}\nnonsense\n")
    assert first.errors == []
    assert second.place.endswith("request.json:2")
    assert second.errors[0].reason == "this is no JSON object"


@pytest.mark.parametrize(
    ("changes", "field", "example"),
    [
        ({"source": "nobody"}, "source", "audit"),
        ({"source": "his-first"}, "source", "gongzhonghao"),
        ({"type": "gongji.surprise.v1"}, "type", "submitted"),
        ({"type": "submitted"}, "type", "gongji."),
        ({"type": "gongji.binding.requests.submitted.v2"}, "type", ".v1"),
        ({"topic": "registry.persons"}, "topic", "binding.requests"),
        ({"partitionkey": "1"}, "partitionkey", BODY.sponsor.psn_no),
        ({"subject": "1"}, "subject", ""),
        ({"time": "2026-11-23T10:00:00"}, "time", "+08:00"),
        ({"time": (MONDAY - timedelta(hours=73)).isoformat()}, "time", "+08:00"),
        ({"id": ...}, "id", "-"),
        ({"id": "no blanks"}, "id", "-"),
        ({"id": 5}, "id", "-"),
        ({"data": ...}, "data", "{"),
        ({"data": [1]}, "data", ""),
        ({"data": {}}, "data.binding_id", ""),
        ({"specversion": "0.3"}, "specversion", "1.0"),
    ],
)
def test_what_is_wrong_is_named_with_an_example(
    tmp_path: Path, changes: dict[str, Any], field: str, example: str
) -> None:
    found = errors(tmp_path, **changes)
    assert field in [row[0] for row in found]
    reason, shown = next((row[1], row[2]) for row in found if row[0] == field)
    assert reason
    if field != "source":
        assert example in shown
    else:
        assert shown


def test_every_wrong_field_is_told_at_once_without_its_content(tmp_path: Path) -> None:
    raw = event()["data"] | {"relation": "金丝雀", "admdvs": "金丝雀", "channel": "金丝雀"}
    found = errors(tmp_path, data=raw)
    assert {row[0] for row in found} == {"data.relation", "data.admdvs", "data.channel"}
    assert "金丝雀" not in str(found)


def test_now_replaces_the_time(tmp_path: Path) -> None:
    (one,) = judged(tmp_path, json.dumps(event(time="2020-01-01T00:00:00Z")), now=MONDAY)
    assert one.errors == []
    assert dict(one.headers)["ce_time"] == MONDAY.isoformat().encode()


def test_an_empty_file_holds_no_event(tmp_path: Path) -> None:
    (one,) = judged(tmp_path, "\n")
    assert one.errors[0].reason == "the file holds no event"
