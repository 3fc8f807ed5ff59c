"""Messages that come too late, too early, or about nothing: each gets an answer and changes nothing."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.contracts import beneficiary_requests as theirs
from shared.contracts import binding_requests as ours
from shared.contracts.base import Message
from shared.contracts.binding_decisions import State
from shared.messaging.handler import FieldError, Invalid
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, consented, related, submitted, uid, unbind_requested
from shared.testing.proofs import face_check, material
from tests.unit.eligibility.line import Line, Said
from tests.unit.eligibility.test_overlay import overlaid

SPONSOR, SISTER, KID = adult(1, admdvs="650100"), adult(4, admdvs="650100"), child(2, admdvs="650100")
SUBMITTED, CONSENTED = "binding.requests.submitted", "beneficiary.requests.consented"


@pytest.fixture
def line() -> Line:
    made = Line()
    made.know(SPONSOR, SISTER)
    made.send("registry.relations.recorded", related(SPONSOR, SISTER, "sibling"))
    return made


def ask(line: Line) -> Said:
    return line.send(SUBMITTED, submitted(SPONSOR, SISTER, relation="sibling"))


@pytest.mark.parametrize(
    ("type", "body"),
    [
        (
            "supplemented",
            ours.Supplemented(binding_id=uid(9), sponsor_psn_no="1", materials=(material("id-card"),)),
        ),
        ("withdrawn", ours.Withdrawn(binding_id=uid(9), sponsor_psn_no="1")),
        ("unbind-requested", unbind_requested(SPONSOR, uid(9))),
        ("quota-changed", ours.QuotaChanged(binding_id=uid(9), sponsor_psn_no="1")),
    ],
)
def test_a_binding_that_nobody_knows(line: Line, type: str, body: Message) -> None:
    said = line.send(f"binding.requests.{type}", body)
    assert (said.codes, said.types) == (["binding-unknown"], [])


def test_a_beneficiary_about_a_binding_that_nobody_knows(line: Line) -> None:
    names = {"beneficiary_psn_no": SISTER.psn_no, "binding_id": uid(9), "channel": "app"}
    for type, body in (
        ("declined", theirs.Declined(**names)),
        ("unbind-requested", theirs.UnbindRequested(**names)),
    ):
        assert line.send(f"beneficiary.requests.{type}", body).codes == ["binding-unknown"]
    stranger = theirs.Declined(**(names | {"beneficiary_psn_no": "9"}))
    assert line.send("beneficiary.requests.declined", stranger).codes == ["binding-unknown"]


def test_a_number_that_went_to_somebody_else(line: Line) -> None:
    said = ask(line)
    other = adult(6, admdvs="650100")
    line.know(other.recorded(version=2, psn_no=SPONSOR.psn_no))
    body = ours.Withdrawn(binding_id=said.only.binding_id, sponsor_psn_no=SPONSOR.psn_no)
    assert line.send("binding.requests.withdrawn", body).codes == ["not-your-binding"]


def test_papers_for_a_request_that_is_over(line: Line) -> None:
    said = ask(line)
    line.decide(said, State.WITHDRAWN, 2)
    more = ours.Supplemented(
        binding_id=said.only.binding_id, sponsor_psn_no=SPONSOR.psn_no, materials=(material("id-card"),)
    )
    assert line.send("binding.requests.supplemented", more).codes == ["wrong-state"]


def test_papers_for_a_request_that_waits_for_a_person(line: Line) -> None:
    body = submitted(SPONSOR, KID, relation="child", number=2)
    line.send(SUBMITTED, body)
    more = ours.Supplemented(
        binding_id=body.binding_id, sponsor_psn_no=SPONSOR.psn_no, materials=(material("birth-certificate"),)
    )
    assert line.send("binding.requests.supplemented", more).answers == []
    found = line.know(KID, at=MONDAY + timedelta(seconds=1))
    assert (found.types, [r.code for r in found.only.reasons]) == (["refused"], ["materials-missing"])
    judged = line.fire("queue", body.binding_id)
    assert (judged.types, judged.only.round, judged.only.proven_by) == (["passed"], 2, ("materials",))


def test_a_person_in_another_record_lets_the_request_wait_on(line: Line) -> None:
    body = submitted(SPONSOR, KID, relation="child", number=2)
    line.send(SUBMITTED, body)
    assert line.know(SPONSOR.recorded(version=2)).types == []
    assert line.work.bindings[body.binding_id].stage == "waiting"


def test_consent_for_what_is_decided_and_for_what_needs_none(line: Line) -> None:
    said = ask(line)
    line.decide(said, State.EXPIRED, 2)
    assert line.send(CONSENTED, consented(SISTER, said.only.binding_id)).codes == ["wrong-state"]
    free = Line()
    free.know(adult(1), child(2))
    free.send("registry.relations.recorded", related(adult(1), child(2), "child"))
    passed = free.send(SUBMITTED, submitted(adult(1), child(2), relation="child"))
    agreed = free.send(CONSENTED, consented(child(2), passed.only.binding_id))
    assert (agreed.types, agreed.answers[0][1].outcome) == ([], "accepted")
    declined = theirs.Declined(
        beneficiary_psn_no=child(2).psn_no, binding_id=passed.only.binding_id, channel="app"
    )
    assert free.send("beneficiary.requests.declined", declined).codes == ["wrong-state"]


def test_consent_without_a_face_where_the_policy_says_so(tmp_path: Path) -> None:
    values = {"consent_face_check": False, "consent_from_age": 16}
    line = Line(overlaid(tmp_path, "650000", "binding", values))
    line.know(SPONSOR, SISTER)
    line.send("registry.relations.recorded", related(SPONSOR, SISTER, "sibling"))
    needed = ask(line).only
    said = line.send(CONSENTED, consented(SISTER, needed.binding_id, face_check=None))
    assert said.types == ["passed"]


def test_a_due_row_that_came_too_late_says_nothing(line: Line) -> None:
    said = ask(line)
    binding_id = said.only.binding_id
    line.dues["person", str(binding_id)] = MONDAY
    assert line.fire("person", binding_id).types == []
    line.decide(said, State.REJECTED, 2)
    line.dues["consent", str(binding_id)] = MONDAY
    assert line.fire("consent", binding_id).types == []
    line.dues["consent", str(uid(77))] = MONDAY
    assert line.fire("consent", uid(77)).types == []


def test_a_registry_record_with_wrong_fields_is_answered(line: Line) -> None:
    invalid = Invalid((FieldError("brdy", "no date", "1980-01-31"),), {"psn_no": "1"})
    said = line.send("registry.persons.recorded", invalid, source="authority")
    assert said.codes == ["field-invalid"]
    assert said.answers[0][1].binding_id is None
    silent = line.send("account.credits.frozen", invalid, source="authority")
    assert silent.answers == []


def test_a_decision_that_says_nothing_new_of_the_stage(line: Line) -> None:
    said = ask(line)
    line.decide(said, State.AWAITING_CONSENT, 2)
    assert line.work.bindings[said.only.binding_id].stage == "consent"
    line.decide(said, State.APPROVED, 3)
    line.decide(said, State.SUSPENDED, 4)
    assert line.work.bindings[said.only.binding_id].stage == "suspended"
    line.decide(said, State.APPROVED, 5)
    assert line.work.bindings[said.only.binding_id].stage == "bound"


def test_a_number_that_now_names_somebody_else(line: Line) -> None:
    other = adult(6, admdvs="650100", psn_no=SPONSOR.psn_no)
    line.know(other.recorded(version=2))
    assert ask(line).codes[0] == "sponsor-mismatch"


def approved_late(line: Line) -> tuple[Said, str]:
    """A child's binding that passed; audit's decision is not read yet."""
    line.know(KID)
    line.send("registry.relations.recorded", related(SPONSOR, KID, "child"))
    said = line.send(SUBMITTED, submitted(SPONSOR, KID, relation="child", number=2))
    assert said.types == ["passed"]
    return said, f"zheliban/m{line.offset + 1}"


def test_an_end_that_overtakes_the_approval_waits_for_it(line: Line) -> None:
    said, message = approved_late(line)
    waits = line.send("binding.requests.unbind-requested", unbind_requested(SPONSOR, said.only.binding_id))
    assert (waits.types, waits.answers) == ([], [])
    line.decide(said, State.APPROVED, 2)
    ended = line.fire("again", message)
    assert ended.types == ["unbind-checked"]
    assert ended.answers[0][0].id == message.split("/")[1]


def test_an_end_of_what_is_never_approved_is_answered_once_the_wait_is_over(line: Line) -> None:
    said, message = approved_late(line)
    line.send("binding.requests.unbind-requested", unbind_requested(SPONSOR, said.only.binding_id))
    assert line.fire("again", message).codes == ["wrong-state"]


@pytest.mark.parametrize("side", ["order", "rank"])
def test_an_order_that_overtakes_the_approval_waits_too(line: Line, side: str) -> None:
    said, message = approved_late(line)
    ids = (said.only.binding_id,)
    if side == "rank":
        line.send(
            "binding.requests.rank-changed", ours.RankChanged(sponsor_psn_no=SPONSOR.psn_no, ranked=ids)
        )
    else:
        order = theirs.OrderChanged(beneficiary_psn_no=KID.psn_no, ordered=ids, channel="app")
        line.send("beneficiary.requests.order-changed", order)
    line.decide(said, State.APPROVED, 2)
    assert line.fire("again", message).types == ["change-checked"]


def test_a_mended_request_that_overtakes_the_rejection_waits_for_it(line: Line) -> None:
    said = ask(line)
    check = face_check(SPONSOR, MONDAY, transaction_no="T2")
    again = submitted(
        SPONSOR,
        SISTER,
        relation="sibling",
        number=2,
        face_check=check,
        earlier_binding_id=said.only.binding_id,
    )
    message = f"zheliban/m{line.offset + 1}"
    assert line.send(SUBMITTED, again).answers == []
    line.decide(said, State.REJECTED, 2)
    assert line.fire("again", message).types == ["consent-needed"]
