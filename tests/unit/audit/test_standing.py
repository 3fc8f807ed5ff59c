"""A binding that stands: ends, suspensions, changes and conditions, now, earlier and later."""

from datetime import date, datetime, timedelta

import pytest

from shared.clock import BEIJING
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import Cause, State
from shared.contracts.binding_requests import ChannelKind, Side, Terms, Use
from shared.contracts.reasons import Reason, reason
from shared.testing.messages import MONDAY
from tests.unit.audit.line import ID, Line, approved, passed, policy

DAY = timedelta(days=1)
ASKED = Origin(source="nhsa-app", id="request-77")


def midnight(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def unbind(at: datetime, by: Side = Side.SPONSOR) -> found.UnbindChecked:
    why = (reason(f"ended-by-{by}"),)
    return found.UnbindChecked(binding_id=ID, origin=ASKED, at=MONDAY, by=by, reasons=why, effective_at=at)


def changed(**fields: object) -> found.ChangeChecked:
    return found.ChangeChecked(binding_id=ID, origin=ASKED, at=MONDAY, **fields)


def condition(
    effect: str, *reasons: Reason, side: Side = Side.BENEFICIARY, at: datetime = MONDAY
) -> found.ConditionChanged:
    why = reasons or (reason("beneficiary-paused"),)
    return found.ConditionChanged(binding_id=ID, at=at, effect=found.Effect(effect), side=side, reasons=why)


def by_authority(kind: type, at: datetime = MONDAY) -> said.Suspended | said.Resumed | said.EndedByAuthority:
    return kind(binding_id=ID, operator_id="op-1", document="医保发〔2026〕7号", effective_at=at)  # type: ignore[no-any-return]


def codes(line: Line) -> list[str]:
    return [r.code for r in line.state.reasons]


@pytest.mark.parametrize(
    ("by", "cause"), [(Side.SPONSOR, Cause.SPONSOR), (Side.BENEFICIARY, Cause.BENEFICIARY)]
)
def test_either_side_ends_it_and_both_channels_hear(by: Side, cause: Cause) -> None:
    line = approved()
    assert line.send(unbind(MONDAY + DAY, by), time=MONDAY + DAY) == ["ended"]
    assert (line.state.cause, codes(line)) == (cause, [f"ended-by-{by}"])
    assert line.state.effective[0].end == MONDAY + DAY
    assert [to.source for to, _ in line.answers[-2:]] == ["nhsa-app", "zheliban"]


def test_an_end_after_the_end_is_answered() -> None:
    line = approved()
    line.send(unbind(MONDAY))
    assert line.send(unbind(MONDAY)) == []
    assert (line.answers[-1][0], line.told.reasons[0].code) == (ASKED, "wrong-state")


def test_an_end_to_come_is_announced_and_comes_by_itself() -> None:
    line = approved()
    end = midnight("2026-12-01T00:00")
    assert line.send(unbind(end)) == ["changed"]
    assert (line.state.state, line.state.cause, line.state.effective[0].end) == (
        State.APPROVED,
        Cause.SPONSOR,
        end,
    )
    assert line.send(changed(order=2), time=MONDAY + DAY) == ["changed"]
    assert codes(line) == ["ended-by-sponsor"], "what was announced stays said"
    assert line.wait(30 * DAY) == ["ended"]
    assert (line.state.at, line.state.cause, codes(line)) == (end, Cause.SPONSOR, ["ended-by-sponsor"])
    assert line.dues == {}


def test_an_earlier_end_overrides_an_announced_one_but_no_later_one_does() -> None:
    line = approved()
    line.send(unbind(MONDAY + 10 * DAY))
    assert line.send(unbind(MONDAY + 20 * DAY, Side.BENEFICIARY)) == []
    assert line.told.state is State.APPROVED
    dead = condition("end", reason("ended-by-death"), at=MONDAY + 2 * DAY)
    assert line.send(dead, time=MONDAY + 3 * DAY) == ["ended"]
    assert (line.state.cause, line.state.effective[0].end) == (Cause.DEATH, MONDAY + 2 * DAY)
    assert codes(line) == ["ended-by-death"]


def test_a_binding_that_never_counted_ends_with_an_empty_period() -> None:
    line = approved(terms=Terms(begndate=date(2026, 12, 24)))
    assert line.state.effective[0].begin == midnight("2026-12-24T00:00")
    assert line.send(unbind(MONDAY + DAY), time=MONDAY + DAY) == ["ended"]
    (period,) = line.state.effective
    assert period.begin == period.end


def test_the_chosen_last_day_is_whole() -> None:
    line = approved(terms=Terms(enddate=date(2026, 11, 30)))
    assert line.wait(30 * DAY) == ["ended"]
    assert (line.state.at, line.state.cause) == (midnight("2026-12-01T00:00"), Cause.DATE)
    assert codes(line) == ["ended-by-date"]
    assert line.answers[-1][0].source == "zheliban"


def test_changes_without_end_are_objected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audit.domain.standing.MAX_TERMS", 3)
    line = approved()
    for rank in (2, 3):
        assert line.send(changed(rank=rank)) == ["changed"]
    assert line.send(changed(rank=4)) == []
    assert line.told.reasons[0].code == "too-many-changes"
    assert len(line.state.terms) == 3


def test_the_last_day_that_there_is_means_no_end() -> None:
    line = approved(terms=Terms(enddate=date.max))
    assert line.state.effective[0].end is None
    assert line.dues == {}


def test_dates_that_passed_during_review_end_at_once() -> None:
    line = Line()
    line.send(passed(proven=(), terms=Terms(enddate=date(2026, 11, 24))))
    approve = said.VerdictGiven(binding_id=ID, operator_id="op-1", decision=said.Decision.APPROVE)
    assert line.send(approve, time=MONDAY + 5 * DAY) == ["approved", "ended"]
    assert line.state.cause is Cause.DATE
    assert line.dues == {}


def test_approval_takes_effect_when_the_region_says() -> None:
    for effect, begin in (("next-day", "2026-11-24T00:00"), ("next-month", "2026-12-01T00:00")):
        line = approved(policy(effect=effect))
        assert line.state.effective[0].begin == midnight(begin)


def test_approval_takes_effect_by_the_channel_of_the_request() -> None:
    one = policy(effect="now", effect_by_channel={ChannelKind.APP: "next-month"})
    assert approved(one).state.effective[0].begin == midnight("2026-12-01T00:00")
    at_counter = approved(one, channel=ChannelKind.COUNTER)
    assert at_counter.state.effective[0].begin == MONDAY


def test_the_chosen_days_are_whole_days_of_beijing() -> None:
    line = approved(terms=Terms(begndate=date(2026, 12, 1), enddate=date(2026, 12, 1)))
    (period,) = line.state.effective
    assert (period.begin.isoformat(), period.end and period.end.isoformat()) == (
        "2026-11-30T16:00:00+00:00",
        "2026-12-01T16:00:00+00:00",
    )


def test_new_terms_are_dated_and_old_ones_stay() -> None:
    line = approved()
    wider = Terms(scope=(Use.PHARMACY, Use.INPATIENT), quota=50_000)
    assert line.send(changed(terms=wider), time=MONDAY + DAY) == ["changed"]
    assert line.send(changed(order=1, rank=2), time=MONDAY + 2 * DAY) == ["changed"]
    assert [(t.since, t.terms.quota, t.order, t.rank) for t in line.state.terms] == [
        (MONDAY, None, None, None),
        (MONDAY + DAY, 50_000, None, None),
        (MONDAY + 2 * DAY, 50_000, 1, 2),
    ]
    assert line.send(changed(order=1)) == []
    assert (line.answers[-1][0], line.told.version) == (ASKED, 4), "asked twice, answered twice"


def test_new_dates_move_the_period() -> None:
    line = approved(terms=Terms(enddate=date(2026, 11, 30)))
    line.send(changed(terms=Terms(enddate=date(2026, 12, 5))), time=MONDAY + DAY)
    assert line.state.effective[0].end == midnight("2026-12-06T00:00")
    line.send(changed(terms=Terms()), time=MONDAY + 2 * DAY)
    assert line.state.effective[0].end is None
    assert line.dues == {}
    line.send(changed(terms=Terms(begndate=date(2026, 12, 24))), time=MONDAY + 3 * DAY)
    assert [(p.begin, p.end) for p in line.state.effective] == [
        (MONDAY, MONDAY + 3 * DAY),
        (midnight("2026-12-24T00:00"), None),
    ]
    assert line.state.state is State.APPROVED
    line.send(changed(terms=Terms(begndate=date(2026, 12, 10))), time=MONDAY + 4 * DAY)
    assert [p.begin for p in line.state.effective] == [MONDAY, midnight("2026-12-10T00:00")]


def test_new_dates_do_not_outlive_an_announced_end() -> None:
    line = approved()
    line.send(unbind(MONDAY + 5 * DAY))
    line.send(changed(terms=Terms(enddate=date(2027, 1, 31))))
    assert line.state.effective[0].end == MONDAY + 5 * DAY


def test_a_change_before_the_decision_counts_for_it() -> None:
    line = Line()
    line.send(passed(proven=()))
    due = line.state.due_at
    assert line.send(changed(terms=Terms(enddate=date(2026, 12, 24)))) == ["changed"]
    assert (line.state.state, line.state.due_at) == (State.UNDER_REVIEW, due)
    line.send(said.VerdictGiven(binding_id=ID, operator_id="op-1", decision=said.Decision.APPROVE))
    assert line.state.effective[0].end == midnight("2026-12-25T00:00")


def test_after_the_end_nothing_changes() -> None:
    line = approved()
    line.send(unbind(MONDAY))
    for body in (changed(order=3), condition("suspend"), condition("end"), condition("flag")):
        assert line.send(body) == []
    for kind in (said.Suspended, said.Resumed, said.EndedByAuthority):
        assert line.send(by_authority(kind)) == []
        assert (line.told.accepted, line.told.reasons[0].code) == (False, "wrong-state")


def test_a_change_after_an_end_that_has_not_fired_finds_it_ended() -> None:
    line = approved(terms=Terms(enddate=date(2026, 11, 30)))
    later = changed(terms=Terms(enddate=date(2027, 11, 30)))
    assert line.send(later, time=MONDAY + 20 * DAY) == ["ended"]
    assert line.state.at == midnight("2026-12-01T00:00")
    assert line.dues == {}


def test_conditions_suspend_and_resume_each_its_own() -> None:
    line = approved()
    assert line.send(condition("suspend")) == ["suspended"]
    assert line.send(condition("suspend")) == []
    assert line.send(condition("suspend", side=Side.SPONSOR), time=MONDAY + DAY) == ["changed"]
    assert line.send(condition("resume", at=MONDAY + 2 * DAY), time=MONDAY + 2 * DAY) == ["changed"]
    assert line.state.state is State.SUSPENDED, "the other reason still holds"
    third = condition("resume", side=Side.SPONSOR, at=MONDAY + 3 * DAY)
    assert line.send(third, time=MONDAY + 3 * DAY) == ["resumed"]
    assert [(p.by, p.begin, p.end) for p in line.state.suspended] == [
        ("beneficiary", MONDAY, MONDAY + 2 * DAY),
        ("sponsor", MONDAY, MONDAY + 3 * DAY),
    ]
    assert line.send(third) == []


def test_a_flag_is_said_and_changes_no_state() -> None:
    line = approved()
    assert line.send(condition("flag")) == ["changed"]
    assert (line.state.state, codes(line)) == (State.APPROVED, ["beneficiary-paused"])


def test_a_flag_that_is_said_already_makes_no_version() -> None:
    line = approved()
    both = reason("beneficiary-paused"), reason("account-frozen")
    assert line.send(condition("flag", *both)) == ["changed"]
    for again in (both, both[:1], both[::-1]):
        assert line.send(condition("flag", *again), time=MONDAY + DAY) == []
    assert line.state.version == 3
    assert line.send(condition("flag", reason("sponsor-deceased")), time=MONDAY + DAY) == ["changed"]
    assert codes(line) == ["sponsor-deceased"]
    waiting = Line()
    waiting.send(passed(proven=()))
    assert [waiting.send(condition("flag")) for _ in range(2)] == [["changed"], []]


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("ended-by-insurance", Cause.INSURANCE),
        ("sponsor-deceased", Cause.DEATH),
        ("ended-by-category", Cause.CATEGORY),
        ("sponsor-category-excluded", Cause.CATEGORY),
        ("ended-by-rule", Cause.RULE),
    ],
)
def test_conditions_end_it(code: str, cause: Cause) -> None:
    line = approved()
    assert line.send(condition("end", reason(code, hotline="12393"))) == ["ended"]
    assert (line.state.cause, codes(line)) == (cause, [code])


def test_an_end_by_a_rule_says_which_rule() -> None:
    line = approved()
    why = reason("ended-by-rule", hotline="12393"), reason("sponsor-category-excluded", hotline="12393")
    line.send(condition("end", *why, side=Side.SPONSOR))
    assert (line.state.cause, codes(line)) == (Cause.RULE, ["ended-by-rule", "sponsor-category-excluded"])


def test_a_condition_before_the_decision_refuses_or_counts_later() -> None:
    line = Line()
    line.send(passed(proven=()))
    assert line.send(condition("suspend")) == ["changed"]
    approve = said.VerdictGiven(binding_id=ID, operator_id="op-1", decision=said.Decision.APPROVE)
    assert line.send(approve) == ["approved", "suspended"]
    other = Line()
    other.send(passed(proven=()))
    assert other.send(condition("end", reason("sponsor-deceased"))) == ["refused"]


def test_the_authority_suspends_resumes_ends() -> None:
    line = approved()
    assert line.send(by_authority(said.Suspended)) == ["suspended"]
    assert codes(line) == ["suspended-by-authority"]
    assert "医保发〔2026〕7号" in line.state.reasons[0].zh
    assert line.send(by_authority(said.Suspended)) == []
    assert line.told.reasons[0].code == "wrong-state"
    assert line.send(condition("resume")) == [], "a condition does not lift what the authority said"
    assert line.send(by_authority(said.Resumed, MONDAY + DAY), time=MONDAY + DAY) == ["resumed"]
    assert line.send(by_authority(said.Resumed, MONDAY + DAY)) == []
    assert line.send(by_authority(said.EndedByAuthority, MONDAY + DAY)) == ["ended"]
    assert (line.state.cause, codes(line)) == (Cause.AUTHORITY, ["ended-by-authority"])


def test_the_authority_plans_ahead() -> None:
    line = approved()
    assert line.send(by_authority(said.Suspended, MONDAY + 2 * DAY)) == ["changed"]
    assert line.state.state is State.APPROVED
    assert line.wait(3 * DAY) == ["suspended"]
    assert (line.state.at, codes(line)) == (MONDAY + 2 * DAY, ["suspended-by-authority"])
    assert line.send(by_authority(said.Resumed, MONDAY + 5 * DAY)) == ["changed"]
    assert line.wait(3 * DAY) == ["resumed"]
    assert (line.state.at, codes(line)) == (MONDAY + 5 * DAY, ["resumed-by-authority"])
    assert line.send(by_authority(said.EndedByAuthority, MONDAY + 9 * DAY)) == ["changed"]
    assert line.wait(9 * DAY) == ["ended"]
    assert codes(line) == ["ended-by-authority"]


def suspended(since: datetime, until: datetime | None) -> said.Suspended:
    return by_authority(said.Suspended, since).model_copy(update={"until": until})  # type: ignore[return-value]


def test_a_suspension_with_an_end_goes_by_itself() -> None:
    line = approved()
    assert line.send(suspended(MONDAY + DAY, MONDAY + 3 * DAY)) == ["changed"]
    assert line.wait(2 * DAY) == ["suspended"]
    assert line.wait(2 * DAY) == ["resumed"]
    assert [(p.by, p.begin, p.end) for p in line.state.suspended] == [
        ("authority", MONDAY + DAY, MONDAY + 3 * DAY)
    ]
    assert (line.state.state, line.state.at, line.dues) == (State.APPROVED, MONDAY + 3 * DAY, {})
    assert line.send(by_authority(said.Resumed, line.now)) == []
    assert line.told.reasons[0].code == "wrong-state", "what is over cannot be lifted"


def test_a_suspension_with_an_end_is_lifted_sooner_or_made_longer_by_another_document() -> None:
    line = approved()
    assert line.send(suspended(MONDAY, MONDAY + 9 * DAY)) == ["suspended"]
    assert line.send(suspended(MONDAY + DAY, MONDAY + 5 * DAY)) == []
    assert line.told.reasons[0].code == "wrong-state", "it says nothing that does not hold already"
    assert line.send(suspended(MONDAY + 5 * DAY, MONDAY + 20 * DAY)) == ["changed"]
    assert line.send(by_authority(said.Resumed, MONDAY + 2 * DAY), time=MONDAY + 2 * DAY) == ["resumed"]
    assert [(p.begin, p.end) for p in line.state.suspended] == [
        (MONDAY, MONDAY + 2 * DAY),
        (MONDAY + 5 * DAY, MONDAY + 5 * DAY),
    ]
    assert line.wait(30 * DAY) == [], "neither comes again"
    assert line.send(suspended(line.now, None)) == ["suspended"]
    assert line.send(suspended(line.now, line.now + DAY)) == []


@pytest.mark.parametrize("until", [MONDAY, MONDAY - DAY])
def test_a_suspension_that_ends_before_it_begins_is_answered_by_name(until: datetime) -> None:
    line = approved()
    assert line.send(suspended(MONDAY, until)) == []
    (why,) = line.told.reasons
    assert (line.told.accepted, why.code, why.field) == (False, "field-invalid", "until")
    assert "after effective_at" in why.zh


def test_the_authority_has_nothing_to_end_before_a_decision() -> None:
    line = Line()
    line.send(passed(proven=()))
    assert line.send(by_authority(said.EndedByAuthority)) == []
    assert line.told.reasons[0].code == "wrong-state"


def test_a_version_is_never_before_the_one_it_follows() -> None:
    line = approved()
    line.send(changed(order=1), time=MONDAY + DAY)
    line.send(changed(order=2), time=MONDAY)
    assert [state.at for _, state in line.decisions] == sorted(state.at for _, state in line.decisions)


def test_an_end_date_that_is_chosen_before_the_effect_brings_no_earlier_effect() -> None:
    line = approved(policy(effect="next-day"))
    begins = line.state.effective[0].begin
    assert begins == midnight("2026-11-24")
    line.send(changed(terms=Terms(enddate=date(2026, 12, 31))), time=MONDAY + timedelta(hours=1))
    assert [(p.begin, p.end) for p in line.state.effective] == [(begins, midnight("2027-01-01"))]


def test_dates_that_are_told_late_count_from_the_version_that_they_change() -> None:
    line = approved()
    line.send(changed(terms=Terms(begndate=date(2026, 12, 1))))
    line.send(changed(terms=Terms()), time=MONDAY - timedelta(hours=1))
    assert [p.begin for p in line.state.effective] == [MONDAY, MONDAY]
    assert line.state.effective[0].end == MONDAY


@pytest.mark.parametrize(
    ("effect", "begin"), [("now", MONDAY + DAY), ("next-day", midnight("2026-11-25")), ("next-month", midnight("2026-12-01"))]
)  # fmt: skip
def test_a_first_day_that_is_taken_back_brings_no_sooner_effect_than_the_region_lets(
    effect: str, begin: datetime
) -> None:
    for chosen in (Terms(), Terms(begndate=date(2026, 11, 24))):
        line = approved(policy(effect=effect), terms=Terms(begndate=date(2026, 12, 24)))
        line.send(changed(terms=chosen), time=MONDAY + DAY)
        assert [(p.begin, p.end) for p in line.state.effective] == [(begin, None)]


def test_new_dates_put_off_nothing_that_was_to_count_sooner() -> None:
    line = approved(policy(effect="next-month"), terms=Terms(begndate=date(2026, 12, 10)))
    december = midnight("2026-12-05T10:00")
    line.send(changed(terms=Terms(begndate=date(2026, 12, 8))), time=december)
    assert [p.begin for p in line.state.effective] == [midnight("2026-12-10")]
    line.send(changed(terms=Terms()), time=december)
    assert [p.begin for p in line.state.effective] == [midnight("2026-12-10")]
    line.send(changed(terms=Terms(begndate=date(2026, 12, 20))), time=december)
    assert [p.begin for p in line.state.effective] == [midnight("2026-12-20")]


def test_the_effect_of_new_dates_goes_by_the_channel_of_the_request() -> None:
    one = policy(effect="now", effect_by_channel={ChannelKind.COUNTER: "next-day"})
    line = approved(one, channel=ChannelKind.COUNTER, terms=Terms(begndate=date(2026, 12, 24)))
    line.send(changed(terms=Terms()), time=MONDAY + DAY)
    assert [p.begin for p in line.state.effective] == [midnight("2026-11-25")]
