"""Documents: which application needs which, in any choice, for either side; documents of a use."""

from dataclasses import replace
from typing import Any

import pytest

from services.eligibility.domain import rules_proof
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.rules_proof import listed
from services.eligibility.domain.screening import Outcome
from shared.contracts.binding_requests import MaterialKind, Side, Terms
from shared.policies.types import Document, MaterialRule
from shared.testing.identities import child
from shared.testing.messages import MONDAY
from shared.testing.proofs import material
from tests.unit.eligibility.rules import SPONSOR, codes, found, inquiry, policy

CARD, BOOK, BIRTH = MaterialKind.ID_CARD, MaterialKind.HOUSEHOLD_REGISTER, MaterialKind.BIRTH_CERTIFICATE
BOTH_CARDS = frozenset({Document(CARD, Side.SPONSOR), Document(CARD, Side.BENEFICIARY)})
BOOK_ONLY = frozenset({Document(BOOK)})


def asking(*rules: MaterialRule, **more: Any) -> Inquiry:
    """A request whose relation the registry does not prove, in a region with these rules about documents."""
    return replace(inquiry(policy=policy(materials=rules, **more)), relation=None)


def given(q: Inquiry, *documents: tuple[str, str]) -> list[str]:
    """Codes when these documents of these sides are handed in."""
    return codes(replace(q, materials=tuple(material(*d) for d in documents)))


def test_all_documents_of_one_choice_are_needed_and_of_the_right_side() -> None:
    q = asking(MaterialRule(any_of=(BOTH_CARDS, BOOK_ONLY)))
    missing = ["materials-missing"]
    assert given(q) == missing
    assert given(q, ("id-card", "sponsor")) == missing
    assert given(q, ("id-card", "sponsor"), ("id-card", "sponsor")) == missing
    assert given(q, ("id-card", "sponsor"), ("id-card", "beneficiary")) == []
    assert given(q, ("household-register", "beneficiary")) == []


def test_the_text_names_every_choice_in_both_languages() -> None:
    (reason,) = found(asking(MaterialRule(any_of=(BOTH_CARDS, BOOK_ONLY)))).reasons
    assert "使用人身份证、授权人身份证 或 户口本" in reason.zh
    assert "id-card of the beneficiary and id-card of the sponsor or household-register" in reason.en
    assert str(policy().review.supplement_working_days) in reason.remedy_zh


def test_every_rule_that_applies_is_met_and_each_lack_is_a_reason() -> None:
    q = asking(MaterialRule(any_of=(BOOK_ONLY,)), MaterialRule(any_of=(frozenset({Document(BIRTH)}),)))
    assert given(q) == ["materials-missing"] * 2
    assert given(q, ("household-register", "sponsor")) == ["materials-missing"]
    assert rules_proof.missing(q) == (BOOK, BIRTH)


def test_the_shortest_way_to_complete_a_choice_is_asked_for() -> None:
    q = asking(MaterialRule(any_of=(BOTH_CARDS, BOOK_ONLY)))
    assert rules_proof.missing(q) == (BOOK,)
    half = replace(q, materials=(material("id-card", "sponsor"),))
    assert rules_proof.missing(half) == (CARD,)
    assert found(half).outcome is Outcome.SUPPLEMENT


def test_a_rule_without_any_choice_is_never_met_and_asks_for_nothing() -> None:
    q = asking(MaterialRule(any_of=()))
    assert given(q, ("household-register", "sponsor")) == ["materials-missing"]
    assert rules_proof.missing(q) == ()
    assert given(asking(MaterialRule(any_of=(frozenset(),)))) == []


def test_a_proven_relation_spares_only_papers_about_the_relation() -> None:
    about, always = MaterialRule(any_of=(BOOK_ONLY,)), MaterialRule(any_of=(BOTH_CARDS,), unless_proven=False)
    proven = inquiry(policy=policy(materials=(about, always)))
    (reason,) = found(proven).reasons
    assert "身份证" in reason.zh
    assert given(proven, ("id-card", "sponsor"), ("id-card", "beneficiary")) == []


@pytest.mark.parametrize(
    ("rule", "applies"),
    [
        ({"relations": frozenset({"child"})}, True),
        ({"relations": frozenset({"parent"})}, False),
        ({"relations": frozenset()}, False),
        ({"channels": frozenset({"app"})}, True),
        ({"channels": frozenset({"counter"})}, False),
        ({"from_age": 10}, True),
        ({"from_age": 11}, False),
        ({"below_age": 11}, True),
        ({"below_age": 10}, False),
        ({"from_age": 10, "below_age": 11}, True),
    ],
)
def test_a_rule_speaks_of_some_applications_only(rule: dict[str, Any], applies: bool) -> None:
    kid = child(2, born=MONDAY.date().replace(year=2016))  # ten today
    rules = (MaterialRule(any_of=(BOOK_ONLY,), **rule),)
    q = replace(inquiry(SPONSOR, kid, policy=policy(materials=rules)), relation=None)
    assert codes(q) == ["materials-missing"] * applies


@pytest.mark.parametrize(("days", "old"), [(1, False), (0, True), (-1, True)])
def test_ages_are_full_years_on_the_requests_date(days: int, old: bool) -> None:
    born = MONDAY.date().replace(year=2010, day=23 + days)
    rules = (MaterialRule(any_of=(BOOK_ONLY,), from_age=16),)
    q = replace(inquiry(SPONSOR, child(2, born=born), policy=policy(materials=rules)), relation=None)
    assert codes(q) == ["materials-missing"] * old


def test_documents_prove_a_relation_only_where_proof_of_it_was_asked_for() -> None:
    cards = MaterialRule(any_of=(frozenset({Document(CARD)}),), unless_proven=False)
    handed = (material("id-card"),)
    assert found(replace(asking(cards), materials=handed)).proven_by == ()
    assert found(replace(asking(), materials=handed)).proven_by == ()
    asked = asking(MaterialRule(any_of=(frozenset({Document(CARD)}),)))
    assert found(replace(asked, materials=handed)).proven_by == ("materials",)
    assert found(replace(asked, materials=handed, sponsor=None)).proven_by == ()
    book = replace(asked, materials=(material("household-register"),))
    assert found(book).proven_by == ()


USES = frozenset({"pharmacy", "resident-premium", "home-care"})
NEEDS = {
    "resident-premium": (BOOK_ONLY,),
    "home-care": (frozenset({Document(BIRTH)}),),
    "inpatient": (BOOK_ONLY,),
}


def using(*scope: str, **more: Any) -> Inquiry:
    """A proven request for these uses, in a region where two of its uses need documents."""
    rules = policy(uses=USES, use_proofs=NEEDS)
    return inquiry(request={"terms": Terms(scope=scope)}, **({"policy": rules} | more))


def test_a_use_needs_its_documents() -> None:
    assert codes(using("pharmacy")) == []
    q = using("pharmacy", "resident-premium")
    (reason,) = found(q).reasons
    assert (reason.code, reason.rule) == ("use-proof-missing", "proof.uses")
    assert "居民医保缴费(resident-premium)" in reason.zh
    assert "户口本" in reason.zh
    assert found(q).outcome is Outcome.SUPPLEMENT
    assert rules_proof.missing(q) == (BOOK,)
    assert given(q, ("household-register", "sponsor")) == []


def test_a_use_that_only_the_region_knows_is_named_by_its_code_and_each_use_by_itself() -> None:
    q = using("home-care", "resident-premium", "home-care")
    assert [r.code for r in found(q).reasons] == ["use-proof-missing"] * 2
    assert "home-care(home-care)" in found(q).reasons[0].zh
    assert rules_proof.missing(q) == (BIRTH, BOOK)


def test_documents_of_a_use_that_the_region_has_not_are_not_asked_for() -> None:
    assert codes(using("inpatient")) == ["scope-not-allowed"]


def test_documents_of_uses_and_of_the_relation_are_asked_for_together() -> None:
    papers = (MaterialRule(any_of=(frozenset({Document(CARD)}),)),)
    both = policy(uses=USES, use_proofs=NEEDS, materials=papers)
    q = replace(using("resident-premium", policy=both), relation=None)
    assert codes(q) == ["materials-missing", "use-proof-missing"]
    assert (found(q).outcome, rules_proof.missing(q)) == (Outcome.SUPPLEMENT, (CARD, BOOK))
    assert given(q, ("id-card", "sponsor"), ("household-register", "sponsor")) == []


def test_documents_are_not_the_cure_where_something_else_is_wrong() -> None:
    q = using("resident-premium", face_used=True)
    assert codes(q) == ["use-proof-missing", "face-check-reused"]
    assert found(q).outcome is Outcome.REFUSED


def test_nobody_is_asked_for_documents_about_a_relation_to_oneself() -> None:
    q = replace(inquiry(SPONSOR, SPONSOR, relation="sibling"), relation=None)
    assert codes(q) == ["same-person"]


def test_nobody_is_asked_for_documents_with_a_stranger() -> None:
    assert codes(using("resident-premium", beneficiary=None)) == ["beneficiary-not-confirmed"]
    assert codes(using("resident-premium", sponsor=None)) == ["sponsor-unknown"]


def test_what_may_be_handed_in_is_named_in_one_order_and_in_both_languages() -> None:
    card, form = MaterialKind.ID_CARD, MaterialKind.APPLICATION_FORM
    choices = (
        frozenset({Document(card, Side.SPONSOR), Document(card), Document(form)}),
        frozenset({Document(card, Side.BENEFICIARY)}),
    )
    assert listed(choices) == (
        "申请表、授权人身份证、身份证 或 使用人身份证",
        "application-form and id-card of the sponsor and id-card or id-card of the beneficiary",
    )
