"""A request from message to answer: passed, refused with all reasons, waiting, supplemented."""

from datetime import timedelta

import pytest

from shared.contracts.answers import Refused, Screened
from shared.contracts.binding_decisions import State, Step
from shared.contracts.binding_requests import Supplemented, Withdrawn
from shared.contracts.binding_screenings import Passed
from shared.messaging.handler import FieldError, Invalid
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, related, submitted, uid
from shared.testing.proofs import material
from tests.unit.eligibility.line import Line

SUBMITTED = "binding.requests.submitted"
SPONSOR, CHILD = adult(1), child(2)


@pytest.fixture
def line() -> Line:
    made = Line()
    made.know(SPONSOR, CHILD)
    return made


def prove(line: Line) -> None:
    line.send("registry.relations.recorded", related(SPONSOR, CHILD, "child"))


def test_a_proven_relation_passes_and_says_by_what(line: Line) -> None:
    prove(line)
    said = line.send(SUBMITTED, submitted(SPONSOR, CHILD, relation="child"))
    assert said.types == ["passed"]
    passed = said.only
    assert isinstance(passed, Passed)
    assert passed.proven_by == ("registry",)
    assert passed.case.beneficiary is not None
    assert passed.case.beneficiary.psn_no == CHILD.psn_no
    assert {f.kind for f in passed.facts} == {"person", "relation"}
    ((to, answer),) = said.answers
    assert to.id == "m4"
    assert isinstance(answer, Screened)
    assert (answer.outcome, answer.step) == ("passed", Step.ACCEPTED)


def test_missing_papers_are_asked_for_and_the_next_round_passes(line: Line) -> None:
    body = submitted(SPONSOR, CHILD, relation="child")
    said = line.send(SUBMITTED, body)
    assert said.types == ["refused"]
    assert said.codes == ["materials-missing"]
    assert said.answers[0][1].step is Step.ACCEPTED
    assert said.only.reasons[0].citation.file == "100000-national.yaml"
    more = Supplemented(
        binding_id=body.binding_id, sponsor_psn_no=SPONSOR.psn_no, materials=(material("household-register"),)
    )
    later = line.send("binding.requests.supplemented", more, at=MONDAY + timedelta(days=2))
    assert later.types == ["passed"]
    assert (later.only.round, later.only.proven_by) == (2, ("materials",))


def test_all_reasons_come_at_once_with_rule_citation_and_remedy(line: Line) -> None:
    body = submitted(
        SPONSOR, CHILD, relation="parent-in-law", commitment=None, face_check=None, admdvs="330100"
    )
    said = line.send(SUBMITTED, body)
    assert said.codes == ["in-law-not-allowed", "commitment-missing", "face-check-missing"]
    for reason in said.only.reasons:
        assert reason.rule
        assert reason.zh
        assert reason.en
        assert reason.remedy_zh
        assert reason.citation.policy_version == said.only.policy_version
    assert said.answers[0][1].step is Step.DECIDED


def test_an_unknown_relative_waits_and_passes_when_recorded(line: Line) -> None:
    late = child(4)
    line.send("registry.relations.recorded", related(SPONSOR, late, "child"))
    body = submitted(SPONSOR, late, relation="child")
    said = line.send(SUBMITTED, body)
    assert said.types == []
    assert said.answers[0][1].outcome == "accepted"
    assert line.dues["person", str(body.binding_id)] == MONDAY + timedelta(seconds=15)
    found = line.know(late, at=MONDAY + timedelta(seconds=3))
    assert found.types == ["passed"]
    assert not line.dues


def test_a_relative_who_never_comes_is_refused_without_saying_why(line: Line) -> None:
    body = submitted(SPONSOR, child(4), relation="child")
    line.send(SUBMITTED, body)
    said = line.fire("person", body.binding_id)
    assert said.types == ["refused"]
    assert said.codes == ["beneficiary-not-confirmed"]


def test_a_wrong_name_looks_exactly_like_an_unknown_certificate(line: Line) -> None:
    wrong = submitted(SPONSOR, CHILD, relation="child", beneficiary=CHILD.as_beneficiary(psn_name="王五"))
    stranger = submitted(SPONSOR, child(4), relation="child", number=2)
    both = [line.send(SUBMITTED, wrong), line.send(SUBMITTED, stranger)]
    assert [s.types for s in both] == [[], []]
    ends = [line.fire("person", b.binding_id) for b in (wrong, stranger)]
    assert ends[0].codes == ends[1].codes


def test_a_second_request_with_the_same_id_is_refused(line: Line) -> None:
    body = submitted(SPONSOR, CHILD, relation="child")
    line.send(SUBMITTED, body)
    said = line.send(SUBMITTED, body)
    assert said.codes == ["binding-id-taken"]
    assert said.types == []


def test_wrong_fields_are_answered_with_an_example(line: Line) -> None:
    invalid = Invalid((FieldError("relation", "unknown relation", "spouse"),), {"binding_id": str(uid(7))})
    said = line.send(SUBMITTED, invalid)
    ((_, answer),) = said.answers
    assert isinstance(answer, Refused)
    assert answer.binding_id == uid(7)
    assert (answer.reasons[0].code, answer.reasons[0].field) == ("field-invalid", "relation")
    assert "spouse" in answer.reasons[0].remedy_en


def test_a_time_that_is_not_believed_is_refused_and_leaves_nothing(line: Line) -> None:
    said = line.send(SUBMITTED, submitted(SPONSOR, CHILD, relation="child"), believed=False)
    assert said.codes == ["time-not-believed"]
    assert not line.work.bindings


def test_a_final_decision_frees_the_slot_and_nothing_else_does(line: Line) -> None:
    prove(line)
    first = line.send(SUBMITTED, submitted(SPONSOR, CHILD, relation="child"))
    again = submitted(SPONSOR, CHILD, relation="child", number=2, at=MONDAY + timedelta(minutes=1))
    assert line.send(SUBMITTED, again, at=MONDAY + timedelta(minutes=1)).codes == ["already-bound-here"]
    line.decide(first, State.UNDER_REVIEW, 2)
    third = again.model_copy(update={"binding_id": uid(3)})
    assert line.send(SUBMITTED, third, at=MONDAY + timedelta(minutes=1)).codes == ["already-bound-here"]
    line.decide(first, State.REJECTED, 3)
    fourth = again.model_copy(update={"binding_id": uid(4)})
    assert line.send(SUBMITTED, fourth, at=MONDAY + timedelta(minutes=1)).types == ["passed"]


def test_withdrawing_is_the_sponsors_and_ends_before_a_decision_only(line: Line) -> None:
    prove(line)
    said = line.send(SUBMITTED, submitted(SPONSOR, CHILD, relation="child"))
    binding_id = said.only.binding_id
    other = Withdrawn(binding_id=binding_id, sponsor_psn_no="33010000000000000999")
    assert line.send("binding.requests.withdrawn", other).codes == ["not-your-binding"]
    own = Withdrawn(binding_id=binding_id, sponsor_psn_no=SPONSOR.psn_no)
    assert line.send("binding.requests.withdrawn", own).types == ["withdrawn"]
    line.decide(said, State.WITHDRAWN, 2)
    assert line.send("binding.requests.withdrawn", own).codes == ["wrong-state"]
    unknown = Withdrawn(binding_id=uid(99), sponsor_psn_no=SPONSOR.psn_no)
    assert line.send("binding.requests.withdrawn", unknown).codes == ["binding-unknown"]


def test_a_mended_request_says_which_reasons_are_gone(line: Line) -> None:
    prove(line)
    wrong = submitted(SPONSOR, CHILD, relation="parent", commitment=None)
    assert set(line.send(SUBMITTED, wrong).codes) == {"relation-disagrees", "commitment-missing"}
    at = MONDAY + timedelta(minutes=5)
    mended = submitted(SPONSOR, CHILD, relation="child", number=2, at=at, earlier_binding_id=wrong.binding_id)
    said = line.send(SUBMITTED, mended, at=at)
    assert said.types == ["passed"]
    gone = said.answers[0][1].reasons_gone
    assert set(gone) == {"relation-disagrees", "commitment-missing"}
