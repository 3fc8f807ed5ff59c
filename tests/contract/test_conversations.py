"""Each service alone says what the conversations expect of it, and what it says satisfies schemas and consumers."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deploy.contract import consumers
from deploy.contract.conversation import Conversation, Event, Run, differences, match, of_service, read
from deploy.contract.paths import CONVERSATIONS, SCHEMAS
from shared.contracts.envelope import split_type
from shared.contracts.sources import SERVICES
from shared.testing.messages import MONDAY as _AT
from tests.contract.playing import play, service_alone

ALL = [one for service in SERVICES for one in of_service(service)]


@pytest.mark.parametrize("conversation", ALL, ids=lambda one: f"{one.service}-{one.name}")
async def test_conversation(conversation: Conversation, database_urls: Mapping[str, str]) -> None:
    async with service_alone(conversation.service, database_urls) as alone:
        assert await play(conversation, alone, Run(1)) == []
        assert [fault for event in alone.said for fault in _faults(event)] == []


def _faults(event: Event) -> list[str]:
    """Where a message that was really published breaks its schema or what one of its consumers reads."""
    full = event["type"]
    schema = json.loads((SCHEMAS / f"{full}.json").read_text(encoding="utf-8"))
    found = [
        f"{full}: {error.json_path}: {error.validator}"
        for error in Draft202012Validator(schema).iter_errors(event["data"])
    ]
    split = split_type(full)
    assert split is not None
    for reads in consumers.all_reads():
        if reads.short == split[0]:
            missing = consumers.missing(reads, event["data"])
            found += [f"{full}: {reads.consumer} reads {name}, which is not there" for name in missing]
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_conversations(service: str) -> None:
    assert of_service(service)
    assert {one.parent.name for one in CONVERSATIONS.glob("*/*.jsonl")} == set(SERVICES)


PATTERN: dict[str, Any] = {
    "type": "t",
    "data": {"state": "approved", "reasons": [{"code": "a"}], "at": "$any", "cause": "$absent"},
}
GOOD: dict[str, Any] = {
    "state": "approved",
    "reasons": [{"code": "a", "zh": "x"}],
    "at": "2026-11-23T10:00:00Z",
    "more": 1,
}


def test_a_pattern_is_met_by_more_than_it_asks_for() -> None:
    event = {"type": "t", "data": GOOD, "id": "1"}
    assert match([PATTERN], [event]) == ([], [])
    assert match([], [event]) == ([], [event])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"state": "ended"}, "data.state: is not 'approved'"),
        ({"reasons": []}, "data.reasons: has 0 members instead of 1"),
        ({"reasons": [{"code": "b"}]}, "data.reasons[0].code: is not 'a'"),
        ({"at": None}, "data.at: is missing"),
        ({"cause": "death"}, "data.cause: must be absent"),
    ],
)
def test_what_differs_is_told(change: dict[str, Any], complaint: str) -> None:
    event = {"type": "t", "data": GOOD | change}
    assert list(differences(PATTERN, event)) == [complaint]
    assert match([PATTERN], [event]) == ([f"t: {complaint}"], [event])


def test_what_was_not_said_is_told() -> None:
    assert match([PATTERN], []) == (["t: was not published"], [])


def test_times_are_compared_as_times() -> None:
    assert list(differences("2026-11-23T10:00:00+08:00", "2026-11-23T02:00:00Z")) == []


def test_two_runs_share_no_person_and_no_id() -> None:
    one, other = Run(1), Run(2)
    for name in ("$id:1", "$uuid:1", "$msgid:1", "$adult:1.psn_no", "$elder:2.certno"):
        assert one.fill(name, _AT) != other.fill(name, _AT)
        assert one.fill(name, _AT) == Run(1).fill(name, _AT)


def test_a_file_that_is_no_conversation_is_named(tmp_path: Any) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"about": "x"}\n{"say": 1}\n')
    with pytest.raises(ValueError, match=r"x\.jsonl:2: neither in, again, out nor wait"):
        read(path)
