"""Face checks, and the beneficiary's consent."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.screening import Outcome
from services.eligibility.work import Work
from shared.contracts.beneficiary_requests import Consented, Declined
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import ChannelKind
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, consented, related, submitted, uid
from shared.testing.proofs import counter, face_check
from tests.unit.eligibility.demo import demo_policies, provider_keys
from tests.unit.eligibility.line import Line, Said
from tests.unit.eligibility.rules import SPONSOR, codes, found, inquiry, policy

ME, SISTER = adult(1, admdvs="650100"), adult(4, admdvs="650100")
SUBMITTED, CONSENTED = "binding.requests.submitted", "beneficiary.requests.consented"


@pytest.mark.parametrize("provider", ["face-one", "face-two"])
def test_both_kinds_of_signature_are_verified(provider: str) -> None:
    given = face_check(SPONSOR, MONDAY, provider=provider)
    assert codes(inquiry(request={"face_check": given})) == []
    forged = given.model_copy(update={"transaction_no": "T0"})
    assert codes(inquiry(request={"face_check": forged})) == ["face-check-signature"]
    for text in ("!!", "AAAA", given.signature[:-4]):
        broken = given.model_copy(update={"signature": text})
        assert codes(inquiry(request={"face_check": broken})) == ["face-check-signature"]


def test_a_key_of_another_kind_is_a_fault_of_the_registration() -> None:
    pem = (
        generate_private_key(65537, 2048)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(ValueError, match="Ed25519 or ECDSA P-256"):
        codes(inquiry(keys={"face-one": (pem.decode(),)}))


def test_missing_unknown_provider_somebody_else_reused() -> None:
    good = face_check(SPONSOR, MONDAY)
    assert codes(inquiry(request={"face_check": None})) == ["face-check-missing"]
    unknown = good.model_copy(update={"provider": "nobody"})
    assert codes(inquiry(request={"face_check": unknown})) == ["face-check-provider"]
    assert codes(inquiry(request={"face_check": face_check(adult(9), MONDAY)})) == ["face-check-subject"]
    assert codes(inquiry(face_used=True)) == ["face-check-reused"]
    assert codes(inquiry(request={"face_check": None}, policy=policy(face_check=False))) == []


@pytest.mark.parametrize(
    ("age", "stale"), [(600, False), (601, True), (0, False), (-300, False), (-301, True)]
)
def test_a_face_check_is_fresh(age: int, stale: bool) -> None:
    given = face_check(SPONSOR, MONDAY - timedelta(seconds=age))
    assert codes(inquiry(request={"face_check": given})) == ["face-check-stale"] * stale


def test_a_time_that_cannot_be_read_is_not_fresh() -> None:
    for text in ("yesterday", "2026-11-23T10:00:00"):
        given = face_check(SPONSOR, MONDAY).model_copy(update={"checked_at": text})
        assert "face-check-stale" in codes(inquiry(request={"face_check": given}))


@pytest.mark.parametrize(("days", "asked"), [(1, False), (0, True), (-1, True)])
def test_who_is_sixteen_on_the_requests_date_must_consent(days: int, asked: bool) -> None:
    teen = child(2, admdvs="650100", born=date(2010, 11, 23) + timedelta(days=days))
    q = inquiry(ME, teen, region="650100")
    assert (found(q).outcome is Outcome.CONSENT_NEEDED) is asked
    assert found(replace(q, consented=True)).outcome is Outcome.PASSED


def test_consent_is_policy_and_presence_at_a_counter_is_consent() -> None:
    assert found(_sister()).outcome is Outcome.CONSENT_NEEDED
    assert found(_sister(policy=policy())).outcome is Outcome.PASSED
    for present, outcome in ((True, Outcome.PASSED), (False, Outcome.CONSENT_NEEDED)):
        proof = counter(beneficiary_present=present)
        q = _sister(request={"channel": ChannelKind.COUNTER, "counter": proof})
        assert found(q).outcome is outcome


def _sister(**options: Any) -> Inquiry:
    return inquiry(ME, SISTER, relation="sibling", **({"region": "650100"} | options))


@pytest.fixture
def line() -> Line:
    made = Line()
    made.know(ME, SISTER, adult(6, admdvs="650100"))
    made.send("registry.relations.recorded", related(ME, SISTER, "sibling"))
    return made


def ask(line: Line) -> Said:
    return line.send(SUBMITTED, submitted(ME, SISTER, relation="sibling"))


def test_consent_by_id_by_short_code_and_by_the_sponsors_certificate() -> None:
    for how in ("binding_id", "short_code", "sponsor"):
        line = Line()
        line.know(ME, SISTER)
        line.send("registry.relations.recorded", related(ME, SISTER, "sibling"))
        needed = ask(line).only
        assert needed.expires_at == MONDAY + timedelta(days=7)
        names = {
            "binding_id": needed.binding_id,
            "short_code": needed.short_code,
            "sponsor": ME.certificate(),
        }
        said = line.send(CONSENTED, consented(SISTER, **{how: names[how]}), source="xinjiang-mini")
        assert said.types == ["passed"]
        assert not line.dues


def test_consent_of_the_wrong_person_leaves_the_request_waiting(line: Line) -> None:
    needed = ask(line).only
    other = adult(6, admdvs="650100")
    assert line.send(CONSENTED, consented(other, needed.binding_id)).codes == ["consent-wrong-person"]
    assert line.send(CONSENTED, consented(adult(8), needed.binding_id)).codes == ["consent-wrong-person"]
    assert line.send(CONSENTED, consented(SISTER, needed.binding_id, face_check=None)).codes == [
        "face-check-missing"
    ]
    stranger = face_check(other, MONDAY)
    assert line.send(CONSENTED, consented(SISTER, needed.binding_id, face_check=stranger)).codes == [
        "face-check-subject"
    ]
    assert line.send(CONSENTED, consented(SISTER, short_code="ZZZZZZZZ")).codes == ["binding-unknown"]
    assert line.work.bindings[needed.binding_id].stage == "consent"
    assert line.send(CONSENTED, consented(SISTER, needed.binding_id)).types == ["passed"]
    assert (
        line.send(CONSENTED, consented(SISTER, needed.binding_id, at=MONDAY + timedelta(seconds=1))).types
        == []
    )


def test_a_face_check_serves_one_consent() -> None:
    line = Line()
    other = adult(6, admdvs="650100")
    line.know(ME, SISTER, other)
    for sponsor in (ME, other):
        line.send("registry.relations.recorded", related(sponsor, SISTER, "sibling"))
    first = ask(line).only
    second = line.send(SUBMITTED, submitted(other, SISTER, relation="sibling", number=2)).only
    assert line.send(CONSENTED, consented(SISTER, first.binding_id)).types == ["passed"]
    assert line.send(CONSENTED, consented(SISTER, second.binding_id)).codes == ["face-check-reused"]


@pytest.mark.parametrize("by", ["binding_id", "sponsor"])
def test_a_consent_that_comes_first_is_kept(line: Line, by: str) -> None:
    early: dict[str, Any] = {"binding_id": uid(1), "sponsor": ME.certificate()}
    before = MONDAY - timedelta(days=7)
    said = line.send(CONSENTED, consented(SISTER, at=before, **{by: early[by]}), at=before)
    assert said.answers[0][1].outcome == "accepted"
    assert ask(line).types == ["passed"]


def test_a_kept_consent_serves_one_request(line: Line) -> None:
    """Who consented, and ended the binding the next day, has not consented to another one."""
    line.send(CONSENTED, consented(SISTER, sponsor=ME.certificate()))
    first = ask(line)
    assert first.types == ["passed"]
    assert {about.partition(":")[0] for _, about in line.work.used_consents} == {"sponsor"}
    line.decide(first, State.ENDED, 3)
    next_day = MONDAY + timedelta(days=1)
    body = submitted(ME, SISTER, relation="sibling", at=next_day)
    again = line.send(SUBMITTED, body, at=next_day)
    assert again.types == ["consent-needed"]


def test_a_kept_consent_grows_old(line: Line) -> None:
    before = MONDAY - timedelta(days=7, seconds=1)
    line.send(CONSENTED, consented(SISTER, at=before, sponsor=ME.certificate()), at=before)
    assert ask(line).types == ["consent-needed"]


def test_consent_expires_and_the_slot_waits_for_the_decision(line: Line) -> None:
    said = ask(line)
    binding_id = said.only.binding_id
    expired = line.fire("consent", binding_id)
    assert expired.types == ["consent-expired"]
    assert (expired.only.declined, expired.only.reasons[0].code) == (False, "consent-expired")
    assert line.work.bindings[binding_id].stage.held
    line.decide(said, State.EXPIRED, 2)
    assert not line.work.bindings[binding_id].stage.held


def test_declining_is_the_beneficiarys(line: Line) -> None:
    needed = ask(line).only
    wrong = Declined(
        beneficiary_psn_no=adult(6, admdvs="650100").psn_no, binding_id=needed.binding_id, channel="app"
    )
    assert line.send("beneficiary.requests.declined", wrong).codes == ["not-your-binding"]
    own = wrong.model_copy(update={"beneficiary_psn_no": SISTER.psn_no})
    said = line.send("beneficiary.requests.declined", own)
    assert said.types == ["consent-expired"]
    assert said.only.declined
    assert said.only.reasons[0].code == "consent-declined"
    assert not line.dues


def test_consent_at_a_counter_needs_the_clerk(line: Line) -> None:
    needed = ask(line).only
    body = Consented(beneficiary_psn_no=SISTER.psn_no, binding_id=needed.binding_id, channel="counter")
    assert line.send(CONSENTED, body).codes == ["counter-proof-missing"]
    assert line.send(CONSENTED, body.model_copy(update={"counter": counter()})).types == ["passed"]


def test_a_forged_check_that_nobody_asked_for_does_not_burn_the_real_one() -> None:
    real = face_check(SPONSOR, MONDAY, transaction_no="T-REAL")
    forged = real.model_copy(update={"subject_sha256": "0" * 64})
    work = Work(demo_policies(), provider_keys())
    work.use_face(forged, uid(1), MONDAY)
    assert not work.face_used(real, uid(2))
    work.use_face(real, uid(1), MONDAY)
    assert work.face_used(real, uid(2))
