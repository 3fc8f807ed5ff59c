"""What nobody learns by asking: where strangers are insured, which numbers the registry has, which of their reasons are gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.contracts.base import Message
from shared.contracts.beneficiary_requests import Declined, UnbindRequested
from shared.contracts.binding_requests import ChannelKind
from shared.testing.identities import MadeUp, adult, child
from shared.testing.messages import MONDAY, consented, related, submitted
from shared.testing.proofs import face_check
from tests.unit.eligibility.line import Line, Said

SUBMITTED = "binding.requests.submitted"
ME, KID, SISTER = adult(1, admdvs="650100"), child(2, admdvs="650100"), adult(4, admdvs="650100")
STRANGER, NOBODY = adult(5, admdvs="330100"), adult(6)


def reasons(said: Said) -> list[tuple[str, str | None]]:
    return [(r.code, r.field) for r in said.answers[0][1].reasons]


def files(said: Said) -> set[str]:
    return {r.citation.file for r in said.answers[0][1].reasons if r.citation}


@pytest.mark.parametrize("number", [ME.psn_no, STRANGER.psn_no, "none"])
def test_a_certificate_with_another_name_does_not_tell_where_its_owner_is_insured(number: str) -> None:
    line = Line()
    line.know(ME, KID, STRANGER)
    asked = submitted(STRANGER, KID, relation="child", face_check=None)
    named = asked.sponsor.model_copy(update={"psn_no": number, "psn_name": "王小明"})
    request = asked.model_copy(update={"sponsor": named, "admdvs": "650100"})
    said = line.send(SUBMITTED, request)
    assert reasons(said)[0][0] in ("sponsor-unknown", "sponsor-mismatch")
    assert not any("330000" in file for file in files(said))
    assert said.only.case.admdvs == "650100"


def _from(person: MadeUp, kind: str, said: Said) -> tuple[str, Message]:
    """What somebody says about the binding of `said`, by number."""
    binding_id = said.only.binding_id
    named = {
        "beneficiary_psn_no": person.psn_no,
        "binding_id": binding_id,
        "channel": ChannelKind.APP,
    }
    if kind == "consented":
        return kind, consented(person, binding_id)
    if kind == "declined":
        return kind, Declined(**named)
    return "unbind-requested", UnbindRequested(**named)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("consented", "consent-wrong-person"),
        ("declined", "not-your-binding"),
        ("unbind", "not-your-binding"),
    ],
)
def test_a_number_that_the_registry_has_is_answered_like_one_that_it_has_not(kind: str, code: str) -> None:
    line = Line()
    line.know(ME, SISTER, STRANGER)
    line.send("registry.relations.recorded", related(ME, SISTER, "sibling"))
    waiting = line.send(SUBMITTED, submitted(ME, SISTER, relation="sibling"))
    assert waiting.types == ["consent-needed"]
    answers = []
    for person in (STRANGER, NOBODY):
        suffix, body = _from(person, kind, waiting)
        answers.append(line.send(f"beneficiary.requests.{suffix}", body).answers[0][1])
    assert [r.code for r in answers[0].reasons] == [code]
    assert answers[0] == answers[1]


def test_reasons_that_were_not_looked_at_are_not_said_to_be_gone() -> None:
    line = Line()
    line.know(ME, KID)
    line.send("registry.relations.recorded", related(ME, KID, "child"))
    first = submitted(ME, KID, relation="sibling", face_check=None)
    assert set(line.send(SUBMITTED, first).codes) == {"relation-disagrees", "face-check-missing"}
    wrong = submitted(
        ME, KID, relation="sibling", number=2, commitment=None, earlier_binding_id=first.binding_id
    )
    misnamed = wrong.beneficiary.model_copy(update={"psn_name": "王小明"})
    said = line.send(SUBMITTED, wrong.model_copy(update={"beneficiary": misnamed}))
    assert set(said.codes) == {"beneficiary-not-confirmed", "commitment-missing"}
    assert said.answers[0][1].reasons_gone == ()


def test_a_sponsor_who_is_known_now_reads_that_this_is_mended_whoever_else_is_not_confirmed() -> None:
    line = Line()
    line.know(KID)
    at = MONDAY + timedelta(days=1)
    first = submitted(ME, KID, relation="child", commitment=None)
    assert "sponsor-unknown" in line.send(SUBMITTED, first).codes
    line.know(ME)
    again = submitted(
        ME,
        NOBODY,
        relation="child",
        number=2,
        at=at,
        commitment=None,
        face_check=face_check(ME, at, transaction_no="T2"),
        earlier_binding_id=first.binding_id,
    )
    said = line.send(SUBMITTED, again, at=at)
    assert "beneficiary-not-confirmed" in said.codes
    assert said.answers[0][1].reasons_gone == ("sponsor-unknown",)
