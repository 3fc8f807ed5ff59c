"""What `gongji registry load` makes of a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy import cast, registry
from deploy.local.errors import StackError
from shared.clock import SystemClock
from shared.contracts.topics import TYPES

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SAMPLE = Path(__file__).parents[3] / "shared/contracts/samples/gongji.registry.persons.recorded.v1/full.json"


def test_the_cast_becomes_records_with_the_right_keys_and_steady_ids() -> None:
    records = registry.from_cast(cast.FILE, AT)
    assert len(records) >= 60
    assert {record.topic for record in records} == registry.TOPICS
    for record in records:
        headers = dict(record.headers)
        short = headers["ce_type"].decode().removeprefix("gongji.").removesuffix(".v1")
        body = TYPES[short].model.model_validate_json(record.value)
        assert record.key.decode() == TYPES[short].key_of(body)
        assert headers["ce_source"] == b"authority"
    ids = [dict(record.headers)["ce_id"] for record in records]
    assert len(set(ids)) == len(ids)
    assert ids == [dict(record.headers)["ce_id"] for record in registry.from_cast(cast.FILE, AT)]


def test_a_sample_is_accepted_with_the_present_time() -> None:
    clock = SystemClock()
    (record,) = registry.read(SAMPLE, clock, clock.now())
    assert record.topic == "registry.persons"
    assert record.key.decode() == json.loads(record.value)["psn_no"]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("x.yaml", "persons: [1]", "is not a cast"),
        ("x.yaml", "- a list", "is not a cast"),
        ("x.json", "no json", "Nothing was published; 1 of 1 are wrong"),
    ],
)
def test_bad_files_are_told_in_one_line(tmp_path: Path, name: str, text: str, line: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StackError, match=line):
        registry.read(file, SystemClock())


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="No such file"):
        registry.read(tmp_path / "none.json", SystemClock())
