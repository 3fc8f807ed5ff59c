"""A document of the authority about a person: all bindings at once, those that are approved later, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic_core import from_json

from services.audit.domain.persons import Hold, begun, lifted
from shared.contracts import review_verdicts as said
from shared.contracts.binding_decisions import Cause, State
from shared.contracts.binding_screenings import Party
from shared.contracts.operators import Operator, Role
from shared.contracts.registry import RelationRecorded
from shared.messaging.handler import FieldError, Invalid
from shared.testing.messages import MONDAY, uid
from tests.unit.audit.line import OPERATORS, Line, passed, policy, verdict

DAY = timedelta(days=1)
FIRST, SECOND, THIRD, LATER = (uid(number) for number in (11, 12, 13, 14))
NORTH = {"admdvs": "330100"}
SOUTH = {"admdvs": "440100"}
OPERATORS_HERE = OPERATORS | {
    "op-north": Operator("op-north", frozenset({Role.AUTHORITY}), ("330000",)),
    "op-city": Operator("op-city", frozenset({Role.AUTHORITY}), ("330100",)),
    "op-own": Operator("op-own", frozenset({Role.AUTHORITY}), ("100000",), frozenset({"S1"})),
    "op-kin": Operator("op-kin", frozenset({Role.AUTHORITY}), ("100000",), frozenset({"K1"})),
}


def of(kind: type, psn_no: str = "S1", **fields: Any) -> Any:
    values = {
        "psn_no": psn_no,
        "operator_id": "op-authority",
        "document": "医保发〔2026〕7号",
        "reason": "涉嫌冒用，核查期间暂停",
        "effective_at": MONDAY,
    }
    return kind(**(values | fields))


def suspended(psn_no: str = "S1", **fields: Any) -> said.PersonSuspended:
    return of(said.PersonSuspended, psn_no, **fields)  # type: ignore[no-any-return]


def resumed(psn_no: str = "S1", **fields: Any) -> said.PersonResumed:
    more = {"document": "医保发〔2026〕8号", "effective_at": MONDAY + DAY}
    return of(said.PersonResumed, psn_no, **(more | fields))  # type: ignore[no-any-return]


def bound(
    line: Line, binding_id: Any, beneficiary: str = "B1", *, proven: Any = True, **case: Any
) -> list[str]:
    """Another binding of S1, in the line's region unless the case says otherwise."""
    party = Party(psn_no=beneficiary, insuplc_admdvs="330100")
    body = passed(proven=("registry",) if proven else (), beneficiary=party, **case)
    return line.send(body.model_copy(update={"binding_id": binding_id}))


@pytest.fixture
def line() -> Line:
    """S1 shares with B1, B2 and, in another region, with B3."""
    made = Line()
    made.handler._operators = OPERATORS_HERE
    for number, beneficiary, where in ((FIRST, "B1", NORTH), (SECOND, "B2", NORTH), (THIRD, "B3", SOUTH)):
        bound(made, number, beneficiary, **where)
    return made


def states(line: Line) -> dict[Any, State]:
    return {one: file.state.state for one, file in line.batch.files.items()}


def codes(reasons: Any) -> list[str]:
    return [one.code for one in reasons]


def test_one_document_suspends_every_binding_of_a_person_on_both_sides(line: Line) -> None:
    other = passed(
        sponsor=Party(psn_no="S2", insuplc_admdvs="330100"),
        beneficiary=Party(psn_no="S1", insuplc_admdvs="330100"),
    )
    line.send(other.model_copy(update={"binding_id": LATER}))
    assert line.send(suspended()) == ["suspended"] * 4
    assert [one.binding_id for one in line.told.concerned] == [FIRST, SECOND, THIRD, LATER]
    assert (line.told.accepted, line.told.left) == (True, ())
    by = {one: file.state.suspended[-1].by for one, file in line.batch.files.items()}
    assert by == dict.fromkeys((FIRST, SECOND, THIRD), "sponsor-by-authority") | {
        LATER: "beneficiary-by-authority"
    }
    for _, state in line.decisions[-4:]:
        assert codes(state.reasons) == ["suspended-by-authority"]
        assert "医保发〔2026〕7号" in state.reasons[0].zh


def test_the_reason_is_on_the_record_with_the_document_for_each_binding(line: Line) -> None:
    before = len(line.batch.record)
    line.send(suspended())
    entries = [from_json(entry.body) for entry in line.batch.record[before:]]
    why = [one for one in entries if one["kind"] == "authority"]
    assert {one["binding_id"] for one in why} == {str(FIRST), str(SECOND), str(THIRD)}
    assert {(one["said"], one["document"], one["why"]) for one in why} == {
        ("person-suspended", "医保发〔2026〕7号", "涉嫌冒用，核查期间暂停")
    }
    assert [one["by"] for one in entries if one["kind"] == "decision"] == ["op-authority"] * 3


def test_the_reason_for_one_binding_is_on_the_record_too(line: Line) -> None:
    paper = {"binding_id": FIRST, "operator_id": "op-authority", "document": "9号", "effective_at": MONDAY}
    line.send(said.Suspended(**paper, reason="举报待查"))
    last = from_json(line.batch.record[-1].body)
    assert (last["kind"], last["said"], last["document"], last["why"]) == (
        "authority",
        "suspended",
        "9号",
        "举报待查",
    )


def test_what_is_approved_later_is_suspended_with_it_whoever_approves(line: Line) -> None:
    line.send(suspended())
    assert bound(line, LATER, "B4") == ["received", "approved", "suspended"]
    last = line.batch.files[LATER].state
    assert (last.suspended[0].begin, last.suspended[0].end) == (last.at, None)
    assert from_json(line.batch.record[-1].body)["by"] == "auto", "nobody said it of this binding"
    waits = uid(15)
    assert bound(line, waits, "B5", proven=False) == ["received", "under-review"]
    approve = verdict("approve").model_copy(update={"binding_id": waits})
    assert line.send(approve) == ["approved", "suspended"]
    assert line.told.state is State.SUSPENDED
    by = [from_json(entry.body).get("by") for entry in line.batch.record[-2:]]
    assert by == ["op-1", "auto"]


def test_a_request_under_review_waits_on_and_is_named(line: Line) -> None:
    bound(line, LATER, "B4", proven=False)
    line.send(suspended())
    assert line.told.waiting == 1
    assert states(line)[LATER] is State.UNDER_REVIEW


def test_a_suspension_with_an_end_is_over_by_itself_for_all(line: Line) -> None:
    line.send(suspended(until=MONDAY + 3 * DAY))
    bound(line, LATER, "B4")
    assert set(states(line).values()) == {State.SUSPENDED}
    assert line.wait(MONDAY + 4 * DAY) == ["resumed"] * 4
    assert bound(line, uid(15), "B5") == ["received", "approved"], "the hold is over as well"


def test_a_suspension_to_come_begins_by_itself(line: Line) -> None:
    assert line.send(suspended(effective_at=MONDAY + 2 * DAY)) == ["changed"] * 3
    assert bound(line, LATER, "B4") == ["received", "approved", "changed"]
    assert line.wait(MONDAY + 3 * DAY) == ["suspended"] * 4


def test_resuming_a_person_leaves_what_was_suspended_for_one_binding(line: Line) -> None:
    paper = {"binding_id": FIRST, "operator_id": "op-authority", "document": "3号", "effective_at": MONDAY}
    line.send(said.Suspended(**paper))
    line.send(suspended())
    line.send(resumed(), time=MONDAY + DAY)
    assert [one.binding_id for one in line.told.concerned] == [FIRST, SECOND, THIRD]
    assert states(line) == {FIRST: State.SUSPENDED, SECOND: State.APPROVED, THIRD: State.APPROVED}
    assert bound(line, LATER, "B4") == ["received", "approved"]
    assert line.send(said.Resumed(**paper | {"document": "4号", "effective_at": MONDAY + DAY})) == ["resumed"]


def test_lifting_one_binding_does_not_lift_what_was_said_of_the_person(line: Line) -> None:
    line.send(suspended())
    paper = {"binding_id": FIRST, "operator_id": "op-authority", "document": "4号", "effective_at": MONDAY}
    line.send(said.Resumed(**paper))
    assert (line.told.accepted, codes(line.told.reasons)) == (False, ["wrong-state"])


def test_the_two_parties_are_held_and_let_go_apart(line: Line) -> None:
    line.send(suspended("S1"))
    line.send(suspended("B1", document="10号"))
    line.send(resumed("S1"), time=MONDAY + DAY)
    assert states(line) == {FIRST: State.SUSPENDED, SECOND: State.APPROVED, THIRD: State.APPROVED}
    assert line.send(resumed("B1")) == ["resumed"]


def test_ending_a_person_ends_what_stands_and_names_what_waits(line: Line) -> None:
    bound(line, LATER, "B4", proven=False)
    assert line.send(of(said.PersonEnded)) == ["ended"] * 3
    assert [(one.binding_id, codes(one.reasons)) for one in line.told.left] == [(LATER, ["wrong-state"])]
    assert line.batch.files[FIRST].state.cause is Cause.AUTHORITY


def test_what_is_said_again_changes_nothing_and_is_answered(line: Line) -> None:
    line.send(suspended())
    assert line.send(suspended()) == []
    assert (line.told.accepted, codes(line.told.reasons)) == (False, ["person-unchanged"])
    assert len(line.told.left) == 3


def test_bindings_of_other_regions_are_left_alone_and_named(line: Line) -> None:
    assert line.send(suspended(operator_id="op-north")) == ["suspended"] * 2
    assert [(one.binding_id, codes(one.reasons)) for one in line.told.left] == [(THIRD, ["operator-region"])]
    assert bound(line, LATER, "B4", **NORTH)[-1] == "suspended"
    assert bound(line, uid(15), "B5", **SOUTH)[-1] == "approved", "the hold is the operator's regions' only"


def test_an_operator_of_a_part_lifts_the_part_and_hears_what_stands(line: Line) -> None:
    line.send(suspended(operator_id="op-north"))
    line.send(resumed(operator_id="op-city"), time=MONDAY + DAY)
    assert (line.told.accepted, codes(line.told.reasons)) == (True, ["person-hold-stands"])
    assert "330000" in line.told.reasons[0].en
    assert states(line)[FIRST] is State.APPROVED
    assert bound(line, LATER, "B4", **NORTH)[-1] == "suspended"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"operator_id": "op-2"}, "operator-role-missing"),
        ({"operator_id": "op-own"}, "operator-is-party"),
        ({"operator_id": "op-kin"}, "operator-related"),
        ({"psn_no": "NOBODY"}, "person-without-bindings"),
        ({"reason": "。。。。"}, "field-invalid"),
        ({"until": MONDAY}, "field-invalid"),
    ],
)
def test_what_cannot_be_used_gets_a_named_answer_and_holds_nothing(
    line: Line, fields: dict[str, Any], code: str
) -> None:
    kin = RelationRecorded(psn_no="K1", other_psn_no="S1", other_is="sibling", since=MONDAY.date(), version=1)
    line.batch.relations["K1|S1"] = kin
    assert line.send(suspended(**fields)) == []
    assert (line.told.accepted, codes(line.told.reasons)) == (False, [code])
    assert line.batch.holds.by_person == {}


def test_an_operator_of_none_of_the_regions_holds_nobody(line: Line) -> None:
    line.send(suspended("B3", operator_id="op-north"))
    assert (line.told.accepted, codes(line.told.reasons)) == (False, ["operator-region"])
    assert [one.binding_id for one in line.told.left] == [THIRD]
    assert line.batch.holds.by_person == {}


def test_wrong_fields_are_answered_without_naming_the_person(line: Line) -> None:
    wrong = Invalid((FieldError("document", "empty", "医保发〔2026〕7号"),), {})
    line.send(
        wrong, topic="review.verdicts", type="review.verdicts.person-suspended", key=b"S1", source="desk"
    )
    assert codes(line.told.reasons) == ["field-invalid"]
    line.send(suspended(), time_believed=False)
    assert codes(line.told.reasons) == ["time-not-believed"]
    assert "S1" not in line.told.model_dump_json()


def hold(region: str = "33", begin: datetime = MONDAY, until: datetime | None = None) -> Hold:
    return Hold("S1", region, "医保发〔2026〕7号", begin, until, "op-authority")


def test_the_same_document_said_again_only_widens_its_hold() -> None:
    narrow = suspended(effective_at=MONDAY + DAY, until=MONDAY + 2 * DAY)
    assert begun([], narrow, ["33"]) == [hold("33", MONDAY + DAY, MONDAY + 2 * DAY)]
    assert begun([hold("33", MONDAY, MONDAY + 9 * DAY)], narrow, ["33"]) == []
    assert begun([hold("33", MONDAY, MONDAY + DAY)], narrow, ["33", "44"]) == [
        hold("33", MONDAY, MONDAY + 2 * DAY),
        hold("44", MONDAY + DAY, MONDAY + 2 * DAY),
    ]


def test_lifting_ends_holds_within_the_operators_regions_and_names_wider_ones() -> None:
    country, province, city, other = hold(""), hold("33"), hold("3301"), hold("44")
    over = hold("3302", until=MONDAY + DAY)
    ended, wider = lifted([country, province, city, other, over], resumed(), ("33",))
    assert [(one.region, one.until) for one in ended] == [("33", MONDAY + DAY), ("3301", MONDAY + DAY)]
    assert [one.code for one in wider] == ["100000"]


def test_a_policy_that_lets_bindings_count_later_changes_nothing_in_that() -> None:
    line = Line(policy(effect="next-month"))
    bound(line, FIRST)
    line.send(suspended())
    assert bound(line, LATER, "B4")[-1] == "suspended"
    state = line.batch.files[LATER].state
    assert state.suspended[0].begin < state.effective[0].begin
