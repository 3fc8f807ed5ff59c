"""Supervisors take cases out of others' hands, with a reason, on the record; and what is a reason."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic_core import from_json

from services.audit.domain.model import Claim
from services.audit.domain.verdicts import LEASE, says_nothing
from shared.contracts import review_verdicts as said
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import MaterialKind
from shared.policies.types import SecondEyes
from shared.policies.values import Review
from shared.testing.messages import MONDAY
from tests.unit.audit.line import ID, Line, passed, policy, refused, verdict

WHY = "原经办人请假，案件将逾期"


def queued(review: Review | None = None) -> Line:
    line = Line(policy(review=review or Review()))
    line.send(passed(proven=()))
    return line


def claim(line: Line, operator: str) -> None:
    line.send(said.Claimed(binding_id=ID, operator_id=operator))


def take(line: Line, operator: str = "op-1", note: str | None = WHY, **fields: Any) -> list[str]:
    """What it is answered with."""
    assert line.send(said.TakenOver(binding_id=ID, operator_id=operator, note=note), **fields) == []
    return [one.code for one in line.told.reasons]


def entries(line: Line) -> list[dict[str, Any]]:
    return [told for one in line.batch.record if (told := from_json(one.body))["kind"] != "decision"]


def test_a_supervisor_takes_a_case_and_who_had_it_is_told_so_by_name() -> None:
    line = queued()
    claim(line, "op-2")
    assert take(line) == []
    assert line.batch.files[ID].claim == Claim("op-1", MONDAY + LEASE, "op-2")
    (entry,) = entries(line)
    assert (entry["kind"], entry["by"], entry["before"], entry["why"]) == ("takeover", "op-1", "op-2", WHY)
    for body in (
        verdict("approve", "op-2"),
        said.Claimed(binding_id=ID, operator_id="op-2"),
        said.Released(binding_id=ID, operator_id="op-2"),
    ):
        assert line.send(body) == []
        assert [one.code for one in line.told.reasons] == ["case-taken-over"]
    line.send(verdict("approve", "op-3"))
    assert [one.code for one in line.told.reasons] == ["case-claimed"], "a third one never had it"
    assert line.send(verdict("approve", "op-1")) == ["approved"]


def test_who_had_it_may_have_it_again_when_the_supervisor_lets_it_go() -> None:
    line = queued()
    claim(line, "op-2")
    take(line)
    line.send(said.Released(binding_id=ID, operator_id="op-1"))
    claim(line, "op-2")
    assert line.told.accepted
    take(line)
    line.send(verdict("approve", "op-2"), time=MONDAY + LEASE)
    assert line.told.accepted, "a takeover lasts as long as a claim"


def test_a_takeover_of_nobody_s_case_is_a_claim_and_said_twice_it_is_renewed() -> None:
    line = queued()
    assert take(line) == []
    assert line.batch.files[ID].claim == Claim("op-1", MONDAY + LEASE)
    assert entries(line) == [], "nobody lost it"
    line = queued()
    claim(line, "op-2")
    take(line)
    later = MONDAY + timedelta(minutes=10)
    assert take(line, time=later) == []
    assert line.batch.files[ID].claim == Claim("op-1", later + LEASE, "op-2")
    assert len(entries(line)) == 1
    line = queued()
    claim(line, "op-2")
    assert take(line, time=MONDAY + LEASE) == []
    assert entries(line) == [], "the lease had run out"


def test_only_supervisors_with_a_reason_take_cases_that_wait_for_people() -> None:
    line = queued()
    claim(line, "op-2")
    assert take(line, "op-3") == ["operator-role-missing"]
    for empty in (None, "", "急", "。。。。。", "a b"):
        assert take(line, note=empty) == ["field-invalid"]
    assert line.batch.files[ID].claim == Claim("op-2", MONDAY + LEASE)
    line.send(verdict("approve", "op-2"))
    assert take(line) == ["already-decided"]
    waits = Line()
    waits.send(
        refused("materials-missing").model_copy(update={"supplement": (MaterialKind.HOUSEHOLD_REGISTER,)})
    )
    assert waits.state.state is State.SUPPLEMENT_REQUESTED
    assert take(waits) == ["wrong-state"]
    assert take(Line()) == ["binding-unknown"]


def test_who_approved_first_of_two_does_not_take_the_case_back() -> None:
    line = queued(Review(second_eyes=(SecondEyes(),)))
    line.send(verdict("approve", "op-1"))
    claim(line, "op-2")
    assert take(line) == ["second-eyes-needed"]


@pytest.mark.parametrize("why", ["电话核实", "abcd", "查询 投诉"])
def test_four_characters_that_differ_are_a_reason(why: str) -> None:
    assert not says_nothing(why)
    line = queued()
    line.send(said.Revealed(binding_id=ID, operator_id="op-1", note=why))
    assert line.told.accepted


@pytest.mark.parametrize("why", [None, "", "查", "查 看 ", "1111111", "　　　　　　"])
def test_less_is_none_and_nothing_is_on_the_record(why: str | None) -> None:
    assert says_nothing(why)
    line = queued()
    line.send(said.Revealed(binding_id=ID, operator_id="op-1", note=why))
    assert [one.code for one in line.told.reasons] == ["field-invalid"]
    assert entries(line) == []
