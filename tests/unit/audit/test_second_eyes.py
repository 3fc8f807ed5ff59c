"""Two persons where the region says so, and a second look at approvals that are drawn."""

from typing import Any
from uuid import UUID

import pytest
from pydantic_core import from_json

from services.audit.domain import routing, verdicts
from services.audit.domain.model import AUTO, Sample
from services.audit.handlers import AuditHandler
from shared.contracts import review_verdicts as said
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import ChannelKind, MaterialKind, Relation
from shared.contracts.operators import Operator, Role
from shared.policies.types import SecondEyes
from shared.policies.values import Review
from shared.testing.messages import uid
from shared.testing.proofs import material
from tests.unit.audit.line import EVERYWHERE, ID, OPERATORS, Line, passed, policy, verdict

CHILD = SecondEyes(relations=frozenset({Relation.CHILD}))
ALL = 1000


def line_of(screening: Any = None, **review: Any) -> Line:
    line = Line(policy(review=Review(**review)))
    line.send(screening or passed(proven=()))
    return line


def code(line: Line) -> str:
    assert not line.told.accepted
    return str(line.told.reasons[0].code)


def looks(line: Line) -> list[tuple[str, str]]:
    return [
        (told["by"], told["said"]) for e in line.batch.record if (told := from_json(e.body))["kind"] == "look"
    ]


def test_two_persons_approve_and_the_first_one_is_on_the_record() -> None:
    line = line_of(second_eyes=(CHILD,))
    assert line.send(verdict("approve", "op-1")) == []
    assert line.told.accepted
    assert (line.state.state, line.batch.files[ID].first_eyes) == (State.UNDER_REVIEW, "op-1")
    for again in (
        verdict("approve", "op-1"),
        said.Claimed(binding_id=ID, operator_id="op-1"),
        verdict("reject", "op-1", note="x"),
    ):
        assert line.send(again) == []
        assert code(line) == "second-eyes-needed"
    assert line.send(verdict("approve", "op-2")) == ["approved"]
    assert line.state.reviewer == "op-2"
    assert looks(line) == [("op-1", "first-approval")]


def test_one_person_is_enough_to_reject_or_to_ask() -> None:
    assert line_of(second_eyes=(CHILD,)).send(verdict("reject", note="照片看不清")) == ["rejected"]
    line = line_of(second_eyes=(CHILD,))
    line.send(verdict("approve", "op-1"))
    asked = verdict("supplement", "op-2", materials=(MaterialKind.HOUSEHOLD_REGISTER,))
    assert line.send(asked) == ["supplement-requested"]
    line.send(passed(2, ()))
    assert line.batch.files[ID].first_eyes is None, "new documents need both again"


def test_the_first_person_leaves_the_case_to_others() -> None:
    line = line_of(second_eyes=(CHILD,))
    line.send(said.Claimed(binding_id=ID, operator_id="op-1"))
    line.send(verdict("approve", "op-1"))
    assert line.batch.files[ID].claim is None
    line.send(said.Released(binding_id=ID, operator_id="op-1"))
    assert line.told.accepted


@pytest.mark.parametrize(
    ("rule", "marks", "proven", "two"),
    [
        (SecondEyes(), (), (), True),
        (SecondEyes(), (), ("registry",), False),
        (SecondEyes(unless_proven=False), (), ("registry",), True),
        (SecondEyes(relations=frozenset({Relation.SPOUSE})), (), (), False),
        (SecondEyes(channels=frozenset({ChannelKind.APP})), (), (), True),
        (SecondEyes(channels=frozenset({ChannelKind.COUNTER})), (), (), False),
        (SecondEyes(marks=frozenset({"odd-age"})), (), (), False),
        (SecondEyes(marks=frozenset({"odd-age"})), ("odd-age",), (), True),
    ],
)
def test_which_cases_two_persons_approve(rule: SecondEyes, marks: Any, proven: Any, two: bool) -> None:
    line = line_of(passed(proven=proven).model_copy(update={"marks": marks}), second_eyes=(rule,))
    file = line.batch.files[ID]
    if two:
        assert (file.state.state, file.state.second_eyes, file.marks) == (State.UNDER_REVIEW, True, marks)
    else:
        assert not file.state.second_eyes


def test_an_approval_that_is_drawn_is_looked_at_by_another_person() -> None:
    line = line_of(sample_per_mille=ALL)
    line.send(verdict("approve", "op-1"))
    before = line.state
    assert line.batch.files[ID].sample == Sample("op-1")
    line.send(verdict("approve", "op-1"))
    assert code(line) == "second-eyes-needed"
    line.send(verdict("reject", "op-2"))
    assert code(line) == "field-invalid"
    line.send(verdict("supplement", "op-2", materials=(MaterialKind.ID_CARD,)))
    assert code(line) == "already-decided"
    line.send(said.Claimed(binding_id=ID, operator_id="op-2"))
    assert code(line) == "already-decided"
    assert line.send(verdict("reject", "op-2", note="户口本不一致")) == []
    assert line.told.accepted
    assert line.batch.files[ID].sample == Sample("op-1", "op-2", agreed=False, looked_at=line.now)
    assert line.state == before, "a disagreement changes no binding by itself"
    line.send(verdict("approve", "op-2"))
    assert code(line) == "already-decided"
    assert looks(line) == [("op-2", "disagreed")]


def test_what_the_policy_approved_is_drawn_as_well_and_outlives_the_end() -> None:
    line = line_of(passed(), sample_per_mille=ALL)
    assert line.batch.files[ID].sample == Sample(AUTO)
    line.send(said.EndedByAuthority(binding_id=ID, operator_id="op-1", document="7号", effective_at=line.now))
    assert line.state.state is State.ENDED
    line.send(verdict("approve", "op-2"))
    assert line.batch.files[ID].sample == Sample(AUTO, "op-2", agreed=True, looked_at=line.now)
    assert looks(line) == [("op-2", "agreed")]


def test_nothing_is_drawn_where_the_region_draws_nothing_or_nothing_was_approved() -> None:
    line = line_of()
    line.send(verdict("approve"))
    assert line.batch.files[ID].sample is None
    line = line_of(sample_per_mille=ALL)
    line.send(verdict("reject", note="照片看不清"))
    assert line.batch.files[ID].sample is None
    assert verdicts.looked(line.batch.files[ID], line.batch.files[ID]) is None


@pytest.mark.parametrize(("per_mille", "least", "most"), [(0, 0, 0), (1, 1, 30), (50, 400, 600), (500, 4800, 5200), (1000, 10_000, 10_000)])  # fmt: skip
def test_the_share_that_is_drawn_is_that_of_the_region(per_mille: int, least: int, most: int) -> None:
    ids = [UUID(int=uid(1).int + n) for n in range(10_000)]
    drawn = {one for one in ids if routing.chosen(one, per_mille)}
    assert least <= len(drawn) <= most
    assert drawn == {one for one in ids if routing.chosen(one, per_mille)}, "always the same"
    assert drawn <= {one for one in ids if routing.chosen(one, min(1000, per_mille + 1))}


@pytest.mark.parametrize(("kinds", "two"), [((), False), (("id-card",), False), (("id-card", "relation-statement"), True)])  # fmt: skip
def test_a_kind_of_document_can_call_two_persons(kinds: tuple[str, ...], two: bool) -> None:
    rule = SecondEyes(materials=frozenset({MaterialKind.RELATION_STATEMENT}))
    papers = tuple(material(kind) for kind in kinds)
    assert line_of(passed(proven=(), materials=papers), second_eyes=(rule,)).state.second_eyes is two


TWIN = Operator("op-twin", frozenset({Role.REVIEWER}), EVERYWHERE, frozenset({"P11"}))
"""A second id of the person who is op-1."""


THIRD = Operator("op-third", frozenset({Role.REVIEWER}), EVERYWHERE)


def with_more(**review: Any) -> Line:
    line = Line(policy(review=Review(**review)))
    line.handler = AuditHandler(line.policies, operators=OPERATORS | {one.id: one for one in (TWIN, THIRD)})
    line.send(passed(proven=()))
    return line


def test_one_person_with_two_ids_is_not_two_persons() -> None:
    line = with_more(second_eyes=(CHILD,), sample_per_mille=ALL)
    line.send(verdict("approve", "op-1"))
    for again in (verdict("approve", TWIN.id), said.Claimed(binding_id=ID, operator_id=TWIN.id)):
        assert line.send(again) == []
        assert code(line) == "second-eyes-needed"
    assert line.send(verdict("approve", "op-2")) == ["approved"]
    line.send(verdict("approve", TWIN.id))
    assert code(line) == "second-eyes-needed", "nor the other person of the second look"


def test_neither_of_two_who_approved_looks_again() -> None:
    line = with_more(second_eyes=(CHILD,), sample_per_mille=ALL)
    for operator in ("op-1", "op-2"):
        line.send(verdict("approve", operator))
    for operator in ("op-1", "op-2"):
        assert line.send(verdict("approve", operator)) == []
        assert code(line) == "second-eyes-needed"
    line.send(verdict("approve", THIRD.id))
    assert line.told.accepted
    assert line.batch.files[ID].sample == Sample("op-2", THIRD.id, agreed=True, looked_at=line.now)
