"""Reasons about a binding that stands, or about asking too often: code, rule, field and the policy value that each cites."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.eligibility.domain import rule_change
from services.eligibility.domain.binding import Binding, Condition, Stage, Standing
from services.eligibility.domain.conditions import conditions, consequences
from services.eligibility.domain.ending import objections
from services.eligibility.domain.probing import blind, refusal, stopped
from services.eligibility.domain.screening import Finding, Outcome
from shared.contracts.binding_requests import ChannelKind, Side
from shared.contracts.binding_screenings import Effect
from shared.contracts.reasons import Reason
from shared.contracts.registry import InsuranceStatus
from shared.policies.values import RegionPolicy
from shared.testing.identities import adult, elder, insurance
from shared.testing.messages import MONDAY
from shared.testing.proofs import counter, face_check
from tests.unit.eligibility.rules import BOUND, CHILD, SPONSOR, inquiry, person, policy


def dated(**binding: Any) -> RegionPolicy:
    """The policy with these values, as if a file said each of them."""
    found = policy(**binding)
    return replace(found, citations={p: replace(c, from_=date(2024, 8, 1), path=p) for p, c in found.citations.items()})  # fmt: skip


def named(reasons: Any) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(r.code, r.rule, r.field, r.citation and r.citation.path) for r in reasons]


def against(binding: Binding = BOUND, by: Side = Side.SPONSOR, **options: Any) -> list[Reason]:
    """Reasons against an end. `options` name the channel and proofs; the rest are values of the policy."""
    usual: dict[str, Any] = {"channel": ChannelKind.APP, "face": None, "face_used": False, "counter": None}
    given = usual | {name: options.pop(name) for name in usual if name in options}
    return list(objections(dated(**options), {}, binding, by, MONDAY + timedelta(days=1), **given))


def test_nothing_is_against_an_end_where_everything_is_in_order() -> None:
    assert against() == []
    assert against(channel=ChannelKind.COUNTER, counter=counter()) == []


def test_an_end_of_what_does_not_stand_names_its_state() -> None:
    (why,) = against(BOUND.model_copy(update={"stage": Stage.CONSENT}))
    assert named([why]) == [("wrong-state", "ending.state", None, None)]
    assert "待使用人同意 awaiting consent" in why.zh


def test_an_end_by_the_wrong_side_or_through_the_wrong_channel() -> None:
    assert named(against(unbind_by=frozenset())) == [
        ("unbind-not-allowed", "ending.side", None, "binding.unbind_by")
    ]
    found = against(unbind_channels=frozenset())
    assert named(found) == [
        ("unbind-channel-not-allowed", "ending.channel", "channel", "binding.unbind_channels")
    ]
    assert "医保经办大厅窗口(counter)" in found[0].remedy_zh, (
        "the counter is open even where the list is empty"
    )


def test_an_end_at_a_counter_without_the_clerks_word() -> None:
    found = against(channel=ChannelKind.COUNTER)
    assert named(found) == [("counter-proof-missing", "proof.counter", "counter", None)]


def test_an_end_before_its_time_names_the_months() -> None:
    (why,) = against(min_bound_months=3)
    assert named([why]) == [("unbind-too-early", "ending.min-bound", None, "binding.min_bound_months")]
    assert "3个月" in why.zh


@pytest.mark.parametrize(("by", "owner"), [(Side.SPONSOR, SPONSOR), (Side.BENEFICIARY, CHILD)])
def test_who_ends_a_binding_shows_his_or_her_own_face(by: Side, owner: Any) -> None:
    (missing,) = against(by=by, face_check_on_unbind=True)
    assert named([missing]) == [
        ("face-check-missing", "proof.face-check", "face_check", "binding.face_check_on_unbind")
    ]
    other = CHILD if owner is SPONSOR else SPONSOR
    for face, wrong in ((face_check(owner, MONDAY), False), (face_check(other, MONDAY), True)):
        codes = {r.code for r in against(by=by, face_check_on_unbind=True, face=face)}
        assert ("face-check-subject" in codes) is wrong
    assert against(by=by, face_check_on_unbind=False) == []


ROWS: list[tuple[Condition, dict[str, Any], str, str, str, str | None]] = [
    (Condition.DEAD, {"surv_stas": "2"}, "on_death", "sponsor-deceased", "beneficiary-deceased", "ended-by-death"),
    (Condition.ENDED, {"insurances": ()}, "on_insurance_ended", "sponsor-not-employee", "beneficiary-not-insured", "ended-by-insurance"),
    (Condition.MOVED, {"insurances": (insurance("310", "330200"),)}, "on_moved", "insured-elsewhere", "insured-elsewhere", "ended-by-insurance"),
    (Condition.CATEGORY, {"insurances": (insurance("310", psn_type="13"),)}, "on_category", "sponsor-category-excluded", "beneficiary-category-excluded", "ended-by-category"),
    (Condition.PAUSED, {"insurances": (insurance("310", psn_insu_stas="2"),)}, "on_insurance_paused", "sponsor-not-normal", "beneficiary-paused", None),
]  # fmt: skip


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("effect", ["flag", "suspend", "end", "nothing"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_changed_on_one_side_is_called_by_its_name(row: Any, effect: str, side: Side) -> None:
    condition, fact, key, of_sponsor, of_beneficiary, ended = row
    rules = dated(**{key: effect, "sponsor_excluded": frozenset({"13"}), "beneficiary_excluded": frozenset({"13"})})  # fmt: skip
    now = conditions(rules, person(adult(1).but(**fact)), side, "330100")
    assert now == (condition,)
    after, told = consequences(rules, side, Standing(), now)
    assert after == Standing(conditions=now, suspended=effect == "suspend")
    wrong = of_sponsor if side is Side.SPONSOR else of_beneficiary
    code = (ended or wrong) if effect == "end" else wrong
    rule = f"standing.{key.replace('_', '-')}"
    expected = [] if effect == "nothing" else [(Effect(effect), [(code, rule, side, f"binding.{key}")])]
    assert [(kind, named(reasons)) for kind, reasons in told] == expected


def test_each_side_is_judged_by_its_own_kinds_of_insurance_and_its_own_categories() -> None:
    rules = dated(sponsor_excluded=frozenset({"11"}), beneficiary_excluded=frozenset({"13"}))
    both = (insurance("310", psn_insu_stas=InsuranceStatus.ENDED), insurance("390", psn_type="13"))
    who = person(SPONSOR.but(insurances=both))
    assert conditions(rules, who, Side.SPONSOR, None) == (Condition.ENDED,)
    assert conditions(rules, who, Side.BENEFICIARY, None) == (Condition.CATEGORY,)
    employee = person(SPONSOR.but(insurances=(insurance("310", psn_type="11"),)))
    assert conditions(rules, employee, Side.SPONSOR, None) == (Condition.CATEGORY,)
    assert conditions(rules, employee, Side.BENEFICIARY, None) == ()


def under(version: str, **binding: Any) -> RegionPolicy:
    """A policy of that version, for what is remembered by version."""
    return replace(dated(**binding), version=version)


def test_what_a_changed_rule_ends_says_so_first_and_is_told_once() -> None:
    q = inquiry(policy=under("later-1", relations=frozenset(), on_rule_changed="end"))
    after, effect, reasons = rule_change.judged(BOUND, q)
    assert effect is Effect.END
    assert named(reasons) == [
        ("ended-by-rule", "standing.rule", None, "binding.on_rule_changed"),
        ("relation-not-allowed", "relation.allowed", "relation", "binding.relations"),
    ]
    assert after.rules_told == ("end/relation-not-allowed",)
    assert after.told_versions == (after.judged_by,) == (rule_change.version(q.policy),)
    assert rule_change.unchanged(after, q.policy)
    assert not rule_change.unchanged(BOUND, q.policy)
    again = inquiry(policy=under("later-2", relations=frozenset(), on_rule_changed="end", reach="nationwide"))
    later, effect, reasons = rule_change.judged(after, again)
    assert (effect, reasons) == (None, ())
    assert (later.rules_told, later.told_versions) == (after.rules_told, after.told_versions)
    assert later.judged_by == rule_change.version(again.policy) != after.judged_by


def test_a_rule_that_is_kept_out_of_standing_bindings_is_not_noted_as_told() -> None:
    q = inquiry(policy=under("later-3", relations=frozenset(), on_rule_changed="keep"))
    after, effect, reasons = rule_change.judged(BOUND, q)
    assert (effect, reasons, after.rules_told, after.told_versions) == (None, (), (), ())


def test_only_so_many_versions_are_remembered() -> None:
    told = BOUND
    for number in range(10):
        places = frozenset() if number % 2 else frozenset({"parent"})
        odd = under(f"later-{10 + number}", relations=places, on_rule_changed="list", reach="province")
        cited = {
            "binding.relations": replace(odd.citations["binding.relations"], from_=date(2025, 1, 1 + number))
        }
        now = inquiry(policy=replace(odd, citations={**odd.citations, **cited}))
        told, effect, reasons = rule_change.judged(told.model_copy(update={"rules_told": ()}), now)
        assert (effect, named(reasons)) == (
            Effect.FLAG,
            [("relation-not-allowed", "relation.allowed", "relation", "binding.relations")],
        )
    assert len(told.told_versions) == 8
    assert told.told_versions[-1] == told.judged_by


def test_the_version_is_that_of_what_the_rules_read() -> None:
    def of(name: str, **binding: Any) -> str:
        return rule_change.version(under(name, **binding))

    usual = of("v-0")
    assert len(usual) == 16
    assert of("v-1", max_sponsors=7, consent_days=1) == usual
    changed = {
        "mode": "transfer", "relations": frozenset(), "reach": "nationwide", "cross_province_mode": None,
        "sponsor_insurance": frozenset(), "beneficiary_insurance": frozenset(), "sponsor_excluded": frozenset({"1"}),
        "beneficiary_excluded": frozenset({"1"}), "on_rule_changed": "end",
    }  # fmt: skip
    others = {of(f"v-{key}", **{key: value}) for key, value in changed.items()}
    assert len(others | {usual}) == len(changed) + 1
    days = under("v-days")
    later = replace(days.citations["binding.reach"], from_=date(2030, 1, 1))
    assert rule_change.version(replace(days, citations={**days.citations, "binding.reach": later})) != usual


def test_who_asks_for_too_many_strangers_gets_one_reason_and_nothing_else() -> None:
    q = inquiry(policy=dated(max_unconfirmed_per_day=2))
    assert [stopped(q, number) for number in (1, 2, 3)] == [False, True, True]
    finding = refusal(q)
    assert named(finding.reasons) == [
        ("too-many-unconfirmed", "sponsor.unconfirmed", "sponsor", "binding.max_unconfirmed_per_day")
    ]
    assert finding == Finding(Outcome.REFUSED, finding.reasons, (), (), False, ())
    unseen = blind(q)
    assert (unseen.beneficiary, unseen.relation, unseen.sponsor) == (None, None, q.sponsor)


@pytest.mark.parametrize(
    ("channel", "word", "seen"),
    [("counter", counter(), True), ("counter", None, False), ("telephone", counter(), False), ("app", counter(), False)],
)  # fmt: skip
def test_only_who_sees_the_certificates_may_ask_on(channel: str, word: Any, seen: bool) -> None:
    q = inquiry(SPONSOR, elder(6), request={"channel": channel, "counter": word}, policy=policy(max_unconfirmed_per_day=0))  # fmt: skip
    assert stopped(q, 5) is not seen
