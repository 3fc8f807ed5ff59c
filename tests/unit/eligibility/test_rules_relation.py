"""Relations by date, registry records that prove or do not, kin accounts."""

from dataclasses import replace
from typing import Any

import pytest

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.screening import Outcome
from shared.contracts.binding_requests import Relation
from shared.contracts.registry import RelationRecorded
from shared.testing.identities import adult, child
from shared.testing.messages import related
from shared.testing.proofs import material
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, policy

KIN: dict[str, Any] = {"proven": False, "kin_account": True}


def with_record(q: Inquiry, record: RelationRecorded | None) -> Inquiry:
    return replace(q, relation=record)


@pytest.mark.parametrize("relation", Relation)
def test_every_relation_is_allowed_where_the_region_names_it_and_only_there(relation: Relation) -> None:
    only = policy(relations=frozenset({relation}), min_age_gap={}, materials=())
    assert codes(inquiry(relation=relation, policy=only)) == []
    but = policy(relations=frozenset(Relation) - {relation}, materials=())
    (reason,) = found(inquiry(relation=relation, policy=but)).reasons
    assert reason.code == ("in-law-not-allowed" if relation.in_law else "relation-not-allowed")
    assert reason.rule == ("relation.in-laws" if relation.in_law else "relation.allowed")
    assert reason.citation is not None
    assert reason.citation.path == "binding.relations"


def test_a_region_that_names_nobody_allows_nobody() -> None:
    (reason,) = found(inquiry(policy=policy(relations=frozenset()))).reasons
    assert reason.code == "relation-not-allowed"
    assert reason.remedy_zh.endswith("—")


def test_a_relation_that_is_only_declared_proves_nothing_and_contradicts_nothing() -> None:
    for declared in ("child", "sibling"):
        q = with_record(inquiry(), related(SPONSOR, CHILD, declared, proven=False))
        finding = found(q)
        assert [r.code for r in finding.reasons] == ["materials-missing"]
        assert finding.proven_by == ()
        assert finding.outcome is Outcome.SUPPLEMENT
        papers = replace(q, materials=(material("household-register"),))
        assert (found(papers).reasons, found(papers).proven_by) == ((), ("materials",))


def test_a_kin_account_alone_shares_no_money() -> None:
    finding = found(with_record(inquiry(), related(SPONSOR, CHILD, "child", **KIN)))
    assert [r.code for r in finding.reasons] == ["kin-account-only", "materials-missing"]
    assert finding.outcome is Outcome.SUPPLEMENT
    assert "亲情账户" in finding.reasons[0].zh


def test_a_kin_account_with_papers_or_with_a_proven_relation_is_no_obstacle() -> None:
    q = with_record(inquiry(), related(SPONSOR, CHILD, "child", **KIN))
    assert codes(replace(q, materials=(material("birth-certificate"),))) == []
    proven = with_record(inquiry(), related(SPONSOR, CHILD, "child", kin_account=True))
    assert (codes(proven), found(proven).proven_by) == ([], ("registry",))
    over = with_record(inquiry(), related(SPONSOR, CHILD, "child", ended=True, **KIN))
    assert codes(over) == ["materials-missing"]


def test_papers_about_something_else_say_nothing_of_the_kin_account() -> None:
    cards = replace(policy().binding.materials[0], relations=None, unless_proven=False)
    q = inquiry(policy=policy(materials=(cards,)))
    assert codes(with_record(q, related(SPONSOR, CHILD, "child", **KIN))) == ["materials-missing"]


@pytest.mark.parametrize(
    ("record", "missing"),
    [
        (None, True),
        ({}, True),
        ({"kin_account": True}, False),
        (KIN, False),
        ({"kin_account": True, "proven": False, "ended": True}, True),
    ],
)
def test_where_the_region_wants_a_kin_account_first_its_absence_is_a_reason(
    record: dict[str, Any] | None, missing: bool
) -> None:
    found_record = None if record is None else related(SPONSOR, CHILD, "child", **record)
    papers = {"materials": (material("household-register"),)}
    for first in (True, False):
        q = inquiry(request=papers, policy=policy(kin_account_first=first))
        assert codes(with_record(q, found_record)) == ["kin-account-missing"] * (first and missing)


def test_a_missing_kin_account_is_not_mended_by_papers() -> None:
    finding = found(with_record(inquiry(policy=policy(kin_account_first=True)), None))
    assert [r.code for r in finding.reasons] == ["kin-account-missing", "materials-missing"]
    assert finding.outcome is Outcome.REFUSED


def test_nothing_is_said_of_a_kin_account_with_somebody_unknown() -> None:
    first = policy(kin_account_first=True)
    assert codes(inquiry(beneficiary=None, policy=first)) == ["beneficiary-not-confirmed"]
    assert codes(inquiry(sponsor=None, policy=first)) == ["sponsor-unknown"]


def test_a_marriage_that_is_over_contradicts() -> None:
    wife = adult(4)
    over = related(SPONSOR, wife, "spouse", ended=True)
    q = with_record(inquiry(SPONSOR, wife, relation="spouse"), over)
    assert codes(q) == ["relation-disagrees"]
    assert found(q).proven_by == ()
    assert [f.version for f in found(q).facts if f.kind == "relation"] == [over.version]


def test_spouses_of_one_sex_only_where_the_region_minds_and_both_are_known() -> None:
    him, her = adult(3), adult(4)
    minds = policy(spouse_other_sex=True)
    assert codes(inquiry(SPONSOR, him, relation="spouse", policy=minds)) == ["relation-sex"]
    assert codes(inquiry(SPONSOR, her, relation="spouse", policy=minds)) == []
    assert codes(inquiry(SPONSOR, him, relation="spouse", policy=policy(spouse_other_sex=False))) == []
    assert codes(inquiry(SPONSOR, him, relation="sibling", policy=minds)) == []
    unsaid = him.but(psn_cert_type="08", certno="E1234567", gend="9")
    assert codes(inquiry(SPONSOR, unsaid, relation="spouse", policy=minds)) == []
    assert codes(inquiry(unsaid, SPONSOR, relation="spouse", policy=minds)) == []
    assert codes(inquiry(SPONSOR, him, relation="spouse", policy=minds, beneficiary=None)) == [
        "beneficiary-not-confirmed"
    ]
    assert "relation-sex" not in codes(
        inquiry(SPONSOR, child(3), relation="spouse", policy=minds, sponsor=None)
    )
