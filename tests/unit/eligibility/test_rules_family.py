"""Relations, the family graph, terms and papers: each rule both ways, on its boundary days."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.eligibility.domain.inquiry import Family, Inquiry
from services.eligibility.domain.person import person_key
from services.eligibility.domain.screening import Outcome
from shared.clock import BEIJING
from shared.contracts.binding_requests import Relation, Terms
from shared.contracts.registry import RelationRecorded
from shared.testing.identities import adult, child, elder
from shared.testing.messages import MONDAY, related
from shared.testing.proofs import commitment, counter, material
from tests.unit.eligibility.demo import demo_policies
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, policy, tie

NIGHT = datetime(2024, 7, 31, 23, 59, 59, tzinfo=BEIJING)
TAIAN: dict[str, Any] = {"region": "370900"}


@pytest.mark.parametrize(("at", "allowed"), [(NIGHT, False), (NIGHT + timedelta(seconds=1), True)])
def test_siblings_from_the_day_of_the_2024_rule(at: datetime, allowed: bool) -> None:
    q = inquiry(SPONSOR, adult(4), relation="sibling", at=at, region="110000")
    assert codes(q) == ["relation-not-allowed"] * (not allowed)
    if not allowed:
        (reason,) = found(q).reasons
        assert "2021-04-22" in reason.zh
        assert "配偶" in reason.remedy_zh
        assert reason.citation is not None
        assert "国办发〔2021〕14号" in reason.citation.reference


@pytest.mark.parametrize("relation", ["parent-in-law", "child-in-law"])
def test_in_laws_unless_the_region_has_them(relation: str) -> None:
    assert codes(inquiry(SPONSOR, elder(4), relation=relation)) == ["in-law-not-allowed"]
    assert (
        codes(inquiry(SPONSOR, elder(4), relation=relation, policy=policy(relations=frozenset(Relation))))
        == []
    )


def test_the_registry_proves_or_contradicts_whatever_the_order_of_numbers() -> None:
    parent = elder(3)
    for number in ("1", "9" * 20):  # before and after the parent's in the record
        me = adult(5, psn_no=number)
        q = inquiry(me, parent, relation="parent")
        assert found(q).proven_by == ("registry",)
        assert codes(replace_relation(q, related(me, parent, "child"))) == ["relation-disagrees"]


def test_a_declared_relation_against_the_registry() -> None:
    q = inquiry(relation="sibling")
    against = replace_relation(q, related(SPONSOR, CHILD, "child"))
    assert codes(against) == ["relation-disagrees"]
    divorced = inquiry(SPONSOR, adult(4), relation="spouse")
    assert codes(replace_relation(divorced, related(SPONSOR, adult(4), "spouse", ended=True))) == [
        "relation-disagrees"
    ]


def replace_relation(q: Inquiry, relation: RelationRecorded | None) -> Inquiry:
    return replace(q, relation=relation)


def test_a_channels_claim_proves_nothing_papers_do() -> None:
    bare = replace_relation(inquiry(SPONSOR, adult(4), relation="spouse"), None)
    finding = found(bare)
    assert finding.outcome is Outcome.SUPPLEMENT
    assert [r.code for r in finding.reasons] == ["materials-missing"]
    assert "结婚证" in finding.reasons[0].zh
    cards = (material("id-card", "sponsor"), material("id-card", "beneficiary"))
    certificate, register = material("marriage-certificate"), material("household-register")
    for given, enough in (
        ((certificate, *cards), True),
        ((certificate, cards[0]), False),
        ((certificate, cards[0], cards[0]), False),
        ((certificate,), False),
        ((register,), True),
        (cards, False),
    ):
        assert (found(replace(bare, materials=given)).outcome is Outcome.PASSED) is enough
    assert found(replace(bare, materials=(register,))).proven_by == ("materials",)


def test_the_same_two_again_and_another_sponsor() -> None:
    assert codes(inquiry(ties=[tie(SPONSOR, CHILD)])) == ["already-bound-here"]
    other = tie(adult(9), CHILD)
    assert codes(inquiry(ties=[other])) == []
    assert codes(inquiry(ties=[other], policy=policy(max_sponsors=1))) == ["already-bound-elsewhere"]
    assert codes(inquiry(ties=[other], policy=policy(max_sponsors=2))) == []
    assert codes(inquiry(policy=policy(max_sponsors=0))) == ["already-bound-elsewhere"]


@pytest.mark.parametrize(("bound", "over"), [(6, False), (7, True), (8, True)])
def test_the_cap_of_beneficiaries(bound: int, over: bool) -> None:
    ties = [tie(SPONSOR, child(20 + 2 * n)) for n in range(bound)]
    q = inquiry(ties=ties)  # the demo's officer adopted 7 for Zhejiang
    assert codes(q) == ["too-many-beneficiaries"] * over


def test_a_lifetime_cap_counts_persons_once() -> None:
    ever = frozenset(person_key(child(100 + n).certificate()) for n in range(20))
    hunan = policy("430100")
    assert codes(inquiry(policy=hunan, family=Family((), ever))) == ["too-many-beneficiaries"]
    again = ever - {next(iter(ever))} | {person_key(CHILD.certificate())}
    assert codes(inquiry(policy=hunan, family=Family((), again))) == []


def test_one_father_one_mother_one_spouse_in_taian() -> None:
    father, mother = elder(3, admdvs="370900"), elder(4, admdvs="370900")
    other = elder(5, admdvs="370900")
    me = adult(1, admdvs="370900")
    assert codes(inquiry(me, other, relation="parent", ties=[tie(me, father, "parent")], **TAIAN)) == [
        "relation-duplicate"
    ]
    assert codes(inquiry(me, mother, relation="parent", ties=[tie(me, father, "parent")], **TAIAN)) == []
    wife, second = adult(6, admdvs="370900"), adult(8, admdvs="370900")
    assert codes(inquiry(me, wife, relation="spouse", **TAIAN)) == []
    assert codes(inquiry(me, second, relation="spouse", ties=[tie(me, wife, "spouse")], **TAIAN)) == [
        "relation-duplicate"
    ]
    assert codes(inquiry(me, other, relation="parent", ties=[tie(me, father, "parent")])) == []


def test_a_spouse_of_the_same_sex_in_taian_only() -> None:
    me, him = adult(1, admdvs="370900"), adult(3, admdvs="370900")
    assert codes(inquiry(me, him, relation="spouse", **TAIAN)) == ["relation-sex"]
    assert codes(inquiry(me, him, relation="spouse", region="370100")) == []


def test_members_and_sponsors_exclude_each_other_in_taian() -> None:
    me, kid, other = adult(1, admdvs="370900"), child(2, admdvs="370900"), adult(5, admdvs="370900")
    assert codes(inquiry(me, kid, ties=[tie(other, me, "sibling")], **TAIAN)) == ["sponsor-is-member"]
    assert codes(inquiry(me, kid, ties=[tie(kid, other, "parent")], **TAIAN)) == ["beneficiary-is-sponsor"]
    both = [tie(other, me, "sibling"), tie(kid, other, "parent")]
    assert codes(inquiry(me, kid, ties=both, **TAIAN)) == ["sponsor-is-member", "beneficiary-is-sponsor"]
    assert codes(inquiry(me, kid, ties=both, region="370100")) == []


def test_uses_of_the_region() -> None:
    hospital = {"terms": Terms(scope=("inpatient", "pharmacy"))}
    assert codes(inquiry(request=hospital)) == []
    assert codes(inquiry(request=hospital, policy=policy("650100"))) == ["scope-not-allowed"]
    care = {"terms": Terms(scope=("long-term-care-premium",))}
    before, after = (demo_policies().on("330100", day) for day in (date(2026, 1, 8), date(2026, 1, 9)))
    assert codes(inquiry(request=care, policy=before)) == ["scope-not-allowed"]
    assert codes(inquiry(request=care, policy=after)) == []


@pytest.mark.parametrize(
    ("first", "last", "fits"),
    [
        (0, None, True),
        (-1, None, False),
        (0, 0, True),
        (1, 0, False),
        (30, None, True),
        (31, None, False),
        (None, -1, False),
    ],
)
def test_dates_within_bounds(first: int | None, last: int | None, fits: bool) -> None:
    def day(n: int | None) -> date | None:
        return None if n is None else MONDAY.date() + timedelta(days=n)

    terms = Terms(begndate=day(first), enddate=day(last))
    q = inquiry(request={"terms": terms}, policy=policy(max_days_ahead=30))
    assert codes(q) == ["dates-not-allowed"] * (not fits)


def test_a_quota_where_the_region_has_none() -> None:
    found_policy = policy()
    without = replace(found_policy, spending=replace(found_policy.spending, quota_scope="none"))
    assert codes(inquiry(request={"terms": Terms(quota=0)}, policy=without)) == ["quota-not-allowed"]
    assert codes(inquiry(policy=without)) == []
    assert codes(inquiry(request={"terms": Terms(quota=0)})) == []


def test_the_letter_in_its_version_and_text() -> None:
    assert codes(inquiry(request={"commitment": None})) == ["commitment-missing"]
    change: dict[str, Any]
    for change in ({"version": "2"}, {"code": "XX"}, {"sha256": "0" * 64}):
        assert codes(inquiry(request={"commitment": commitment(MONDAY, **change)})) == ["commitment-outdated"]
    assert codes(inquiry(request={"commitment": None}, policy=policy(commitment=None))) == []
    assert codes(inquiry(request={"commitment": None, "channel": "counter"})) == []


def test_at_a_counter_the_clerk_vouches() -> None:
    at_counter = {"channel": "counter"}
    assert codes(inquiry(request=at_counter)) == []
    assert codes(inquiry(request=at_counter | {"counter": None})) == ["counter-proof-missing"]
    halves: list[dict[str, Any]] = [{"form_complete": False}, {"originals_seen": False}]
    for half in halves:
        assert codes(inquiry(request=at_counter | {"counter": counter(**half)})) == ["counter-incomplete"]
