"""Edges and caps of the family graph, each by itself, kind and total together, and the wait before the same two bind again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.eligibility.domain.inquiry import Family, Tie
from services.eligibility.domain.person import person_key
from shared.contracts.binding_requests import Relation
from shared.testing.identities import adult, child, elder, insurance
from shared.testing.messages import MONDAY
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, person, policy, tie

DAY = MONDAY.date()
OTHER = adult(9)
FREE: dict[str, Any] = {
    "max_beneficiaries": None,
    "max_sponsors": None,
    "max_lifetime_beneficiaries": None,
    "max_beneficiaries_elsewhere": None,
}


def bound(ties: Iterable[Tie], **binding: Any) -> list[str]:
    """Codes for the child with these ties under a region with these rules only."""
    return codes(inquiry(ties=ties, policy=policy(**(FREE | binding))))


def children(count: int) -> list[Tie]:
    """So many other children of the sponsor."""
    return [tie(SPONSOR, child(20 + 2 * n)) for n in range(count)]


@pytest.mark.parametrize(("count", "over"), [(2, False), (3, True), (4, True)])
def test_the_cap_in_total(count: int, over: bool) -> None:
    assert bound(children(count), max_beneficiaries=3) == ["too-many-beneficiaries"] * over


@pytest.mark.parametrize(("count", "over"), [(1, False), (2, True)])
def test_a_region_may_count_the_sponsor_as_one_of_the_family(count: int, over: bool) -> None:
    counted = bound(children(count), max_beneficiaries=3, counts_sponsor=True)
    assert counted == ["too-many-beneficiaries"] * over
    assert bound(children(2), max_beneficiaries=3, counts_sponsor=False) == []


@pytest.mark.parametrize("limit", [0, 1])
def test_no_room_is_left_where_the_sponsor_is_the_only_one(limit: int) -> None:
    q = inquiry(policy=policy(**(FREE | {"max_beneficiaries": limit, "counts_sponsor": True})))
    (reason,) = found(q).reasons
    assert reason.code == "too-many-beneficiaries"
    assert "0" in reason.zh


def test_only_the_sponsors_own_other_bindings_count() -> None:
    others = [tie(OTHER, child(30)), tie(SPONSOR, CHILD), tie(OTHER, SPONSOR, "sibling")]
    assert bound(others, max_beneficiaries=1, max_per_relation={Relation.CHILD: 1}) == ["already-bound-here"]


@pytest.mark.parametrize(("limit", "over"), [(0, True), (1, True), (2, False)])
def test_the_cap_of_sponsors_counts_other_sponsors(limit: int, over: bool) -> None:
    ties = [tie(OTHER, CHILD), tie(SPONSOR, child(20))]
    assert bound(ties, max_sponsors=limit) == ["already-bound-elsewhere"] * over


AWAY = [replace(t, beneficiary_admdvs=place) for t, place in zip(children(3), ("330200", "330299", "330106"), strict=True)]  # fmt: skip


@pytest.mark.parametrize(("limit", "over"), [(1, True), (2, True), (3, False)])
def test_the_cap_of_persons_insured_elsewhere_counts_pooling_regions(limit: int, over: bool) -> None:
    kid = CHILD.but(insurances=(insurance("390", "330300"),))
    rules = policy(**(FREE | {"max_beneficiaries_elsewhere": limit, "reach": "province"}))
    assert codes(inquiry(SPONSOR, kid, ties=AWAY, policy=rules)) == ["too-many-elsewhere"] * over
    assert codes(inquiry(ties=AWAY, policy=rules)) == []  # at home nobody counts
    home = [replace(t, beneficiary_admdvs=None) for t in AWAY]
    assert codes(inquiry(SPONSOR, kid, ties=home, policy=rules)) == []


def test_of_persons_elsewhere_nothing_is_said_while_a_place_is_unknown() -> None:
    rules = policy(**(FREE | {"max_beneficiaries_elsewhere": 0}))
    assert codes(inquiry(SPONSOR, CHILD.but(insurances=()), policy=rules)) == ["beneficiary-not-insured"]
    assert codes(inquiry(SPONSOR.but(insurances=()), policy=rules)) == ["sponsor-not-employee"]


@pytest.mark.parametrize(("limit", "over"), [(1, True), (2, True), (3, False)])
def test_the_cap_of_one_kind_of_relation(limit: int, over: bool) -> None:
    ties = [*children(2), tie(SPONSOR, elder(40), "parent")]
    reasons = found(inquiry(ties=ties, policy=policy(**FREE, max_per_relation={Relation.CHILD: limit})))
    assert [r.code for r in reasons.reasons] == ["too-many-of-relation"] * over
    for reason in reasons.reasons:
        assert str(limit) in reason.zh
        assert (reason.rule, reason.field) == ("family.max-per-relation", "relation")
    assert bound(ties, max_per_relation={Relation.SIBLING: 0}) == []


def test_kind_total_and_lifetime_are_reported_together() -> None:
    rules = {
        "max_beneficiaries": 2,
        "max_lifetime_beneficiaries": 2,
        "max_per_relation": {Relation.CHILD: 2},
    }
    assert bound(children(2), **rules) == [
        "too-many-beneficiaries",
        "too-many-beneficiaries",
        "too-many-of-relation",
    ]
    q = inquiry(ties=children(2), policy=policy(**(FREE | rules)))
    assert len({r.rule for r in found(q).reasons}) == 3


@pytest.mark.parametrize(("limit", "over"), [(3, True), (4, False)])
def test_a_lifetime_counts_distinct_persons_of_then_and_now(limit: int, over: bool) -> None:
    ever = frozenset(person_key(child(20 + 2 * n).certificate()) for n in (0, 5))
    rules = policy(**(FREE | {"max_lifetime_beneficiaries": limit}))
    q = inquiry(policy=rules, family=Family(tuple(children(2)), ever))
    assert codes(q) == ["too-many-beneficiaries"] * over
    again = inquiry(policy=rules, family=Family(tuple(children(2)), ever | {person(CHILD).key}))
    assert codes(again) == ["too-many-beneficiaries"] * over


@pytest.mark.parametrize("path", ["max_fathers", "max_mothers"])
def test_one_father_and_one_mother_by_sex(path: str) -> None:
    father, mother, third = elder(3), elder(4), elder(5)
    rules = policy(**(FREE | {path: 1}))
    with_father = inquiry(SPONSOR, third, relation="parent", ties=[tie(SPONSOR, father, "parent")], policy=rules)  # fmt: skip
    with_mother = inquiry(SPONSOR, third, relation="parent", ties=[tie(SPONSOR, mother, "parent")], policy=rules)  # fmt: skip
    assert codes(with_father) == ["relation-duplicate"] * (path == "max_fathers")
    assert codes(with_mother) == []
    (reason,) = found(replace(with_father, policy=policy(max_fathers=0))).reasons
    assert reason.rule == "family.max-fathers"


def test_a_parent_of_unknown_sex_is_neither_father_nor_mother() -> None:
    unsaid = elder(5).but(psn_cert_type="08", certno="E1234567", gend="9")
    rules = policy(**(FREE | {"max_fathers": 0, "max_mothers": 0}))
    assert codes(inquiry(SPONSOR, unsaid, relation="parent", policy=rules)) == []
    assert codes(inquiry(SPONSOR, elder(3), relation="parent", policy=rules)) == ["relation-duplicate"]


def test_one_spouse_whatever_the_sex() -> None:
    ties = [tie(SPONSOR, adult(6), "spouse"), tie(SPONSOR, adult(3), "sibling")]
    q = inquiry(SPONSOR, adult(3), relation="spouse", ties=ties[:1], policy=policy(**FREE, max_spouses=1))
    assert codes(q) == ["relation-duplicate"]
    assert codes(replace(q, family=Family(tuple(ties[1:])))) == ["already-bound-here"]
    assert codes(replace(q, policy=policy(**FREE, max_spouses=2))) == []
    assert codes(replace(q, policy=policy(**FREE, max_spouses=None))) == []


EDGES = {
    "reverse": tie(CHILD, SPONSOR, "parent"),
    "sponsor is member": tie(OTHER, SPONSOR, "sibling"),
    "child sponsors": tie(CHILD, OTHER, "parent"),
    "child is member": tie(OTHER, CHILD),
    "sponsor's own": tie(SPONSOR, child(20)),
}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, {}),
        ({"reverse_edge": False}, {"reverse": ["reverse-edge"]}),
        (
            {"member_may_sponsor": False},
            {"reverse": ["sponsor-is-member"], "sponsor is member": ["sponsor-is-member"]},
        ),
        (
            {"sponsor_may_be_member": False},
            {"reverse": ["beneficiary-is-sponsor"], "child sponsors": ["beneficiary-is-sponsor"]},
        ),
        (
            {"one_family": True},
            {
                "reverse": ["sponsor-in-other-family", "beneficiary-in-other-family"],
                "sponsor is member": ["sponsor-in-other-family"],
                "child sponsors": ["beneficiary-in-other-family"],
                "child is member": ["beneficiary-in-other-family"],
            },
        ),
    ],
)
@pytest.mark.parametrize("edge", EDGES)
def test_each_rule_about_edges_is_by_itself(
    rule: dict[str, Any], expected: dict[str, list[str]], edge: str
) -> None:
    assert bound([EDGES[edge]], **rule) == expected.get(edge, [])


def test_rules_about_edges_are_told_all_at_once() -> None:
    strict: dict[str, Any] = {
        "reverse_edge": False,
        "member_may_sponsor": False,
        "sponsor_may_be_member": False,
        "one_family": True,
        "max_sponsors": 1,
    }
    assert bound(EDGES.values(), **strict) == [
        "already-bound-elsewhere",
        "reverse-edge",
        "sponsor-is-member",
        "beneficiary-is-sponsor",
        "sponsor-in-other-family",
        "beneficiary-in-other-family",
    ]
    assert codes(inquiry(ties=EDGES.values(), policy=policy(**strict), sponsor=None)) == [
        "sponsor-unknown",
        "beneficiary-is-sponsor",
    ]


@pytest.mark.parametrize(("ago", "early"), [(0, True), (29, True), (30, False), (31, False), (None, False)])
def test_after_one_side_ended_a_binding_the_same_two_wait(ago: int | None, early: bool) -> None:
    ended = None if ago is None else DAY - timedelta(days=ago)
    q = inquiry(family=Family(last_end=ended), policy=policy(rebind_wait_days=30))
    assert codes(q) == ["rebind-too-early"] * early
    assert codes(replace(q, policy=policy(rebind_wait_days=None))) == []


def test_the_first_day_allowed_is_the_ends_day_plus_the_wait_across_a_month() -> None:
    ended = date(2026, 10, 31)
    (reason,) = found(inquiry(family=Family(last_end=ended), policy=policy(rebind_wait_days=31))).reasons
    assert "2026-12-01" in reason.zh
    assert "2026-12-01" in reason.remedy_en
    assert "31" in reason.zh


def test_a_wait_of_no_days_lets_them_bind_on_the_same_day_but_not_before() -> None:
    none = policy(rebind_wait_days=0)
    assert codes(inquiry(family=Family(last_end=DAY), policy=none)) == []
    assert codes(inquiry(family=Family(last_end=DAY + timedelta(days=1)), policy=none)) == [
        "rebind-too-early"
    ]


def test_of_a_wait_with_somebody_unknown_nothing_is_said() -> None:
    waiting: dict[str, Any] = {
        "family": Family(last_end=DAY),
        "policy": policy(rebind_wait_days=30, max_sponsors=0),
    }
    assert codes(inquiry(beneficiary=None, **waiting)) == ["beneficiary-not-confirmed"]
    assert codes(inquiry(sponsor=None, **waiting)) == ["sponsor-unknown"]
