"""Consent: whose it is, what it is for, how long it may come, and what a refusal of it leaves untouched."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.contracts.beneficiary_requests import Declined
from shared.contracts.binding_decisions import State
from shared.testing.identities import adult
from shared.testing.messages import MONDAY, consented, related, submitted, uid
from shared.testing.proofs import counter, face_check
from tests.unit.eligibility.line import Line, Said

ME, SISTER, OTHER = (adult(n, admdvs="650100") for n in (1, 4, 6))
SUBMITTED, CONSENTED, DECLINED = (
    "binding.requests.submitted",
    "beneficiary.requests.consented",
    "beneficiary.requests.declined",
)
EXPIRES = MONDAY + timedelta(days=7)


@pytest.fixture
def line() -> Line:
    made = Line()
    made.know(ME, SISTER, OTHER)
    for sponsor in (ME, OTHER):
        made.send("registry.relations.recorded", related(sponsor, SISTER, "sibling"))
    return made


def ask(line: Line, number: int = 1) -> Said:
    check = face_check(ME, MONDAY, transaction_no=f"T{number}")
    said = line.send(SUBMITTED, submitted(ME, SISTER, relation="sibling", number=number, face_check=check))
    assert said.types == ["consent-needed"]
    return said


def waits(line: Line, said: Said) -> bool:
    """Whether the request goes on waiting, with its due row."""
    binding_id = said.only.binding_id
    return line.work.bindings[binding_id].stage == "consent" and ("consent", str(binding_id)) in line.dues


def test_a_consent_for_another_binding_serves_only_that_one(line: Line) -> None:
    first = ask(line)
    kept = line.send(CONSENTED, consented(SISTER, uid(99)))
    assert kept.answers[0][1].outcome == "accepted", "kept for a request that may come"
    assert waits(line, first)
    elsewhere = consented(
        SISTER, sponsor=OTHER.certificate(), face_check=face_check(SISTER, MONDAY, transaction_no="X")
    )
    line.send(CONSENTED, elsewhere)
    assert waits(line, first)


def test_a_consent_about_somebody_elses_binding_is_refused(line: Line) -> None:
    first = ask(line)
    said = line.send(CONSENTED, consented(OTHER, first.only.binding_id))
    assert (said.codes, said.types) == (["consent-wrong-person"], [])
    by_code = consented(OTHER, short_code=first.only.short_code)
    assert line.send(CONSENTED, by_code).codes == ["consent-wrong-person"]
    assert waits(line, first)


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (None, "face-check-missing"),
        (face_check(OTHER, MONDAY), "face-check-subject"),
        (face_check(SISTER, MONDAY - timedelta(hours=1)), "face-check-stale"),
        (face_check(SISTER, MONDAY).model_copy(update={"signature": "AAAA"}), "face-check-signature"),
        (face_check(SISTER, MONDAY).model_copy(update={"provider": "nobody"}), "face-check-provider"),
    ],
)
def test_a_consent_without_a_valid_check_leaves_the_request_waiting(
    line: Line, proof: object, code: str
) -> None:
    first = ask(line)
    said = line.send(CONSENTED, consented(SISTER, first.only.binding_id, face_check=proof))
    assert (said.codes, said.types) == ([code], [])
    assert waits(line, first)
    assert line.send(CONSENTED, consented(SISTER, first.only.binding_id)).types == ["passed"]


def test_a_telephone_agent_vouches_in_place_of_the_face(line: Line) -> None:
    first = ask(line)
    body = consented(SISTER, first.only.binding_id, channel="telephone", face_check=None)
    assert line.send(CONSENTED, body).codes == ["counter-proof-missing"]
    unfinished = body.model_copy(update={"counter": counter(form_complete=False)})
    assert line.send(CONSENTED, unfinished).codes == ["counter-incomplete"]
    assert waits(line, first)
    assert line.send(CONSENTED, body.model_copy(update={"counter": counter()})).types == ["passed"]


@pytest.mark.parametrize(("seconds", "types"), [(-1, ["passed"]), (0, []), (1, [])])
def test_a_consent_after_its_time_is_refused_though_the_end_was_not_read_yet(
    line: Line, seconds: int, types: list[str]
) -> None:
    first = ask(line)
    at = EXPIRES + timedelta(seconds=seconds)
    said = line.send(CONSENTED, consented(SISTER, first.only.binding_id, at=at), at=at)
    assert said.types == types
    if not types:
        assert said.codes == ["consent-expired"]
        assert line.fire("consent", first.only.binding_id).types == ["consent-expired"]


@pytest.mark.parametrize("end", ["declined", "expired"])
def test_who_declined_or_let_the_time_pass_cannot_consent_before_the_decision(line: Line, end: str) -> None:
    first = ask(line)
    binding_id = first.only.binding_id
    declined = Declined(beneficiary_psn_no=SISTER.psn_no, binding_id=binding_id, channel="app")
    said = line.send(DECLINED, declined) if end == "declined" else line.fire("consent", binding_id)
    assert said.only.declined is (end == "declined")
    assert line.send(CONSENTED, consented(SISTER, binding_id)).codes == ["wrong-state"]
    assert line.send(DECLINED, declined).codes == ["wrong-state"]
    assert line.work.bindings[binding_id].stage.held
    line.decide(first, State.REJECTED, 2)
    assert not line.work.bindings[binding_id].stage.held


def test_declining_by_short_code_and_by_the_sponsors_certificate(line: Line) -> None:
    for number, how in enumerate(("short_code", "sponsor"), 1):
        first = ask(line, number)
        named = {"short_code": first.only.short_code, "sponsor": ME.certificate()}
        body = Declined(beneficiary_psn_no=SISTER.psn_no, channel="app", **{how: named[how]})
        assert line.send(DECLINED, body).types == ["consent-expired"]
        line.decide(first, State.REJECTED, 2)
