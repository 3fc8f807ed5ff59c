"""Who must consent: by age on the request's date, relation and channel of the request."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.screening import Outcome
from shared.contracts.binding_requests import ChannelKind, Relation
from shared.testing.identities import adult, child
from shared.testing.proofs import counter
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, policy

SISTER = adult(4)


def asked(q: Inquiry) -> bool:
    """Whether the request waits for consent; if not, it passes."""
    outcome = found(q).outcome
    assert outcome in (Outcome.PASSED, Outcome.CONSENT_NEEDED)
    return outcome is Outcome.CONSENT_NEEDED


def sister(request: dict[str, Any] | None = None, *, consented: bool = False, **binding: Any) -> Inquiry:
    """A request for a grown-up sister in a region with these rules about consent."""
    rules = policy(**({"consent_from_age": 16, "channels": None} | binding))
    return inquiry(SPONSOR, SISTER, relation="sibling", policy=rules, request=request, consented=consented)


def test_nobody_is_asked_where_the_region_has_no_such_rule() -> None:
    assert asked(sister())
    assert not asked(sister(consent_from_age=None))
    assert not asked(sister(consented=True))


@pytest.mark.parametrize(("days", "old_enough"), [(1, False), (0, True), (-1, True)])
def test_the_age_is_that_of_the_requests_date(days: int, old_enough: bool) -> None:
    teen = child(2, born=date(2010, 11, 23) + timedelta(days=days))
    assert asked(inquiry(SPONSOR, teen, policy=policy(consent_from_age=16))) is old_enough


@pytest.mark.parametrize(("day", "old_enough"), [(28, False), (1, True)])
def test_who_was_born_on_a_leap_day_is_sixteen_on_the_first_of_march(day: int, old_enough: bool) -> None:
    leap = child(2, born=date(2008, 2, 29))
    on = date(2022, 2, 28) if day == 28 else date(2022, 3, 1)
    rules = policy(consent_from_age=14)
    assert asked(inquiry(SPONSOR, leap, policy=rules, day=on)) is old_enough


def test_from_birth_on_means_everybody() -> None:
    assert asked(inquiry(SPONSOR, CHILD, policy=policy(consent_from_age=0)))


@pytest.mark.parametrize(
    ("relations", "wanted"),
    [(None, True), ({Relation.SIBLING}, True), ({Relation.PARENT}, False), (set(), False)],
)
def test_some_relations_are_asked(relations: set[Relation] | None, wanted: bool) -> None:
    chosen = None if relations is None else frozenset(relations)
    assert asked(sister(consent_relations=chosen)) is wanted


@pytest.mark.parametrize(
    ("channels", "wanted"),
    [(None, True), ({"app", "website"}, True), ({"counter"}, False), (set(), False)],
)
def test_requests_of_some_channels_are_asked(channels: set[str] | None, wanted: bool) -> None:
    chosen = None if channels is None else frozenset(map(ChannelKind, channels))
    assert asked(sister(consent_channels=chosen)) is wanted


@pytest.mark.parametrize("channel", ["counter", "institution-counter"])
def test_who_stands_at_the_counter_consents_there(channel: str) -> None:
    for present in (True, False):
        request = {"channel": channel, "counter": counter(beneficiary_present=present)}
        assert asked(sister(request)) is not present


def test_nobody_is_present_by_telephone() -> None:
    assert asked(sister({"channel": "telephone", "counter": counter(beneficiary_present=True)}))


def test_a_refused_request_waits_for_nobody() -> None:
    q = inquiry(SPONSOR, SISTER, relation="sibling", policy=policy(consent_from_age=0), face_used=True)
    assert (found(q).outcome, codes(q)) == (Outcome.REFUSED, ["face-check-reused"])
    stranger = inquiry(SPONSOR, SISTER, policy=policy(consent_from_age=0), beneficiary=None)
    assert found(stranger).outcome is Outcome.REFUSED
