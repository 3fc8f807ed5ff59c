"""What is odd is not refused: a person looks at it."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import Person
from services.eligibility.domain.screening import Outcome
from shared.contracts.binding_requests import Relation
from shared.testing.identities import MadeUp, adult, child
from shared.testing.identities import person as make
from shared.testing.messages import MONDAY
from tests.unit.eligibility.rules import CHILD, SPONSOR, found, inquiry, person, policy, with_side

ME = make(1, born=date(1980, 5, 1))


def marks(q: Inquiry) -> tuple[str, ...]:
    """The marks of a request that is not refused for them."""
    finding = found(q)
    assert finding.outcome is Outcome.PASSED
    return finding.marks


def aged(relation: str, other: date, gap: int | None) -> tuple[str, ...]:
    """Marks for a relative born on that day, where the region finds fewer years than `gap` odd."""
    relative = make(2, born=other, insutype="390")
    rules = policy(
        relations=frozenset(Relation),
        min_age_gap={} if gap is None else {Relation(relation): gap},
        min_spouse_age=None,
    )
    return marks(inquiry(ME, relative, relation=relation, policy=rules))


def test_nothing_is_odd_of_people_in_order() -> None:
    assert marks(inquiry()) == ()


@pytest.mark.parametrize("side", ["sponsor", "beneficiary"])
def test_sex_and_birth_of_the_certificate_are_compared_with_the_registry(side: str) -> None:
    who = SPONSOR if side == "sponsor" else CHILD

    def seen(**record: Any) -> tuple[str, ...]:
        changed = Person(person(who).key, (who.recorded(**record),))
        return marks(with_side(inquiry(), side, changed))

    other = "2" if who.gend == "1" else "1"
    assert seen(gend=other) == ("sex-differs",)
    assert seen(gend="9") == ()
    assert seen(brdy=who.brdy + timedelta(days=1)) == ("birth-differs",)
    assert seen(gend=other, brdy=who.brdy - timedelta(days=1)) == ("sex-differs", "birth-differs")


def test_one_record_of_several_that_differs_is_enough() -> None:
    key = person(CHILD).key
    twice = Person(key, (CHILD.recorded(), CHILD.recorded(psn_no="33019", gend="1", version=2)))
    assert marks(inquiry(beneficiary=twice)) == ("sex-differs",)
    late = Person(key, (CHILD.recorded(), CHILD.recorded(psn_no="33019", brdy=date(2000, 1, 1))))
    assert marks(inquiry(beneficiary=late)) == ("birth-differs",)


def test_a_certificate_that_says_neither_differs_from_nothing() -> None:
    abroad = CHILD.but(psn_cert_type="08", certno="E1234567")
    assert marks(inquiry(SPONSOR, abroad)) == ()


OLDER = ["parent", "grandparent", "maternal-grandparent", "parent-in-law"]
YOUNGER = ["child", "grandchild", "maternal-grandchild", "child-in-law"]


@pytest.mark.parametrize("relation", OLDER)
@pytest.mark.parametrize(("days", "odd"), [(-1, False), (0, False), (1, True)])
def test_a_parent_is_so_many_years_older_than_the_sponsor(relation: str, days: int, odd: bool) -> None:
    born = date(1964, 5, 1) + timedelta(days=days)
    assert aged(relation, born, 16) == ("odd-age",) * odd


@pytest.mark.parametrize("relation", YOUNGER)
@pytest.mark.parametrize(("days", "odd"), [(-1, True), (0, False), (1, False)])
def test_a_child_is_so_many_years_younger_than_the_sponsor(relation: str, days: int, odd: bool) -> None:
    born = date(1996, 5, 1) + timedelta(days=days)
    assert aged(relation, born, 16) == ("odd-age",) * odd


def test_the_direction_counts_a_parent_younger_than_the_child_is_odd() -> None:
    assert aged("parent", date(2000, 1, 1), 16) == ("odd-age",)
    assert aged("child", date(1950, 1, 1), 16) == ("odd-age",)


@pytest.mark.parametrize(("days", "odd"), [(-1, False), (0, False), (1, True)])
def test_a_gap_of_zero_is_a_rule_all_the_same(days: int, odd: bool) -> None:
    assert aged("parent", date(1980, 5, 1) + timedelta(days=days), 0) == ("odd-age",) * odd
    assert aged("parent", date(1980, 5, 1) + timedelta(days=days), None) == ()


def test_of_siblings_either_may_be_the_older() -> None:
    for born, odd in ((date(1979, 5, 1), False), (date(1981, 5, 1), False), (date(1981, 4, 30), True)):
        assert aged("sibling", born, 1) == ("odd-age",) * odd


@pytest.mark.parametrize(("days", "odd"), [(-1, False), (0, False), (1, True)])
def test_a_spouse_is_of_age_on_the_requests_date_whichever_side(days: int, odd: bool) -> None:
    young = adult(4, born=date(2006, 11, 23) + timedelta(days=days))
    rules = policy(min_spouse_age=20)
    for sides in ((ME, young), (young, ME)):
        assert marks(inquiry(*sides, relation="spouse", policy=rules)) == ("odd-age",) * odd
    assert marks(inquiry(ME, young, relation="sibling", policy=rules)) == ()
    assert marks(inquiry(ME, young, relation="spouse", policy=policy(min_spouse_age=None))) == ()


def test_a_minimum_age_of_zero_marks_a_spouse_who_is_not_born_yet() -> None:
    unborn = adult(4, born=MONDAY.date() + timedelta(days=1))
    rules = policy(min_spouse_age=0)
    assert found(inquiry(ME, unborn, relation="spouse", policy=rules)).marks == ("odd-age",)


def test_odd_is_said_once_and_of_both_kinds() -> None:
    who: MadeUp = adult(4, born=date(2010, 1, 1))
    rules = policy(min_spouse_age=20, min_age_gap={Relation.SPOUSE: 50})
    assert marks(inquiry(ME, who, relation="spouse", policy=rules)) == ("odd-age",)


def test_refused_and_waiting_requests_carry_their_marks_too() -> None:
    wrong = Person(person(SPONSOR).key, (SPONSOR.recorded(gend="2"),))
    refused = found(inquiry(sponsor=wrong, face_used=True))
    assert (refused.outcome, refused.marks) == (Outcome.REFUSED, ("sex-differs",))
    waiting = found(inquiry(sponsor=wrong, policy=policy(consent_from_age=0)))
    assert (waiting.outcome, waiting.marks) == (Outcome.CONSENT_NEEDED, ("sex-differs",))


def test_a_stranger_or_an_unknown_sponsor_is_not_marked() -> None:
    odd = policy(min_age_gap={Relation.CHILD: 150})
    wrong = Person(person(child(2)).key, (CHILD.recorded(gend="1", psn_name="王五"),))
    assert found(inquiry(beneficiary=wrong, policy=odd)).marks == ()
    assert found(inquiry(sponsor=None, policy=odd)).marks == ()
