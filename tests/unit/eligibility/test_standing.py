"""Standing bindings: ends, changes, order and rank, the family account, and what the registry says later."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from shared.clock import BEIJING
from shared.contracts import account_credits
from shared.contracts import beneficiary_requests as theirs
from shared.contracts import binding_requests as ours
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import Terms
from shared.contracts.registry import InsuranceStatus
from shared.testing.identities import MadeUp, adult, child, elder, insurance
from shared.testing.messages import MONDAY, related, submitted, uid, unbind_requested
from shared.testing.proofs import counter, face_check
from tests.unit.eligibility.line import Line, Said
from tests.unit.eligibility.test_overlay import overlaid

SUBMITTED, UNBIND = "binding.requests.submitted", "binding.requests.unbind-requested"
LATER = MONDAY + timedelta(days=40)


def bound(
    region: str = "330100", line: Line | None = None, relative: MadeUp | None = None, number: int = 1
) -> tuple[Line, MadeUp, MadeUp, Said]:
    """A line with one approved binding of a sponsor and a child."""
    line = line or Line()
    sponsor, kid = adult(1, admdvs=region), relative or child(2, admdvs=region)
    line.know(sponsor, kid)
    line.send("registry.relations.recorded", related(sponsor, kid, "child"))
    check = face_check(sponsor, MONDAY, transaction_no=f"T{number}")
    said = line.send(SUBMITTED, submitted(sponsor, kid, relation="child", number=number, face_check=check))
    assert said.types == ["passed"]
    line.decide(said, State.APPROVED, 2)
    return line, sponsor, kid, said


def test_a_sponsor_ends_a_binding_at_once() -> None:
    line, sponsor, _, said = bound()
    body = unbind_requested(sponsor, said.only.binding_id, at=LATER)
    ended = line.send(UNBIND, body, at=LATER)
    assert ended.types == ["unbind-checked"]
    assert (ended.only.by, ended.only.effective_at) == ("sponsor", LATER)
    assert ended.only.reasons[0].code == "ended-by-sponsor"
    line.decide(said, State.ENDED, 3, at=LATER)
    assert line.send(UNBIND, body, at=LATER).codes == ["wrong-state"]


def test_a_beneficiary_ends_it_except_where_only_the_sponsor_may() -> None:
    for region, expected in (("330100", []), ("370900", ["unbind-not-allowed", "face-check-missing"])):
        line, _, kid, said = bound(region)
        body = theirs.UnbindRequested(
            beneficiary_psn_no=kid.psn_no, binding_id=said.only.binding_id, channel="app"
        )
        ended = line.send("beneficiary.requests.unbind-requested", body, at=LATER)
        assert (ended.codes if expected else []) == expected
        assert ended.types == ([] if expected else ["unbind-checked"])


def test_taian_wants_a_fresh_face_for_the_end_too() -> None:
    line, sponsor, _, said = bound("370900")
    without = unbind_requested(sponsor, said.only.binding_id, at=LATER, face_check=None)
    assert line.send(UNBIND, without, at=LATER).codes == ["face-check-missing"]
    old = unbind_requested(sponsor, said.only.binding_id, at=MONDAY)
    assert line.send(UNBIND, old, at=LATER).codes == ["face-check-stale"]
    fresh = unbind_requested(sponsor, said.only.binding_id, at=LATER)
    assert line.send(UNBIND, fresh, at=LATER).types == ["unbind-checked"]


def test_the_request_s_own_face_check_does_not_end_it() -> None:
    line, sponsor, _, said = bound("370900")
    used = face_check(sponsor, MONDAY, transaction_no="T1")
    body = unbind_requested(sponsor, said.only.binding_id, face_check=used)
    assert line.send(UNBIND, body).codes == ["face-check-reused"]


def test_at_a_counter_the_clerk_stands_in_for_the_face() -> None:
    line, sponsor, _, said = bound("370900")
    body = unbind_requested(sponsor, said.only.binding_id, channel="counter", face_check=None)
    assert line.send(UNBIND, body).codes == ["counter-proof-missing"]
    assert line.send(UNBIND, body.model_copy(update={"counter": counter()})).types == ["unbind-checked"]


@pytest.mark.parametrize(("days", "early"), [(-1, True), (0, False), (1, False)])
def test_an_end_before_the_shortest_time(days: int, early: bool, tmp_path: Any) -> None:
    policies = overlaid(tmp_path, "330000", "binding", {"min_bound_months": 3})
    line, sponsor, _, said = bound(line=Line(policies))
    at = datetime(2027, 2, 23, 0, 0, tzinfo=BEIJING) + timedelta(days=days)
    ended = line.send(UNBIND, unbind_requested(sponsor, said.only.binding_id, at=at), at=at)
    assert (ended.types == []) is early
    if early:
        assert ended.codes == ["unbind-too-early"]


def test_new_terms_are_judged_by_the_policy_of_now() -> None:
    line, sponsor, _, said = bound("650100")
    about = {"binding_id": said.only.binding_id, "sponsor_psn_no": sponsor.psn_no}
    scope = line.send("binding.requests.scope-changed", ours.ScopeChanged(**about, scope=("pharmacy",)))
    assert scope.only.terms.scope == ("pharmacy",)
    wrong = line.send("binding.requests.scope-changed", ours.ScopeChanged(**about, scope=("inpatient",)))
    assert (wrong.codes, wrong.types) == (["scope-not-allowed"], [])
    quota = line.send("binding.requests.quota-changed", ours.QuotaChanged(**about, quota=50_000))
    assert (quota.only.terms.quota, quota.only.terms.scope) == (50_000, ("pharmacy",))
    past = ours.DatesChanged(**about, begndate=MONDAY.date() - timedelta(days=1))
    assert line.send("binding.requests.dates-changed", past).codes == ["dates-not-allowed"]
    end = line.send("binding.requests.dates-changed", ours.DatesChanged(**about, enddate=date(2026, 12, 31)))
    assert end.only.terms.enddate == date(2026, 12, 31)


def test_an_end_date_may_move_when_the_first_day_is_past() -> None:
    line = Line()
    sponsor, kid = adult(1), child(2)
    line.know(sponsor, kid)
    line.send("registry.relations.recorded", related(sponsor, kid, "child"))
    said = line.send(
        SUBMITTED, submitted(sponsor, kid, relation="child", terms=Terms(begndate=MONDAY.date()))
    )
    line.decide(said, State.APPROVED, 2)
    body = ours.DatesChanged(
        binding_id=said.only.binding_id,
        sponsor_psn_no=sponsor.psn_no,
        begndate=MONDAY.date(),
        enddate=LATER.date(),
    )
    assert line.send("binding.requests.dates-changed", body, at=LATER).types == ["change-checked"]


def test_only_what_stands_can_change() -> None:
    line = Line()
    sponsor, kid = adult(1), child(2)
    line.know(sponsor, kid)
    said = line.send(SUBMITTED, submitted(sponsor, kid, relation="child"))
    body = ours.QuotaChanged(binding_id=said.only.binding_id, sponsor_psn_no=sponsor.psn_no)
    assert line.send("binding.requests.quota-changed", body).codes == ["wrong-state"]


def test_rank_and_order_are_the_owners() -> None:
    line, sponsor, kid, first = bound()
    _, _, _, second = bound(line=line, relative=child(4), number=2)
    ids = (second.only.binding_id, first.only.binding_id)
    ranked = line.send(
        "binding.requests.rank-changed", ours.RankChanged(sponsor_psn_no=sponsor.psn_no, ranked=ids)
    )
    assert [(b.binding_id, b.rank) for _, b in ranked.emitted] == [(ids[0], 1), (ids[1], 2)]
    order = theirs.OrderChanged(beneficiary_psn_no=kid.psn_no, ordered=ids[1:], channel="app")
    assert [b.order for _, b in line.send("beneficiary.requests.order-changed", order).emitted] == [1]
    foreign = order.model_copy(update={"ordered": ids})
    assert line.send("beneficiary.requests.order-changed", foreign).codes == ["not-your-binding"]
    unknown = ours.RankChanged(sponsor_psn_no=sponsor.psn_no, ranked=(uid(99),))
    assert line.send("binding.requests.rank-changed", unknown).codes == ["not-your-binding"]
    line.decide(second, State.ENDED, 3)
    again = ours.RankChanged(sponsor_psn_no=sponsor.psn_no, ranked=ids)
    assert line.send("binding.requests.rank-changed", again).codes == ["wrong-state"]


def test_opening_the_family_account_where_the_region_has_that_step(tmp_path: Any) -> None:
    line = Line(overlaid(tmp_path, "330000", "binding", {"account_opening": True}))
    sponsor, kid = adult(1), child(2)
    line.know(sponsor, kid)
    line.send("registry.relations.recorded", related(sponsor, kid, "child"))
    assert line.send(SUBMITTED, submitted(sponsor, kid, relation="child")).codes == ["account-not-opened"]
    letter = submitted(sponsor, kid).commitment
    opened = ours.AccountOpened(sponsor_psn_no=sponsor.psn_no, admdvs="330100", commitment=letter)
    for _ in range(2):
        assert line.send("binding.requests.account-opened", opened).answers[0][1].outcome == "accepted"
    assert line.send(SUBMITTED, submitted(sponsor, kid, relation="child", number=2)).types == ["passed"]
    stranger = opened.model_copy(update={"sponsor_psn_no": "9"})
    assert line.send("binding.requests.account-opened", stranger).codes == ["sponsor-unknown"]


def test_the_family_account_needs_the_letter_in_force_when_it_was_signed(tmp_path: Any) -> None:
    line = Line(overlaid(tmp_path, "330000", "binding", {"account_opening": True}))
    sponsor = adult(1)
    line.know(sponsor)
    letter = submitted(sponsor, child(2)).commitment
    assert letter is not None
    opened = ours.AccountOpened(sponsor_psn_no=sponsor.psn_no, admdvs="330100")
    old = opened.model_copy(update={"commitment": letter.model_copy(update={"version": "0"})})
    for body, code in ((opened, "commitment-missing"), (old, "commitment-outdated")):
        said = line.send("binding.requests.account-opened", body)
        assert said.codes == [code]
        assert said.answers[0][1].reasons[0].citation.path == "binding.commitment"
    assert not line.work.changed_people


def test_a_region_without_that_step_opens_no_family_account() -> None:
    line = Line()
    sponsor = adult(1)
    line.know(sponsor)
    opened = ours.AccountOpened(sponsor_psn_no=sponsor.psn_no, admdvs="330100")
    assert line.send("binding.requests.account-opened", opened).codes == ["not-offered-here"]


def test_a_frozen_account_until_it_is_released() -> None:
    line = Line()
    sponsor, kid = adult(1), child(2)
    line.know(sponsor, kid)
    line.send("registry.relations.recorded", related(sponsor, kid, "child"))
    entry = {"psn_no": sponsor.psn_no, "entry_id": "E1", "at": MONDAY}
    line.send("account.credits.frozen", account_credits.Frozen(**entry))
    assert line.send(SUBMITTED, submitted(sponsor, kid, relation="child")).codes == ["account-frozen"]
    line.send("account.credits.unfrozen", account_credits.Unfrozen(**entry))
    assert line.send(SUBMITTED, submitted(sponsor, kid, relation="child", number=2)).types == ["passed"]
    line.send("account.credits.closed", account_credits.Closed(**entry))
    line.send("account.credits.unfrozen", account_credits.Unfrozen(**entry))
    kid2 = child(4)
    line.know(kid2)
    line.send("registry.relations.recorded", related(sponsor, kid2, "child"))
    check = face_check(sponsor, MONDAY, transaction_no="T3")
    third = submitted(sponsor, kid2, relation="child", number=3, face_check=check)
    assert line.send(SUBMITTED, third).codes == ["account-frozen"]


@pytest.mark.parametrize(
    ("change", "effect", "code"),
    [
        ({"surv_stas": "2"}, "end", "ended-by-death"),
        ({"insurances": ()}, "end", "ended-by-insurance"),
        (
            {"insurances": (insurance("390", psn_insu_stas=InsuranceStatus.ENDED),)},
            "end",
            "ended-by-insurance",
        ),
        ({"insurances": (insurance("390", "350200"),)}, "end", "ended-by-insurance"),
        ({"insurances": (insurance("390", psn_insu_stas=InsuranceStatus.PAUSED),)}, None, None),
        ({"insurances": (insurance("390", "330106"),)}, None, None),
    ],
)
def test_what_the_registry_says_later(change: dict[str, Any], effect: str | None, code: str | None) -> None:
    line, _, kid, _ = bound()
    said = line.know(kid.recorded(version=2, **change), at=LATER)
    assert said.types == (["condition-changed"] if effect else [])
    if effect:
        assert (said.only.effect, said.only.side) == (effect, "beneficiary")
        assert said.only.reasons[0].code == code
    assert line.know(kid.recorded(version=2, **change), at=LATER).types == []
    assert line.know(kid.recorded(version=1), at=LATER).types == []


def test_where_the_policy_suspends_it_resumes_by_itself(tmp_path: Any) -> None:
    line, sponsor, _, _ = bound(
        line=Line(overlaid(tmp_path, "330000", "binding", {"on_insurance_paused": "suspend"}))
    )
    paused = sponsor.recorded(version=2, insurances=(insurance(psn_insu_stas=InsuranceStatus.PAUSED),))
    said = line.know(paused, at=LATER)
    assert (said.only.effect, said.only.reasons[0].code) == ("suspend", "sponsor-not-normal")
    back = line.know(sponsor.recorded(version=3), at=LATER)
    assert (back.only.effect, back.only.reasons) == ("resume", ())


def test_who_paused_moved_and_came_back_is_not_suspended_for_ever(tmp_path: Any) -> None:
    values = {"on_insurance_paused": "suspend", "on_moved": "flag"}
    line, sponsor, _, _ = bound(line=Line(overlaid(tmp_path, "330000", "binding", values)))
    effects = []
    for version, row in enumerate(
        (insurance(psn_insu_stas=InsuranceStatus.PAUSED), insurance(insuplc_admdvs="110100"), insurance()), 2
    ):
        said = line.know(sponsor.recorded(version=version, insurances=(row,)), at=LATER)
        effects.append([body.effect.value for _, body in said.emitted])
    assert effects == [["suspend"], ["flag", "resume"], []]


def test_a_death_before_the_decision_ends_the_binding_when_it_is_approved() -> None:
    line = Line()
    sponsor, parent = adult(1), elder(4)
    line.know(sponsor, parent)
    line.send("registry.relations.recorded", related(sponsor, parent, "parent"))
    said = line.send(SUBMITTED, submitted(sponsor, parent))
    assert line.know(parent.recorded(version=2, surv_stas="2")).types == []
    assert line.decide(said, State.APPROVED, 2).only.reasons[0].code == "ended-by-death"


def test_a_relation_recorded_later_cures_a_request_that_lacked_papers() -> None:
    line = Line()
    sponsor, kid = adult(1), child(2)
    line.know(sponsor, kid)
    said = line.send(SUBMITTED, submitted(sponsor, kid, relation="child"))
    assert said.only.supplement
    proven = line.send("registry.relations.recorded", related(sponsor, kid, "child"))
    assert (proven.types, proven.only.round) == (["passed"], 2)
    line.send("registry.relations.recorded", related(sponsor, kid, "child", version=1, ended=True))
    assert not line.work.relations[min(sponsor.psn_no, kid.psn_no), max(sponsor.psn_no, kid.psn_no)].ended


def test_a_later_round_that_is_refused_keeps_its_slot_until_the_decision() -> None:
    line = Line()
    sponsor, kid = adult(1), child(2)
    line.know(sponsor, kid)
    said = line.send(SUBMITTED, submitted(sponsor, kid, relation="child"))
    refused = line.send("registry.relations.recorded", related(sponsor, kid, "sibling"))
    assert [r.code for r in refused.only.reasons] == ["relation-disagrees"]
    assert line.work.bindings[said.only.binding_id].stage.held
    line.decide(said, State.REFUSED, 3)
    assert not line.work.bindings[said.only.binding_id].stage.held


def test_old_decisions_and_strangers_are_ignored() -> None:
    line, _, _, said = bound()
    line.decide(said, State.ENDED, 1)
    assert line.work.bindings[said.only.binding_id].stage.stands
    empty = Line()
    assert empty.decide(said, State.APPROVED, 2).emitted == []
