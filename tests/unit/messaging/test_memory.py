"""A service in memory: what is said is collected, what is due comes in order of time."""

from datetime import timedelta

import pytest

from shared.contracts.answers import Refused
from shared.contracts.base import Origin
from shared.contracts.reasons import reason
from shared.messaging.memory import Memory, Said
from shared.testing.identities import adult
from shared.testing.messages import MONDAY

HOUR = timedelta(hours=1)


def test_rows_come_at_their_time_and_in_order() -> None:
    memory = Memory()
    said = Said(MONDAY, memory)
    said.due("consent", "b", MONDAY + HOUR, {"n": 1})
    said.due("person", "a", MONDAY + HOUR)
    said.due("turn", "c", MONDAY)
    found = [memory.next_due(MONDAY + HOUR) for _ in range(4)]
    assert [(d.kind, d.entity, d.time, d.body) for d in found if d] == [
        ("turn", "c", MONDAY, {}),
        ("consent", "b", MONDAY + HOUR, {"n": 1}),
        ("person", "a", MONDAY + HOUR, {}),
    ]
    assert found[3] is None


def test_a_row_that_lies_ahead_waits_and_one_that_is_set_again_has_one_time() -> None:
    memory = Memory()
    said = Said(MONDAY, memory)
    said.due("consent", "b", MONDAY)
    said.due("consent", "b", MONDAY + HOUR)
    assert memory.next_due(MONDAY) is None
    said.no_longer_due("consent", "b")
    said.no_longer_due("consent", "never set")
    assert memory.next_due(MONDAY + HOUR) is None


def test_what_is_emitted_and_answered_is_kept_with_its_type() -> None:
    said = Said(MONDAY, Memory())
    record, to = adult(1).recorded(), Origin(source="zheliban", id="m1")
    refused = Refused(request_type="binding.requests.submitted", reasons=(reason("binding-unknown"),))
    said.emit("registry.persons.recorded", record)
    said.answer(refused, to=to, type="answers.refused")
    assert (said.types, said.only, said.codes) == (["recorded"], record, ["binding-unknown"])
    assert said.answers == [(to, refused)]


def test_a_body_that_is_not_of_its_type_is_a_fault_of_the_service() -> None:
    said = Said(MONDAY, Memory())
    with pytest.raises(AssertionError):
        said.emit("binding.screenings.passed", adult(1).recorded())
    with pytest.raises(AssertionError):
        said.answer(adult(1).recorded(), to=Origin(source="zheliban", id="m1"), type="answers.refused")


def test_messages_and_ids_are_numbered() -> None:
    memory = Memory()
    said = Said(MONDAY, memory)
    one, two = (
        memory.event("registry.persons.recorded", adult(n).recorded(), at=MONDAY, source="authority")
        for n in (1, 2)
    )
    assert (one.id, two.id, one.topic, one.time_believed) == ("m1", "m2", "registry.persons", True)
    first, second = said.new_id(), said.new_id()
    assert (first.version, first < second) == (7, True)
