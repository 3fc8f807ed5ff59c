"""A request taken back, a request that mends another one, and a wish for documents that never ends."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.eligibility.domain.binding import Stage
from shared.contracts import binding_requests as ours
from shared.contracts.binding_decisions import State
from shared.testing.identities import MadeUp, adult, child
from shared.testing.messages import MONDAY, consented, related, submitted
from shared.testing.proofs import face_check, material
from tests.unit.eligibility.line import Line, Said

SUBMITTED, WITHDRAWN = "binding.requests.submitted", "binding.requests.withdrawn"
SUPPLEMENTED = "binding.requests.supplemented"
ME, SISTER, KID = adult(1, admdvs="650100"), adult(4, admdvs="650100"), child(2, admdvs="650100")


def asked(relative: MadeUp, relation: str, *, proven: bool = True) -> tuple[Line, Said]:
    line = Line()
    line.know(ME, relative)
    if proven:
        line.send("registry.relations.recorded", related(ME, relative, relation))
    return line, line.send(SUBMITTED, submitted(ME, relative, relation=relation))


def take_back(line: Line, binding_id: UUID, who: MadeUp = ME) -> Said:
    return line.send(WITHDRAWN, ours.Withdrawn(binding_id=binding_id, sponsor_psn_no=who.psn_no))


@pytest.mark.parametrize(
    ("relative", "relation", "proven", "type"),
    [
        (KID, "child", True, "passed"),
        (KID, "child", False, "refused"),
        (SISTER, "sibling", True, "consent-needed"),
    ],
)
def test_an_undecided_request_may_be_taken_back_once(
    relative: MadeUp, relation: str, proven: bool, type: str
) -> None:
    line, said = asked(relative, relation, proven=proven)
    binding_id = said.only.binding_id
    assert said.types == [type]
    assert take_back(line, binding_id, SISTER).codes == ["not-your-binding"]
    taken = take_back(line, binding_id)
    assert (taken.types, taken.answers[0][1].outcome) == (["withdrawn"], "accepted")
    assert line.dues == {}
    assert line.work.bindings[binding_id].stage.held, "until audit has decided"
    assert take_back(line, binding_id).codes == ["wrong-state"]
    line.decide(said, State.WITHDRAWN, 3)
    assert not line.work.bindings[binding_id].stage.held


def test_a_consent_after_the_withdrawal_starts_nothing() -> None:
    line, said = asked(SISTER, "sibling")
    take_back(line, said.only.binding_id)
    late = line.send("beneficiary.requests.consented", consented(SISTER, said.only.binding_id))
    assert (late.types, late.codes) == ([], ["wrong-state"])
    assert "已撤回" in late.answers[0][1].reasons[0].zh


def test_a_withdrawal_that_comes_after_the_approval_was_decided_changes_nothing() -> None:
    line, said = asked(KID, "child")
    take_back(line, said.only.binding_id)
    line.decide(said, State.APPROVED, 2)
    assert line.work.bindings[said.only.binding_id].stage == "bound"


def test_a_mended_request_says_which_reasons_are_gone_and_keeps_its_history() -> None:
    line = Line()
    line.know(ME, KID)
    line.send("registry.relations.recorded", related(ME, KID, "child"))
    wrong = submitted(ME, KID, relation="sibling", face_check=None, commitment=None)
    first = line.send(SUBMITTED, wrong)
    assert set(first.codes) == {"relation-disagrees", "face-check-missing", "commitment-missing"}
    better = submitted(
        ME, KID, relation="child", number=2, commitment=None, earlier_binding_id=wrong.binding_id
    )
    second = line.send(SUBMITTED, better)
    assert second.codes == ["commitment-missing"]
    assert set(second.answers[0][1].reasons_gone) == {"relation-disagrees", "face-check-missing"}
    assert second.only.case.earlier_binding_id == wrong.binding_id
    best = submitted(ME, KID, relation="child", number=3, earlier_binding_id=better.binding_id)
    third = line.send(SUBMITTED, best)
    assert (third.types, third.answers[0][1].reasons_gone) == (["passed"], ("commitment-missing",))


def test_somebody_elses_request_tells_no_reasons() -> None:
    line = Line()
    other = adult(6, admdvs="650100")
    line.know(ME, KID, other)
    theirs = submitted(other, KID, relation="child", commitment=None)
    assert "commitment-missing" in line.send(SUBMITTED, theirs).codes
    check = face_check(ME, MONDAY, transaction_no="T2")
    mine = submitted(
        ME, KID, relation="child", number=2, face_check=check, earlier_binding_id=theirs.binding_id
    )
    assert line.send(SUBMITTED, mine).answers[0][1].reasons_gone == ()


def test_papers_that_do_not_suffice_start_a_round_each_and_name_what_is_missing() -> None:
    line, said = asked(KID, "child", proven=False)
    for number in (2, 3):
        more = ours.Supplemented(
            binding_id=said.only.binding_id,
            sponsor_psn_no=ME.psn_no,
            materials=(material("insurance-card").model_copy(update={"reference": f"m-{number}"}),),
        )
        at = MONDAY + timedelta(days=number)
        again = line.send(SUPPLEMENTED, more, at=at)
        assert (again.only.round, again.codes) == (number, ["materials-missing"])


@pytest.mark.parametrize(
    ("stage", "held", "reserved", "final"),
    [
        ("waiting", False, False, False),
        ("refused", False, False, True),
        ("refusing", True, True, False),
        ("withdrawing", True, True, False),
        ("supplement", True, True, False),
        ("consent", True, True, False),
        ("passed", True, True, False),
        ("bound", True, False, False),
        ("suspended", True, False, False),
        ("closed", False, False, True),
    ],
)
def test_every_stage_holds_a_slot_or_not(stage: str, held: bool, reserved: bool, final: bool) -> None:
    one = Stage(stage)
    assert (one.held, one.reserved, one.final) == (held, reserved, final)
    assert one.stands is (held and not reserved)
    assert one.shown
