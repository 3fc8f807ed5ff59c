"""How far apart the two may be insured, and the mode and earmark that follow."""

from datetime import date
from typing import Any

import pytest

from services.eligibility.domain import rules_distance
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.screening import Outcome
from shared.contracts.binding_requests import Terms
from shared.testing.identities import insurance
from tests.unit.eligibility.demo import demo_policies
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, policy

EARMARK = {"terms": Terms(earmark=100_000)}
XIAMEN, NINGBO, HERE = "350200", "330200", "330106"


def apart(place: str, **options: Any) -> Inquiry:
    """A request for a child who is insured in `place`; the sponsor is in Hangzhou."""
    return inquiry(SPONSOR, CHILD.but(insurances=(insurance("390", place),)), **options)


@pytest.mark.parametrize(
    ("reach", "place", "far"),
    [
        ("pooling-region", HERE, False),
        ("pooling-region", NINGBO, True),
        ("province", NINGBO, False),
        ("province", XIAMEN, True),
        ("nationwide", XIAMEN, False),
    ],
)
def test_how_far_apart_the_two_may_be_insured(reach: str, place: str, far: bool) -> None:
    q = apart(place, policy=policy(reach=reach, cross_province_mode=None))
    assert codes(q) == ["region-too-far"] * far
    if far:
        assert "12393" in found(q).reasons[0].remedy_zh


@pytest.mark.parametrize(("day", "far"), [(25, True), (26, False), (27, False)])
def test_reach_grew_to_the_province_on_a_day(day: int, far: bool) -> None:
    q = apart(NINGBO, policy=demo_policies().on("330100", date(2024, 11, day)))
    assert codes(q) == ["region-too-far"] * far


@pytest.mark.parametrize(("day", "expected"), [(8, "region-too-far"), (9, None), (10, None)])
def test_beyond_the_province_from_the_day_of_the_notice_of_2026(day: int, expected: str | None) -> None:
    q = apart(XIAMEN, policy=demo_policies().on("330100", date(2026, 1, day)), request=EARMARK)
    assert codes(q) == ([expected] if expected else [])
    assert rules_distance.mode(q) == (None if expected else "earmark")


def test_beyond_the_province_an_amount_is_set_apart() -> None:
    (reason,) = found(apart(XIAMEN)).reasons
    assert (reason.code, reason.field) == ("earmark-missing", "terms.earmark")
    assert reason.citation is not None
    assert reason.citation.path == "binding.cross_province_mode"
    assert codes(apart(XIAMEN, request=EARMARK)) == []


def test_two_cities_of_one_province_are_not_what_the_notice_is_about() -> None:
    narrow = policy(reach="pooling-region", cross_province_mode="earmark")
    assert codes(apart(NINGBO, policy=narrow, request=EARMARK)) == ["region-too-far"]
    assert codes(apart(XIAMEN, policy=narrow, request=EARMARK)) == []


@pytest.mark.parametrize("place", [HERE, NINGBO])
def test_within_reach_there_is_no_earmark(place: str) -> None:
    (reason,) = found(apart(place, request=EARMARK)).reasons
    assert (reason.code, reason.citation and reason.citation.path) == ("earmark-not-allowed", "binding.mode")
    assert rules_distance.mode(apart(place)) == "authorisation"


def test_a_region_may_share_by_earmark_at_home_and_by_wallet_beyond() -> None:
    home = policy(mode="earmark", cross_province_mode="transfer")
    assert codes(apart(HERE, policy=home)) == ["earmark-missing"]
    assert codes(apart(HERE, policy=home, request=EARMARK)) == []
    assert codes(apart(XIAMEN, policy=home)) == []
    assert codes(apart(XIAMEN, policy=home, request=EARMARK)) == ["earmark-not-allowed"]
    assert rules_distance.mode(apart(XIAMEN, policy=home)) == "transfer"


def test_nothing_is_said_of_the_place_of_a_stranger() -> None:
    name = {"beneficiary": CHILD.as_beneficiary(psn_name="王五")}
    for place in (HERE, XIAMEN):
        for terms in ({}, EARMARK):
            assert codes(apart(place, request=name | terms)) == ["beneficiary-not-confirmed"]
    assert codes(apart(XIAMEN, sponsor=None, request=EARMARK)) == ["sponsor-unknown"]


@pytest.mark.parametrize(("across", "outcome"), [(True, Outcome.CONSENT_NEEDED), (False, Outcome.PASSED)])
def test_across_provinces_the_relative_agrees_whatever_the_region_asks_within(
    across: bool, outcome: Outcome
) -> None:
    rules = policy(cross_province_mode="earmark", consent_across_provinces=across)
    assert found(apart(XIAMEN, policy=rules, request=EARMARK)).outcome is outcome
    assert found(apart(HERE, policy=rules)).outcome is Outcome.PASSED
    nobody = policy(consent_from_age=0, consent_relations=frozenset(), consent_across_provinces=across)
    assert found(apart(XIAMEN, policy=nobody, request=EARMARK)).outcome is outcome
    older = policy(consent_from_age=150, consent_across_provinces=True)
    assert found(apart(XIAMEN, policy=older, request=EARMARK)).outcome is Outcome.PASSED
