"""What the working set hands to the rules, and what a screening carries on to audit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shared.contracts.binding_decisions import BindingState, Cause, Period, State
from shared.contracts.binding_requests import Relation, Terms
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, related, submitted
from tests.unit.eligibility.line import Line, Said
from tests.unit.eligibility.test_overlay import overlaid

SUBMITTED = "binding.requests.submitted"
RELATED = "registry.relations.recorded"
SPONSOR, CHILD, FAR = adult(1), child(2), child(4, admdvs="350200")
ENDED = MONDAY + timedelta(hours=1)


def known(line: Line) -> Line:
    """Sponsor and child with a proven relation."""
    line.know(SPONSOR, CHILD)
    line.send(RELATED, related(SPONSOR, CHILD, "child"))
    return line


def end(line: Line, said: Said, cause: Cause) -> None:
    """The binding is approved, and ended an hour later."""
    line.decide(said, State.APPROVED, 2)
    screening = said.only
    body = BindingState(
        binding_id=screening.binding_id,
        version=3,
        state=State.ENDED,
        at=ENDED,
        origin=screening.origin,
        round=1,
        case=screening.case,
        cause=cause,
        effective=(Period(begin=MONDAY, end=ENDED),),
        policy_version=screening.policy_version,
    )
    line.send("binding.decisions.ended", body, at=ENDED, source="gongji-audit")


def test_a_kin_account_under_one_number_does_not_hide_the_proof_under_another() -> None:
    """One person under two numbers: what was only declared says nothing against what was verified."""
    line = known(Line())
    line.know(CHILD.recorded(psn_no="33019", version=9))
    other = CHILD.but(psn_no="33019")
    line.send(RELATED, related(SPONSOR, other, "sibling", 7, proven=False, kin_account=True))
    said = line.send(SUBMITTED, submitted(SPONSOR, CHILD, relation="child"))
    assert (said.types, said.only.proven_by) == (["passed"], ("registry",))


def test_marks_and_the_mode_travel_with_the_case() -> None:
    line = known(Line())
    line.know(FAR.recorded(gend="1"))
    line.send(RELATED, related(SPONSOR, FAR, "child"))
    asked = submitted(SPONSOR, FAR, relation="child", channel="counter", terms=Terms(earmark=100_000))
    far = line.send(SUBMITTED, asked)
    assert (far.types, far.only.marks) == (["passed"], ("sex-differs",))
    assert (far.only.case.mode, far.only.case.terms.earmark) == ("earmark", 100_000)
    near = line.send(SUBMITTED, submitted(SPONSOR, CHILD, relation="child", number=2))
    assert (near.only.case.mode, near.only.marks) == ("authorisation", ())


def test_two_too_far_apart_are_refused_in_the_regions_own_mode(tmp_path: Path) -> None:
    line = known(Line(overlaid(tmp_path, "330000", "binding", {"cross_province_mode": None})))
    line.know(FAR)
    line.send(RELATED, related(SPONSOR, FAR, "child"))
    said = line.send(SUBMITTED, submitted(SPONSOR, FAR, relation="child"))
    assert (said.codes, said.only.case.mode) == (["region-too-far"], "authorisation")


@pytest.mark.parametrize(
    ("cause", "days", "codes"),
    [
        (Cause.SPONSOR, 29, ["rebind-too-early"]),
        (Cause.BENEFICIARY, 29, ["rebind-too-early"]),
        (Cause.SPONSOR, 30, []),
        (Cause.SPONSOR, 31, []),
        (Cause.INSURANCE, 1, []),
        (Cause.DEATH, 1, []),
        (Cause.AUTHORITY, 1, []),
        (Cause.DATE, 1, []),
    ],
)
def test_the_same_two_wait_after_one_of_them_ended_a_binding(
    tmp_path: Path, cause: Cause, days: int, codes: list[str]
) -> None:
    line = known(Line(overlaid(tmp_path, "330000", "binding", {"rebind_wait_days": 30})))
    end(line, line.send(SUBMITTED, submitted(SPONSOR, CHILD, relation="child")), cause)
    at = MONDAY + timedelta(days=days)
    again = submitted(SPONSOR, CHILD, relation="child", number=2, at=at)
    assert line.send(SUBMITTED, again, at=at).codes == codes


def test_others_do_not_wait_for_an_end_that_is_not_theirs(tmp_path: Path) -> None:
    line = known(Line(overlaid(tmp_path, "330000", "binding", {"rebind_wait_days": 30})))
    end(line, line.send(SUBMITTED, submitted(SPONSOR, CHILD, relation="child")), Cause.SPONSOR)
    sister = child(8)
    line.know(sister)
    line.send(RELATED, related(SPONSOR, sister, "child"))
    at = MONDAY + timedelta(days=1)
    said = line.send(SUBMITTED, submitted(SPONSOR, sister, relation="child", number=2, at=at), at=at)
    assert said.types == ["passed"]


def test_where_somebody_was_insured_and_the_sex_without_a_certificate_that_says_it_are_kept() -> None:
    father = child(6, born=MONDAY.date().replace(year=1950)).but(
        psn_cert_type="08", certno="E1234567", gend="1"
    )
    line = known(Line())
    line.know(father)
    line.send(RELATED, related(SPONSOR, father, "parent"))
    said = line.send(SUBMITTED, submitted(SPONSOR, father, relation="parent"))
    tie = line.work.bindings[said.only.binding_id].tie()
    assert (tie.relation, tie.beneficiary_sex, tie.beneficiary_admdvs) == (Relation.PARENT, "1", "330100")
