"""What a batch says: written when it is asked for, in the order in which it was said."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts import answers
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import Step
from shared.contracts.binding_screenings import Withdrawn
from shared.ids import SystemIds
from shared.messaging.collector import Collector
from shared.messaging.handler import Due, Event, Item, Tombstone
from shared.messaging.registry import default
from shared.testing.messages import MONDAY, uid

ONE, OTHER = uid(1), uid(2)
ASKED = Origin(source="zheliban", id="m1")
TYPE = "binding.screenings.withdrawn"


def event(id: str, minutes: int) -> Event:
    at = MONDAY + timedelta(minutes=minutes)
    return Event("binding.requests", 0, 0, b"k", "zheliban", id, "t", None, at, at, True, None, Tombstone())


def collector(item: Item) -> Collector:
    out = Collector("eligibility", default(), SystemIds(), {})
    out.begin(item)
    return out


def withdrawn(binding_id: UUID) -> Withdrawn:
    return Withdrawn(binding_id=binding_id, at=MONDAY)


def screened() -> answers.Screened:
    return answers.Screened(
        binding_id=ONE, outcome="passed", step=Step.ACCEPTED, at=MONDAY, policy_version="v"
    )


def headers(record: Any) -> dict[str, Any]:
    return {name: value and value.decode() for name, value in record.pairs()}


def test_records_come_in_the_order_in_which_they_were_said_each_with_the_time_of_its_own_item() -> None:
    out = collector(event("m1", 0))
    out.emit(TYPE, withdrawn(ONE))
    out.answer(screened(), to=ASKED, type="answers.screened")
    out.begin(event("m2", 1))
    out.emit(TYPE, withdrawn(OTHER))
    assert [r.topic for r in out.outgoing] == ["binding.screenings", "answers.zheliban", "binding.screenings"]
    assert [json.loads(r.value or b"")["binding_id"] for r in out.outgoing] == [
        str(ONE),
        str(ONE),
        str(OTHER),
    ]
    times = [headers(r)["ce_time"] for r in out.outgoing]
    assert times[0] == times[1] < times[2]
    assert headers(out.outgoing[1])["ce_subject"] == str(ONE)


def test_what_is_said_after_somebody_has_looked_is_written_too_and_nothing_twice() -> None:
    out = collector(event("m1", 0))
    out.emit(TYPE, withdrawn(ONE))
    seen = list(out.outgoing)
    out.emit(TYPE, withdrawn(OTHER))
    assert out.outgoing[:1] == seen
    assert len(out.outgoing) == 2
    assert len({headers(r)["ce_id"] for r in out.outgoing}) == 2


def test_an_answer_is_kept_for_its_own_request_and_one_of_a_due_row_for_a_request_put_off() -> None:
    out = collector(event("m1", 0))
    out.answer(screened(), to=ASKED, type="screened")
    out.begin(event("m2", 1))
    out.answer(screened(), to=ASKED, type="screened")
    out.begin(Due("consent", str(ONE), MONDAY))
    out.answer(screened(), to=Origin(source="zheliban", id="m0"), type="screened")
    assert out.kept == {("zheliban", "m1"): out.outgoing[:1]}
    assert out.late == {("zheliban", "m0"): out.outgoing[2:]}


def test_nobody_is_answered_who_reads_no_answers() -> None:
    out = collector(event("m1", 0))
    for source in ("gongji-audit", "nobody-of-that-name"):
        out.answer(screened(), to=Origin(source=source, id="m1"), type="screened")
    assert out.outgoing == []


def test_what_cannot_be_written_raises_when_it_is_asked_for() -> None:
    out = collector(event("m1", 0))
    out.emit("binding.screenings.passed", withdrawn(ONE))
    with pytest.raises(TypeError, match="Passed, not Withdrawn"):
        _ = out.outgoing


def test_a_tombstone_without_a_key_is_refused_at_once() -> None:
    out = collector(event("m1", 0))
    with pytest.raises(ValueError, match="needs a key"):
        out.emit("binding.decisions.approved", None)
    out.emit("binding.decisions.approved", None, key=str(ONE))
    assert [(r.key, r.value) for r in out.outgoing] == [(str(ONE).encode(), None)]
