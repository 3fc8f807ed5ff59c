"""The first stage of a counter case: whose word it is, and that another person decides."""

from __future__ import annotations

from typing import Any

import pytest

from services.audit.domain import permissions, risk_clerk
from services.audit.handlers import AuditHandler
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import ChannelKind
from shared.contracts.operators import Operator, Role
from shared.contracts.reason_texts import REASONS
from shared.contracts.registry import RelationRecorded
from shared.policies.types import SecondEyes
from shared.policies.values import Review
from shared.testing.messages import MONDAY
from shared.testing.proofs import counter
from tests.unit.audit.line import ID, OPERATORS, Line, case, passed, policy, verdict

EVERYWHERE = ("100000",)
BOTH = frozenset({Role.CLERK, Role.REVIEWER})
MORE = {
    one.id: one
    for one in (
        Operator("clerk", frozenset({Role.CLERK}), EVERYWHERE, frozenset({"P7"})),
        Operator("clerk-south", frozenset({Role.CLERK}), ("440000",)),
        Operator("both", BOTH, EVERYWHERE, frozenset({"P8"})),
        Operator("both-again", frozenset({Role.REVIEWER}), EVERYWHERE, frozenset({"P8"})),
        Operator("supervisor", frozenset({Role.REVIEWER, Role.SUPERVISOR}), EVERYWHERE),
    )
}


def at_counter(clerk: str = "clerk", proven: tuple[str, ...] = ("registry",), **changes: Any) -> found.Passed:
    fields: dict[str, Any] = {"channel": ChannelKind.COUNTER, "counter": counter(clerk)} | changes
    return passed(proven=proven, **fields)


def line_with(body: found.Passed, review: Review | None = None) -> Line:
    line = Line(policy(review=review))
    line.handler = AuditHandler(line.policies, operators=OPERATORS | MORE)
    line.send(body)
    return line


def marks(line: Line) -> tuple[str, ...]:
    return line.batch.files[ID].marks


def tie(one: str, other: str) -> RelationRecorded:
    return RelationRecorded(
        psn_no=one, other_psn_no=other, other_is="sibling", since=MONDAY.date(), version=1
    )


def test_the_word_of_a_registered_clerk_of_the_region_is_enough_where_the_registry_proves_the_rest() -> None:
    line = line_with(at_counter())
    assert (line.state.state, marks(line)) == (State.APPROVED, ())


@pytest.mark.parametrize(
    ("clerk", "code"),
    [
        ("nobody", "clerk-unknown"),
        ("op-2", "clerk-role-missing"),
        ("clerk-south", "clerk-region"),
    ],
)
def test_a_clerk_who_may_not_vouch_sends_the_case_to_people_and_refuses_nobody(clerk: str, code: str) -> None:
    line = line_with(at_counter(clerk))
    assert (line.state.state, marks(line)) == (State.UNDER_REVIEW, (code,))
    assert not line.state.reasons
    assert line.send(verdict("approve", "supervisor")) == ["approved"]


@pytest.mark.parametrize("side", ["sponsor", "beneficiary"])
def test_nobody_checks_a_request_of_his_own_or_of_a_relatives_first(side: str) -> None:
    own: dict[str, Any] = {side: found.Party(psn_no="P7", insuplc_admdvs="330100")}
    assert marks(line_with(at_counter(**own))) == ("clerk-is-party",)
    line = line_with(passed())
    line.batch.files.clear()
    pair = permissions.pair("P7", "B1" if side == "beneficiary" else "S1")
    line.batch.relations[pair] = tie("P7", "S1")
    line.send(at_counter())
    assert marks(line) == ("clerk-related",)
    line.batch.relations[pair] = None
    line.batch.files.clear()
    line.send(at_counter())
    assert marks(line) == ()


def test_everything_that_is_wrong_with_a_clerk_is_told_at_once_and_has_its_texts() -> None:
    stranger = Operator("x", frozenset({Role.REVIEWER}), ("440000",), frozenset({"S1", "P2"}))
    found_ = list(risk_clerk.marks(stranger, case(), lambda pair: True))
    assert found_ == ["clerk-role-missing", "clerk-region", "clerk-is-party"]
    assert list(risk_clerk.marks(MORE["clerk"], case(), lambda pair: True)) == ["clerk-related"]
    assert {"clerk-unknown", "clerk-related", *found_} <= REASONS.keys()


def test_a_request_that_no_clerk_took_has_no_first_stage() -> None:
    assert risk_clerk.clerk_of(case()) is None
    assert marks(line_with(passed())) == ()


def test_the_first_stage_stands_on_the_published_case_with_who_and_when() -> None:
    line = line_with(at_counter(proven=()))
    first = line.decisions[0][1]
    assert first.case.counter
    assert (first.case.counter.operator_id, first.case.counter.originals_seen) == ("clerk", True)
    assert first.case.requested_at == MONDAY


@pytest.mark.parametrize("operator", ["both", "both-again"])
def test_who_checked_a_request_at_the_counter_does_not_decide_it_whatever_id_he_uses(operator: str) -> None:
    line = line_with(at_counter("both", ()))
    for body in (
        said.Claimed(binding_id=ID, operator_id=operator),
        verdict("approve", operator),
        verdict("reject", operator, note="照片看不清"),
    ):
        assert line.send(body) == []
        assert [one.code for one in line.told.reasons] == ["operator-was-clerk"]
    line.send(said.Revealed(binding_id=ID, operator_id=operator, note="电话核实"))
    assert line.told.accepted, "a look is no decision"
    assert line.send(verdict("approve", "supervisor")) == ["approved"]


def test_an_unregistered_clerk_is_nobody_elses_conflict() -> None:
    line = line_with(at_counter("nobody", ()))
    line.send(verdict("approve", "both"))
    assert line.told.accepted


def test_the_mark_of_a_clerk_can_call_two_persons() -> None:
    rule = SecondEyes(marks=frozenset({"clerk-unknown"}), unless_proven=False)
    assert line_with(at_counter("nobody"), Review(second_eyes=(rule,))).state.second_eyes
