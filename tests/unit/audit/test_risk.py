"""What a case shows only beside others: many requests, a beneficiary bound again and again, documents under other names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain import permissions, risk
from services.audit.domain.risk import Others, Use
from shared.contracts import binding_screenings as found
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import Material, MaterialKind, Side
from shared.contracts.reasons import reason
from shared.contracts.registry import RelationRecorded
from shared.policies.types import Often, SecondEyes
from shared.policies.values import Review
from shared.testing.documents import referred
from shared.testing.messages import MONDAY, uid
from tests.unit.audit.line import ID, ORIGIN, Line, case, passed, policy, refused, verdict

NOBODY = frozenset[str]()
REGISTER, CARD = MaterialKind.HOUSEHOLD_REGISTER, MaterialKind.ID_CARD
PAPERS = Review(reused_documents=True)


def line_of(**review: Any) -> Line:
    return Line(policy(review=Review(**review)))


def about(number: int, body: Any, sponsor: str = "S1", beneficiary: str | None = "B1", **changes: Any) -> Any:
    """A screening of another binding, for these two."""
    sides = {
        "sponsor": found.Party(psn_no=sponsor, insuplc_admdvs="330100"),
        "beneficiary": beneficiary and found.Party(psn_no=beneficiary, insuplc_admdvs="330100"),
    }
    told = body.case.model_copy(update=sides | changes)
    return body.model_copy(update={"binding_id": uid(number), "case": told})


def marks(line: Line, number: int) -> tuple[str, ...]:
    return line.batch.files[uid(number)].marks


def paper(name: str, kind: MaterialKind = REGISTER, holder: Side = Side.SPONSOR) -> tuple[Material, ...]:
    return (referred(name, kind, holder),)


# --- many requests of one sponsor in a day ---------------------------------------------------------------------------------------


def test_requests_beyond_the_regions_number_go_to_a_person_and_those_before_do_not() -> None:
    line = line_of(requests_per_day=2)
    for number in (1, 2, 3, 4):
        line.send(about(number, passed(), beneficiary=f"B{number}"))
    assert [line.batch.files[uid(n)].state.state.value for n in (1, 2, 3, 4)] == ["approved"] * 2 + ["under-review"] * 2  # fmt: skip
    assert [marks(line, n) for n in (1, 3, 4)] == [(), (risk.MANY_REQUESTS,), (risk.MANY_REQUESTS,)]
    line.send(about(5, passed(), sponsor="S2"))
    assert marks(line, 5) == (), "another sponsor's day is another's"


def test_a_region_without_the_rule_marks_nobody() -> None:
    line = line_of()
    for number in range(1, 30):
        line.send(about(number, passed()))
    assert {marks(line, n) for n in range(1, 30)} == {()}


@pytest.mark.parametrize(
    ("hours", "marked"),
    [(13.99, True), (14, False), (-10, True), (-10.01, False)],
)
def test_the_day_is_that_of_beijing(hours: float, marked: bool) -> None:
    """The first request is of 10:00."""
    line = line_of(requests_per_day=1)
    line.send(about(1, passed()))
    line.send(about(2, passed(), requested_at=MONDAY + timedelta(hours=hours)))
    assert marks(line, 2) == (risk.MANY_REQUESTS,) * marked


def test_a_request_that_the_rules_refused_counts_for_nothing_and_one_that_was_withdrawn_does() -> None:
    line = line_of(requests_per_day=1)
    line.send(about(1, refused("account-frozen")))
    line.send(about(2, passed(proven=())))
    assert marks(line, 2) == ()
    line.send(found.Withdrawn(binding_id=uid(2), at=MONDAY))
    line.send(about(3, passed()))
    assert marks(line, 3) == (risk.MANY_REQUESTS,)


def test_a_number_of_zero_lets_nothing_pass_by_itself() -> None:
    line = line_of(requests_per_day=0)
    line.send(about(1, passed()))
    assert marks(line, 1) == (risk.MANY_REQUESTS,)


def test_a_mark_stands_beside_those_of_eligibility_and_calls_two_persons_where_the_region_says_so() -> None:
    rule = SecondEyes(marks=frozenset({risk.MANY_REQUESTS}), unless_proven=False)
    line = line_of(requests_per_day=1, second_eyes=(rule,))
    line.send(about(2, passed()))
    line.send(about(1, passed().model_copy(update={"marks": ("odd-age",)})))
    assert marks(line, 1) == ("odd-age", risk.MANY_REQUESTS)
    assert line.state.second_eyes
    assert not any(told.reasons for _, told in line.decisions), "the applicant hears of no mark"


# --- a beneficiary who is bound again and again ----------------------------------------------------------------------------------


def ended(line: Line, number: int) -> None:
    why = (reason("ended-by-sponsor"),)
    origin = Origin(source="zheliban", id=f"end-{number}")
    line.send(
        found.UnbindChecked(
            binding_id=uid(number), origin=origin, at=line.now, by=Side.SPONSOR, reasons=why, effective_at=line.now
        )
    )  # fmt: skip


def test_a_beneficiary_bound_more_often_than_the_region_bears_goes_to_a_person() -> None:
    line = line_of(bindings_in_days=Often(bindings=2, days=30))
    for number in (1, 2, 3):
        line.send(about(number, passed(), sponsor=f"S{number}"))
        ended(line, number)
    assert [marks(line, n) for n in (1, 2, 3)] == [(), (), (risk.OFTEN_BOUND,)]
    line.send(about(4, passed(), sponsor="S4", beneficiary="B9"))
    assert marks(line, 4) == ()


@pytest.mark.parametrize(("days", "marked"), [(0, True), (30, True), (30.01, False)])
def test_only_the_regions_days_count(days: float, marked: bool) -> None:
    line = line_of(bindings_in_days=Often(bindings=1, days=30))
    line.send(about(1, passed(), requested_at=MONDAY - timedelta(days=days)))
    line.send(about(2, passed(), sponsor="S2"))
    assert marks(line, 2) == (risk.OFTEN_BOUND,) * marked


@pytest.mark.parametrize("state", State)
def test_what_came_to_nothing_is_no_binding(state: State) -> None:
    line = line_of()
    line.send(passed())
    one = line.state.model_copy(update={"state": state})
    nothing = state.value in {"refused", "rejected", "withdrawn", "expired"}
    assert risk.is_binding(one, "B1", MONDAY) is not nothing
    assert not risk.is_binding(one, "B2", MONDAY)
    assert risk.is_request(one, "S1", risk.day_of(MONDAY)) is (state is not State.REFUSED)
    assert not risk.is_request(one, "S2", risk.day_of(MONDAY))


def test_a_relative_who_is_not_confirmed_has_no_bindings() -> None:
    assert risk.asked(case(beneficiary=None), Review(bindings_in_days=Often(1, 30))).since is None
    unknown = passed(beneficiary=None)
    line = line_of()
    line.send(unknown)
    assert not risk.is_binding(line.state, "B1", MONDAY)


# --- documents under other names -------------------------------------------------------------------------------------------------


def two(mine: Any, theirs: Any, relation: RelationRecorded | None = None) -> tuple[str, ...]:
    """The marks of the second of two cases: (sponsor, beneficiary, documents) each."""
    line = Line(policy(review=PAPERS))
    if relation:
        key = permissions.pair(relation.psn_no, relation.other_psn_no).encode()
        line.send(relation, topic="registry.relations", type="registry.relations.recorded", key=key)
    for number, (sponsor, beneficiary, papers) in enumerate((theirs, mine), 1):
        line.send(about(number, passed(), sponsor, beneficiary, materials=papers))
    assert (line.batch.files[uid(2)].state.state is State.APPROVED) is (marks(line, 2) == ())
    return marks(line, 2)


@pytest.mark.parametrize(
    ("sponsor", "beneficiary"),
    [("S1", "B1"), ("S1", "B2"), ("S2", "B1"), ("B1", "S1"), ("B1", "C1"), ("S1", None)],
)
def test_a_family_uses_its_own_register_again(sponsor: str, beneficiary: str | None) -> None:
    assert two((sponsor, beneficiary, paper("ours")), ("S1", "B1", paper("ours"))) == ()


def test_a_familys_paper_in_the_hands_of_strangers_is_marked() -> None:
    assert two(("S2", "B2", paper("ours")), ("S1", "B1", paper("ours"))) == (risk.REUSED,)
    assert two(("S2", "B2", paper("theirs")), ("S1", "B1", paper("ours"))) == ()


def test_relatives_by_the_registry_are_one_family_until_the_relation_ends() -> None:
    tie = RelationRecorded(psn_no="S1", other_psn_no="S2", other_is="spouse", since=MONDAY.date(), version=1)
    cases = ("S2", "B2", paper("ours")), ("S1", "B1", paper("ours"))
    assert two(*cases, tie) == ()
    assert two(*cases, tie.model_copy(update={"ended": True})) == (risk.REUSED,)


def test_a_card_is_one_persons_even_within_a_family() -> None:
    child = paper("card", CARD, Side.BENEFICIARY)
    assert two(("S1", "B2", child), ("S1", "B1", child)) == (risk.REUSED,), "one card for two children"
    assert two(("S2", "B1", child), ("S1", "B1", child)) == ()
    assert two(("B1", "C1", paper("card", CARD)), ("S1", "B1", child)) == (), "a child who becomes a sponsor"
    assert two(("S1", "B1", paper("card", REGISTER)), ("S1", "B1", child)) == ()
    assert two(("S2", "B2", paper("card", REGISTER)), ("S1", "B1", child)) == (risk.REUSED,)


def test_one_sheet_with_both_cards_is_both_persons() -> None:
    both = (*paper("sheet", CARD), *paper("sheet", CARD, Side.BENEFICIARY))
    assert risk.uses(case(materials=both)) == {both[0].sha256: Use(True, frozenset({"S1", "B1"}))}
    assert two(("S1", "B2", paper("sheet", CARD)), ("S1", "B1", both)) == ()
    mixed = (*paper("sheet", CARD), *paper("sheet", REGISTER))
    assert not risk.uses(case(materials=mixed))[mixed[0].sha256].personal


def test_the_card_of_nobody_who_is_known_tells_nothing() -> None:
    unknown = paper("card", CARD, Side.BENEFICIARY)
    assert two(("S1", None, unknown), ("S2", "B2", unknown)) == ()


def test_a_region_that_does_not_ask_marks_no_document() -> None:
    line = line_of()
    line.send(about(1, passed(), "S1", "B1", materials=paper("ours")))
    line.send(about(2, passed(), "S2", "B2", materials=paper("ours")))
    assert marks(line, 2) == ()


def test_a_document_that_comes_later_is_held_against_others_as_well() -> None:
    line = Line(policy(review=PAPERS))
    line.send(about(2, refused("account-frozen"), "S2", "B2", materials=paper("ours")))
    line.send(refused("materials-missing").model_copy(update={"supplement": (REGISTER,)}))
    line.send(passed(2, materials=paper("ours")))
    assert line.batch.files[ID].marks == (risk.REUSED,), "what was refused was handed in all the same"


def test_the_registry_is_asked_about_no_more_hands_than_a_family_has() -> None:
    hands = [Use(False, frozenset({f"S{n}"})) for n in range(1000)]
    assert len(list(risk.pairs(hands))) == risk.HANDS * (risk.HANDS - 1) // 2
    assert list(risk.pairs([Use(True, frozenset({"S1"})), Use(False, frozenset({"S2"}))])) == []
    assert list(risk.pairs([hands[1], hands[1], Use(False, frozenset({"S1", "S2"}))])) == []
    assert list(risk.pairs(hands[:2])) == ["S0|S1"]


# --- the same whatever happens ---------------------------------------------------------------------------------------------------


requests = st.lists(
    st.tuples(
        st.integers(1, 6),  # binding
        st.sampled_from(["S1", "S2"]),
        st.sampled_from(["B1", "B2", "B3"]),
        st.sampled_from([(), paper("one"), paper("two"), paper("card", CARD)]),
        st.sampled_from([0, 0, 0, 20, 800]),  # hours later
    ),
    max_size=12,
)


@given(requests)
def test_repeated_screenings_change_no_mark_and_the_marks_are_those_of_the_cases_before(told: Any) -> None:
    review = Review(requests_per_day=1, bindings_in_days=Often(2, 30), reused_documents=True)
    line, seen = Line(policy(review=review)), dict[UUID, found.Case]()
    for number, sponsor, beneficiary, papers, hours in told:
        at: datetime = MONDAY + timedelta(hours=hours)
        body = about(number, passed(), sponsor, beneficiary, materials=papers, requested_at=at)
        had = line.batch.files.get(body.binding_id)
        line.send(body)
        if had is not None:
            assert line.batch.files[body.binding_id] == had, "a round that the case has had changes nothing"
            continue
        assert marks(line, number) == tuple(expected(body.case, seen))
        seen[body.binding_id] = body.case


def expected(mine: found.Case, before: dict[UUID, found.Case]) -> Any:
    """Reckoned anew: no case of these comes to nothing, and nobody is related."""
    assert mine.beneficiary
    day = {one for one in before.values() if one.sponsor == mine.sponsor and one.requested_at.date() == mine.requested_at.date()}  # fmt: skip
    if day:
        yield risk.MANY_REQUESTS
    since = mine.requested_at - timedelta(days=30)
    if sum(one.beneficiary == mine.beneficiary and one.requested_at >= since for one in before.values()) >= 2:
        yield risk.OFTEN_BOUND
    for one in before.values():
        if {m.sha256 for m in one.materials} & {m.sha256 for m in mine.materials}:
            card = mine.materials[0].kind is CARD
            if one.sponsor != mine.sponsor and (card or one.beneficiary != mine.beneficiary):
                yield risk.REUSED
                return


def test_nothing_is_marked_where_nothing_is_asked() -> None:
    plenty = Others(99, 99, ((Use(True, frozenset({"S1"})), [Use(True, frozenset({"S2"}))]),))
    asked = Review(requests_per_day=99, bindings_in_days=Often(99, 1), reused_documents=True)
    assert list(risk.marks(asked, plenty, NOBODY.__contains__)) == [risk.MANY_REQUESTS, risk.OFTEN_BOUND, risk.REUSED]  # fmt: skip
    assert list(risk.marks(asked, Others(98, 98), NOBODY.__contains__)) == []


def test_who_looks_at_a_marked_case_decides_it_as_any_other() -> None:
    line = line_of(requests_per_day=1)
    line.send(about(2, passed(), beneficiary="B2"))
    line.send(passed())
    assert line.send(verdict("approve", "op-2")) == ["approved"]
    assert line.told.version == 3
    assert line.state.origin == ORIGIN
