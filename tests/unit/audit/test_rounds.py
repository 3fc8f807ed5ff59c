"""From the first screening to a decision: every path of a request."""

from datetime import timedelta

import pytest

from shared.contracts import binding_screenings as found
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import State, Step
from shared.contracts.binding_requests import Material, MaterialKind
from shared.contracts.binding_screenings import Refused
from shared.contracts.reasons import reason
from shared.contracts.review_verdicts import Decision
from shared.policies.values import Review
from shared.testing.messages import MONDAY
from tests.unit.audit.line import ID, ORIGIN, Line, consent_needed, passed, policy, refused, verdict

PAPER = Material(
    kind=MaterialKind.HOUSEHOLD_REGISTER,
    holder="sponsor",
    reference="doc-1",
    media_type="image/jpeg",
    size=1000,
    sha256="0" * 64,
)


def test_proven_is_approved_at_once() -> None:
    line = Line()
    assert line.send(passed()) == ["received", "approved"]
    (_, first), (_, second) = line.decisions
    assert (first.version, second.version) == (1, 2)
    assert (second.reviewer, second.effective[0].begin, second.effective[0].end) == ("auto", MONDAY, None)
    ((to, told),) = line.answers
    assert to == ORIGIN
    assert (told.state, told.step, told.version, told.effective_from) == (
        State.APPROVED,
        Step.DECIDED,
        2,
        MONDAY,
    )


@pytest.mark.parametrize(
    ("review", "proven"),
    [(Review(), ("materials",)), (Review(), ()), (Review(auto_approve="never"), ("registry",))],
)
def test_the_rest_goes_to_people(review: Review, proven: tuple[str, ...]) -> None:
    line = Line(policy(review=review))
    assert line.send(passed(proven=proven)) == ["received", "under-review"]
    assert line.state.due_basis == "official-calendar"
    assert line.dues["review-overdue", str(ID)] == line.state.due_at
    assert {kind for kind, _ in line.dues} == {"review-half", "review-nearly", "review-overdue"}
    assert line.told.due_at == line.state.due_at


def test_a_marked_case_goes_to_people_however_well_it_is_proven() -> None:
    line = Line()
    marked = passed(proven=("registry",)).model_copy(update={"marks": ("odd-age",)})
    assert line.send(marked) == ["received", "under-review"]


def test_refused_with_all_reasons() -> None:
    line = Line()
    assert line.send(refused("sponsor-not-employee", "in-law-not-allowed")) == ["received", "refused"]
    assert [r.code for r in line.state.reasons] == ["sponsor-not-employee", "in-law-not-allowed"]
    assert line.dues == {}


def lacking() -> Refused:
    """Nothing but a document is missing."""
    return refused("materials-missing").model_copy(update={"supplement": (MaterialKind.HOUSEHOLD_REGISTER,)})


def test_missing_documents_alone_are_asked_for() -> None:
    line = Line()
    assert line.send(lacking()) == ["received", "supplement-requested"]
    assert line.state.supplement == (MaterialKind.HOUSEHOLD_REGISTER,)
    assert line.dues == {("supplement-expired", str(ID)): line.state.due_at}
    assert line.told.reasons[0].code == "materials-missing"
    again = Origin(source="zheliban", id="request-2")
    came = passed(2, ("materials",), materials=(PAPER,)).model_copy(update={"origin": again})
    assert line.send(came, time=MONDAY + timedelta(days=1)) == ["under-review"]
    assert line.state.round == 2
    assert not line.state.supplement
    assert line.state.case.materials == (PAPER,)
    assert line.answers[-1][0] == again
    assert line.state.origin == ORIGIN, "whose binding it is does not change"
    assert line.dues["review-overdue", str(ID)] == line.state.due_at
    assert {kind for kind, _ in line.dues} == {"review-half", "review-nearly", "review-overdue"}


def test_missing_documents_among_other_reasons_are_a_refusal() -> None:
    assert Line().send(refused("materials-missing", "account-frozen")) == ["received", "refused"]


def test_documents_that_do_not_suffice_renew_no_deadline() -> None:
    line = Line()
    line.send(lacking())
    due, basis = line.state.due_at, line.state.due_basis
    again = lacking().model_copy(update={"round": 2})
    assert line.send(again, time=MONDAY + timedelta(days=3)) == ["supplement-requested"]
    assert (line.state.round, line.state.due_at, line.state.due_basis) == (2, due, basis)
    assert line.dues == {("supplement-expired", str(ID)): due}


def test_a_supplement_that_does_not_come_expires_at_its_time() -> None:
    line = Line()
    line.send(lacking())
    due = line.state.due_at
    assert due is not None
    assert line.wait(timedelta(days=30)) == ["expired"]
    assert (line.state.at, line.state.reasons[0].code) == (due, "supplement-expired")
    assert line.send(passed(2, ("materials",))) == []
    assert (line.told.state, line.told.reasons[0].code) == (State.EXPIRED, "wrong-state")


def test_documents_after_the_time_find_the_case_expired_even_before_the_row_fires() -> None:
    line = Line()
    line.send(lacking())
    assert line.send(passed(2, ("materials",)), time=MONDAY + timedelta(days=60)) == ["expired"]
    assert line.told.reasons[0].code == "wrong-state"
    assert line.dues == {}


def test_a_person_keeps_the_case_that_asked_for_documents() -> None:
    line = Line()
    line.send(passed(proven=()))
    line.send(verdict("supplement", materials=(MaterialKind.MARRIAGE_CERTIFICATE,)))
    assert line.send(passed(2, ("registry",))) == ["under-review"]
    assert line.state.reviewer == "op-1"


def test_consent_then_decision() -> None:
    line = Line()
    assert line.send(consent_needed()) == ["received", "consent-requested"]
    assert (line.state.short_code, line.state.due_at) == ("ABCD2345", MONDAY + timedelta(days=7))
    assert line.dues == {}, "eligibility watches the consent"
    assert line.send(passed()) == ["approved"]


@pytest.mark.parametrize(
    ("declined", "code", "type"),
    [(False, "consent-expired", "expired"), (True, "consent-declined", "rejected")],
)
def test_consent_that_does_not_come(declined: bool, code: str, type: str) -> None:
    line = Line()
    line.send(consent_needed())
    why = (reason(code, days=7),)
    over = found.ConsentExpired(binding_id=ID, at=MONDAY, declined=declined, reasons=why)
    assert line.send(over) == [type]
    assert line.state.reasons == why
    assert line.answers[-1][0] == ORIGIN
    assert line.send(over) == []


def test_older_and_repeated_rounds_change_nothing() -> None:
    line = Line()
    line.send(passed(proven=()))
    line.send(passed(2, ()))
    answered = len(line.answers)
    for late in (passed(1), passed(2), refused("account-frozen", round=1), consent_needed(2)):
        assert line.send(late) == []
    assert (line.state.version, line.state.round, len(line.answers)) == (3, 2, answered)


def test_a_refused_later_round_is_final() -> None:
    line = Line()
    line.send(passed(proven=()))
    assert line.send(refused("account-frozen", round=2)) == ["refused"]


def test_a_decided_case_takes_no_further_round() -> None:
    line = Line()
    line.send(passed())
    assert line.send(passed(1)) == []
    assert line.send(refused("account-frozen", round=2)) == []
    assert line.state.state is State.APPROVED


def test_withdrawn_before_a_decision_only() -> None:
    origin = Origin(source="zheliban", id="request-9")
    back = found.Withdrawn(binding_id=ID, at=MONDAY, origin=origin)
    line = Line()
    line.send(passed(proven=()))
    assert line.send(back) == ["withdrawn"]
    assert line.dues == {}
    assert [to for to, _ in line.answers][-1] == origin
    decided = Line()
    decided.send(passed())
    assert decided.send(back) == []
    assert decided.told.reasons[0].code == "wrong-state"


def test_a_review_that_is_overdue_is_flagged_and_stays() -> None:
    line = Line()
    line.send(passed(proven=()))
    assert line.wait(timedelta(days=10)) == []
    assert line.batch.files[ID].overdue
    assert line.state.state is State.UNDER_REVIEW
    assert line.send(verdict(Decision.APPROVE)) == ["approved"]
    assert not line.batch.files[ID].overdue


def test_a_binding_that_nobody_screened_is_answered() -> None:
    line = Line()
    assert line.send(found.Withdrawn(binding_id=ID, at=MONDAY, origin=ORIGIN)) == []
    assert line.told.reasons[0].code == "binding-unknown"
    assert line.send(found.Withdrawn(binding_id=ID, at=MONDAY)) == []
    assert len(line.answers) == 1
