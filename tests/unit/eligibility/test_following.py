"""What a decision teaches about a binding, and the edge that a binding is in the family graph."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.eligibility.domain.binding import Binding, Stage, Standing, stage_after
from services.eligibility.domain.following import changes_in_year, followed, with_change
from services.eligibility.domain.inquiry import Tie
from services.eligibility.domain.person import person_key
from shared.clock import BEIJING
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import BindingState, Cause, DatedTerms, Period, State
from shared.contracts.binding_requests import Relation, Side, Terms
from shared.contracts.binding_screenings import Case, Party
from shared.contracts.identity import CertType
from shared.testing.identities import child
from shared.testing.messages import MONDAY, submitted
from tests.unit.eligibility.rules import CHILD, SPONSOR

ORIGIN = Origin(source="zheliban", id="m1")
LATER = MONDAY + timedelta(days=10)
OLD, NEW = Terms(), Terms(quota=100)
PASSED = Binding(
    binding_id=submitted(SPONSOR, CHILD).binding_id,
    stage=Stage.PASSED,
    request=submitted(SPONSOR, CHILD, relation="child"),
    origin=ORIGIN,
    at=MONDAY,
    admdvs=SPONSOR.admdvs,
    version=1,
)
STANDS = PASSED.model_copy(update={"stage": Stage.BOUND, "bound_at": MONDAY, "begins_at": MONDAY, "ever": True})  # fmt: skip


def decided(state: State, at: datetime = LATER, **fields: Any) -> BindingState:
    """A decision, with nothing in it that the test does not name."""
    party = Party(psn_no=SPONSOR.psn_no, insuplc_admdvs=SPONSOR.admdvs)
    case = Case(
        admdvs="330100", channel="app", sponsor=party, relation="child", terms=OLD, requested_at=MONDAY
    )
    common = {
        "binding_id": PASSED.binding_id,
        "origin": ORIGIN,
        "case": case,
        "policy_version": "p",
        "round": 1,
    }
    return BindingState(**(common | {"version": 2, "state": state, "at": at} | fields))


def test_an_approval_makes_it_stand_from_its_first_day() -> None:
    soon = LATER + timedelta(days=3)
    after = followed(PASSED, decided(State.APPROVED, effective=(Period(begin=soon),)))
    assert (after.stage, after.version, after.ever) == (Stage.BOUND, 2, True)
    assert (after.bound_at, after.begins_at) == (LATER, soon), "approved before it begins"
    late = followed(PASSED, decided(State.APPROVED, effective=(Period(begin=MONDAY),)))
    assert (late.bound_at, late.begins_at) == (MONDAY, MONDAY), "a later version of an approval"
    assert followed(STANDS, decided(State.SUSPENDED)).bound_at == MONDAY
    bare = followed(PASSED, decided(State.APPROVED))
    assert (bare.bound_at, bare.begins_at, bare.ever) == (LATER, None, True)


def test_an_end_is_learnt_from_one_decision_alone() -> None:
    periods = (Period(begin=MONDAY, end=LATER), Period(begin=LATER, end=LATER + timedelta(days=2)))
    after = followed(PASSED, decided(State.ENDED, effective=periods, cause=Cause.DEATH))
    assert (after.stage, after.ever, after.begins_at) == (Stage.CLOSED, True, MONDAY)
    assert (after.bound_at, after.ended_at, after.ended_by) == (
        MONDAY,
        LATER + timedelta(days=2),
        Cause.DEATH,
    )
    never = followed(STANDS, decided(State.ENDED))
    assert (never.ended_at, never.begins_at, never.ended_by) == (LATER, MONDAY, None)


def test_what_was_never_approved_was_never_bound() -> None:
    after = followed(PASSED, decided(State.REJECTED))
    assert (after.stage, after.ever, after.bound_at, after.begins_at) == (Stage.CLOSED, False, None, None)
    assert after.ended_at is None
    assert followed(STANDS, decided(State.APPROVED)).ever
    gone = STANDS.model_copy(update={"stage": Stage.SUSPENDED})
    assert followed(gone, decided(State.ENDED)).ever, "what was approved once stays so"


def test_terms_are_those_of_the_decision_or_of_its_case() -> None:
    assert followed(STANDS, decided(State.APPROVED)).terms == OLD
    dated = (DatedTerms(since=MONDAY, terms=OLD), DatedTerms(since=LATER, terms=NEW))
    assert followed(STANDS, decided(State.APPROVED, terms=dated)).terms == NEW


def test_a_change_on_its_way_is_kept_with_its_time_until_a_decision_shows_it() -> None:
    waiting = with_change(STANDS, NEW, LATER)
    assert (waiting.wanted, waiting.wanted_at, waiting.changed, waiting.chosen) == (NEW, LATER, (LATER,), NEW)
    other = followed(waiting, decided(State.SUSPENDED))
    assert (other.wanted, other.wanted_at, other.changed) == (NEW, LATER, (LATER,))
    first = DatedTerms(since=MONDAY, terms=OLD)
    shows = decided(State.APPROVED, terms=(first, DatedTerms(since=LATER, terms=NEW)))
    done = followed(waiting, shows)
    assert (done.wanted, done.wanted_at, done.changed, done.chosen) == (None, None, (LATER,), NEW)
    before = decided(State.APPROVED, terms=(first, DatedTerms(since=LATER - timedelta(seconds=1), terms=NEW)))
    assert followed(waiting, before).wanted == NEW, "the same terms as of an earlier change"
    over = followed(waiting, decided(State.ENDED))
    assert (over.wanted, over.wanted_at) == (None, None)


@pytest.mark.parametrize(("seconds", "kept"), [(-1, True), (0, True), (1, False)])
def test_a_change_that_no_decision_shows_is_given_up_after_a_day(seconds: int, kept: bool) -> None:
    waiting = with_change(STANDS, NEW, LATER)
    at = LATER + timedelta(days=1, seconds=seconds)
    assert (followed(waiting, decided(State.SUSPENDED, at=at)).wanted is not None) is kept


@pytest.mark.parametrize(("seconds", "counted"), [(-1, 0), (0, 1), (1, 1)])
def test_changes_of_the_decisions_year_are_learnt_from_its_terms(seconds: int, counted: int) -> None:
    edge = datetime(2027, 1, 1, tzinfo=BEIJING)
    dated = (
        DatedTerms(since=MONDAY, terms=OLD),
        DatedTerms(since=edge + timedelta(seconds=seconds), terms=NEW),
        DatedTerms(since=edge + timedelta(days=1), terms=NEW, rank=1),
    )
    at = edge + timedelta(days=2)
    after = followed(STANDS, decided(State.APPROVED, at=at, terms=dated))
    assert (len(after.changed), changes_in_year(after, at)) == (counted, counted), "a rank is no change"


def test_what_changes_nothing_is_no_change_and_older_years_are_forgotten() -> None:
    assert with_change(STANDS, OLD, LATER) is STANDS
    new_year = datetime(2027, 1, 1, tzinfo=BEIJING)
    before = STANDS.model_copy(update={"changed": (LATER, new_year)})
    after = with_change(before, NEW, new_year + timedelta(days=1))
    assert after.changed == (new_year, new_year + timedelta(days=1))
    assert (changes_in_year(after, LATER), changes_in_year(after, new_year)) == (0, 2)
    kept = with_change(before, NEW, LATER + timedelta(seconds=1))
    assert kept.changed == (LATER, new_year, LATER + timedelta(seconds=1)), (
        "what is read late forgets nothing newer"
    )


@pytest.mark.parametrize(
    ("state", "now", "after"),
    [
        (State.SUPPLEMENT_REQUESTED, Stage.PASSED, Stage.SUPPLEMENT),
        (State.SUPPLEMENT_REQUESTED, Stage.CONSENT, Stage.CONSENT),
        (State.UNDER_REVIEW, Stage.PASSED, Stage.PASSED),
        (State.APPROVED, Stage.REFUSING, Stage.BOUND),
        (State.SUSPENDED, Stage.BOUND, Stage.SUSPENDED),
        (State.WITHDRAWN, Stage.PASSED, Stage.CLOSED),
        (State.ENDED, Stage.BOUND, Stage.CLOSED),
    ],
)
def test_the_stage_after_a_decision(state: State, now: Stage, after: Stage) -> None:
    assert stage_after(state, now) is after


def test_a_decision_about_an_earlier_round_asks_for_no_documents() -> None:
    second = PASSED.model_copy(update={"round": 2})
    asked = State.SUPPLEMENT_REQUESTED
    assert followed(second, decided(asked, round=1)).stage is Stage.PASSED
    assert followed(second, decided(asked, round=2)).stage is Stage.SUPPLEMENT
    assert stage_after(asked, Stage.PASSED, latest=False) is Stage.PASSED


def test_what_holds_a_slot_what_stands_and_what_is_over() -> None:
    stages = set(Stage)
    stands = {Stage.BOUND, Stage.SUSPENDED}
    free = {Stage.WAITING, Stage.REFUSED, Stage.CLOSED}
    assert {s for s in stages if s.stands} == stands
    assert {s for s in stages if s.held} == stages - free
    assert {s for s in stages if s.reserved} == stages - free - stands
    assert {s for s in stages if s.final} == {Stage.REFUSED, Stage.CLOSED}
    assert all(s.shown for s in stages)


def test_a_binding_is_an_edge_with_relation_sex_and_place() -> None:
    binding = PASSED.model_copy(update={"beneficiary_gend": "1", "beneficiary_admdvs": "330200"})
    keys = person_key(SPONSOR.certificate()), person_key(CHILD.certificate())
    assert (binding.sponsor, binding.beneficiary) == keys
    assert CHILD.gend == "2", "the certificate decides, not what was noted"
    assert binding.tie() == Tie(*keys, Relation.CHILD, "2", "330200")


def test_a_certificate_without_a_sex_leaves_it_to_the_registry() -> None:
    abroad = child(2).but(psn_cert_type=CertType.FOREIGN_PASSPORT, certno="E12345678")
    noted = {"request": submitted(SPONSOR, abroad), "beneficiary_gend": "1"}
    assert Binding(**(PASSED.model_dump(exclude={"request"}) | noted)).tie().beneficiary_sex == "1"


def test_each_side_has_its_own_standing() -> None:
    odd = Standing(suspended=True)
    binding = PASSED.model_copy(update={"beneficiary_standing": odd})
    assert (binding.standing(Side.SPONSOR), binding.standing(Side.BENEFICIARY)) == (Standing(), odd)
