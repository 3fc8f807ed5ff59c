"""What reasons quote of the policy, in which order records count, and what a finding carries beside its reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.eligibility.domain.inquiry import channel_names, state_reason
from services.eligibility.domain.person import merged
from services.eligibility.domain.screening import Outcome, screen
from shared.contracts.binding_requests import ChannelKind, MaterialKind
from shared.contracts.binding_screenings import Fact
from shared.policies.types import Document, MaterialRule
from shared.testing.identities import adult, child, insurance
from shared.testing.messages import MONDAY, related
from shared.testing.proofs import face_check
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, person, policy, tie

CARD = (frozenset({Document(MaterialKind.ID_CARD)}),)


def test_channels_are_named_in_one_order_and_the_hotline_is_the_regions() -> None:
    listed = frozenset({ChannelKind.COUNTER, ChannelKind.APP})
    assert channel_names(listed) == "手机应用(app)、医保经办大厅窗口(counter)"
    assert channel_names(None).count("、") == len(ChannelKind) - 1
    usual = policy()
    own = replace(usual, notice=replace(usual.notice, hotline="0571-12345"))
    assert "0571-12345" in state_reason(own, "region-not-offered", "region.offered").remedy_zh


def test_a_face_check_that_is_too_old_is_told_the_minutes() -> None:
    old = {"face_check": face_check(SPONSOR, MONDAY - timedelta(hours=1))}
    (why,) = found(inquiry(request=old, policy=policy(face_check_max_age=610))).reasons
    assert why.zh == "人脸核验已超过10分钟"


def test_marks_come_together_and_in_one_order() -> None:
    odd = CHILD.recorded(gend="1", brdy=SPONSOR.brdy)
    q = inquiry(policy=policy(min_age_gap={"child": 15}))
    assert screen(replace(q, beneficiary=replace(person(CHILD), records=(odd,)))).marks == (
        "sex-differs",
        "birth-differs",
        "odd-age",
    )


def test_all_that_papers_can_mend_asks_for_papers() -> None:
    rule = MaterialRule(any_of=CARD)
    q = inquiry(policy=policy(materials=(rule,), use_proofs={"pharmacy": CARD}))
    q = replace(q, relation=related(SPONSOR, CHILD, "child", proven=False, kin_account=True))
    assert set(codes(q)) == {"kin-account-only", "materials-missing", "use-proof-missing"}
    assert screen(q).outcome is Outcome.SUPPLEMENT
    assert screen(replace(q, face_used=True)).outcome is Outcome.REFUSED
    assert screen(replace(q, face_used=True), first=False).outcome is Outcome.SUPPLEMENT


def test_facts_are_the_records_that_were_used() -> None:
    q = inquiry()
    numbers = SPONSOR.psn_no, CHILD.psn_no
    persons = tuple(Fact(kind="person", key=number, version=1) for number in numbers)
    assert screen(q).facts == (*persons, Fact(kind="relation", key="|".join(numbers), version=1))
    assert screen(replace(q, relation=None)).facts == persons
    assert screen(replace(q, beneficiary=None)).facts == persons[:1]
    assert screen(replace(q, sponsor=None)).facts == persons[1:]


def test_the_record_asked_for_comes_first_then_the_newest() -> None:
    one, two, three = (SPONSOR.recorded(psn_no=str(n), version=v) for n, v in ((7, 1), (8, 3), (9, 3)))
    records = [three, one, two]
    assert [r.psn_no for r in merged(records)] == ["8", "9", "7"]
    assert [r.psn_no for r in merged(records, "7")] == ["7", "8", "9"]
    assert [r.psn_no for r in merged(records[:2], "9")] == ["9", "7"]
    assert merged([one], "8") == (one,)
    assert merged([]) == ()


def test_a_member_of_the_sponsors_own_family_is_in_no_other_one() -> None:
    alone = policy(one_family=True, max_sponsors=None)
    assert codes(inquiry(ties=[tie(SPONSOR, CHILD)], policy=alone)) == ["already-bound-here"]
    assert codes(inquiry(ties=[tie(SPONSOR, child(20))], policy=alone)) == []
    two = [tie(SPONSOR, CHILD), tie(adult(9), CHILD)]
    assert codes(inquiry(ties=two, policy=alone)) == ["already-bound-here", "beneficiary-in-other-family"]


def test_who_is_nobody_has_no_bindings() -> None:
    """Ties of a sponsor whom the registry does not know are nobody's: no cap is counted."""
    q = inquiry(ties=[tie(SPONSOR, child(20))], policy=policy(max_beneficiaries=0), sponsor=None)
    assert codes(q) == ["sponsor-unknown"]


def test_a_cap_is_told_with_its_number_and_a_balance_without_a_date_with_a_dash() -> None:
    caps: dict[str, Any] = {
        "max_sponsors": 0,
        "max_lifetime_beneficiaries": 0,
        "max_beneficiaries_elsewhere": 0,
    }
    away = child(2, admdvs="330200")
    told = {r.rule: r.zh for r in found(inquiry(SPONSOR, away, policy=policy(**caps))).reasons}
    assert "上限0" in told["family.max-sponsors"]
    assert "上限0人" in told["family.max-lifetime-beneficiaries"]
    assert "上限0人" in told["family.max-beneficiaries-elsewhere"]
    poor = SPONSOR.but(insurances=(insurance(balc=0, balc_date=None),))
    (why,) = found(inquiry(poor, policy=policy(min_balance=1))).reasons
    assert why.zh == "授权人个人账户余额（—）低于0.01元"
