"""What holds of every request and every policy: total, the same again, nothing odd by what does not matter, monotone in caps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import Person, merged
from services.eligibility.domain.screening import FIRST_ROUND, LATER_ROUNDS, Finding, Outcome, screen
from shared.contracts.binding_requests import Submitted
from shared.contracts.reasons import MAX_TEXT
from shared.contracts.registry import Insurance, PersonRecorded
from shared.policies.values import Binding
from shared.testing.identities import child
from tests.unit.eligibility.generated import (
    KEYS,
    RELATIVES,
    inquiries,
    many,
    people,
    records,
    ties,
    with_values,
)
from tests.unit.eligibility.rules import SPONSOR, policy, tie, with_side

CITATIONS = {path: replace(said, from_=date(2024, 8, 1), path=path) for path, said in policy().citations.items()}  # fmt: skip
"""As if a file said every value, so that what a rule cites can be read."""
FACTS = (
    *("identity.sponsor-certificate", "identity.beneficiary-certificate", "identity.two-persons"),
    *("sponsor.known", "sponsor.alive", "sponsor.account", "family.bound-here", "relation.registered"),
    *("beneficiary.confirmed", "beneficiary.alive", "beneficiary.place", "beneficiary.kind"),
    *("proof.counter", "proof.counter-complete", "terms.dates"),
)
"""Rules whose answer is in the facts or the calendar: no value of a policy decides."""


def said(finding: Finding) -> set[tuple[str | None, str]]:
    """Which rules give which reasons, whatever their texts."""
    return {(reason.rule, reason.code) for reason in finding.reasons}


@many
@given(inquiries())
def test_every_request_gets_one_finding_and_the_same_again(q: Inquiry) -> None:
    for first in (True, False):
        finding = screen(q, first=first)
        assert screen(replace(q), first=first) == finding
        assert (finding.outcome in (Outcome.PASSED, Outcome.CONSENT_NEEDED)) is (finding.reasons == ())
        assert len(set(finding.marks)) == len(finding.marks)
        rules = FIRST_ROUND if first else LATER_ROUNDS
        assert said(finding) == {(r.rule, r.code) for rule in rules for r in rule(q)}, "no rule is left out"


@many
@given(inquiries())
def test_every_reason_has_a_rule_four_full_texts_and_the_policy_that_decided(q: Inquiry) -> None:
    reasons = screen(replace(q, policy=replace(q.policy, citations=CITATIONS))).reasons
    for reason in reasons:
        texts = (reason.zh, reason.en, reason.remedy_zh, reason.remedy_en)
        assert all(text and len(text) <= MAX_TEXT and not set(text) & set("{}") for text in texts)
        assert "None" not in "".join(texts)
        assert reason.rule
        assert (reason.citation is None) is (reason.rule in FACTS), reason.rule
    rules = [(r.rule, r.code, r.zh, r.field) for r in reasons if r.code != "materials-missing"]
    assert len(set(rules)) == len(rules)


@many
@given(inquiries())
def test_a_later_round_says_what_the_first_says_but_for_the_face(q: Inquiry) -> None:
    first, later = screen(q), screen(q, first=False)
    assert later.reasons == tuple(r for r in first.reasons if r.rule != "proof.face-check")
    assert (later.marks, later.facts, later.proven_by) == (first.marks, first.facts, first.proven_by)


ODD = {"x_later": {"sponsor": None, "relation": "spouse"}, "max_sponsors": 0, "备注": ["别人"]}


def strewn(value: Any) -> Any:
    """The value with fields that nobody knows in each of its objects."""
    if isinstance(value, dict):
        return {name: strewn(inner) for name, inner in value.items()} | ODD
    return [strewn(inner) for inner in value] if isinstance(value, list) else value


@many
@given(inquiries())
def test_fields_that_nobody_knows_change_nothing(q: Inquiry) -> None:
    sent = Submitted.model_validate_json(json.dumps(strewn(q.request.model_dump(mode="json"))))
    assert sent == q.request
    finding = screen(q)
    assert screen(replace(q, request=sent)) == finding
    for side in ("sponsor", "beneficiary"):
        person: Person | None = getattr(q, side)
        if person:
            bodies = [json.dumps(strewn(r.model_dump(mode="json"))) for r in person.records]
            read = tuple(PersonRecorded.model_validate_json(body) for body in bodies)
            assert screen(with_side(q, side, replace(person, records=read))) == finding


IRRELEVANT: list[dict[str, Any]] = [
    {"tel": "13800000099"},
    {"no_sms": True},
    {"language": "en"},
    {"death_date": date(2020, 1, 1)},
]


@many
@given(inquiries(), st.sampled_from(IRRELEVANT))
def test_what_no_rule_speaks_of_changes_nothing(q: Inquiry, change: dict[str, Any]) -> None:
    for side in ("sponsor", "beneficiary"):
        person: Person | None = getattr(q, side)
        if person:
            changed = tuple(r.model_copy(update=change) for r in person.records)
            assert screen(with_side(q, side, replace(person, records=changed))) == screen(q)
    note = q.request.model_copy(update={"earlier_binding_id": q.request.binding_id})
    assert screen(replace(q, request=note)) == screen(q)


@many
@given(inquiries())
def test_insurance_of_another_kind_changes_nothing(q: Inquiry) -> None:
    other = Insurance(insutype="510", psn_insu_stas="1", insuplc_admdvs="110000", psn_type="1300")
    for side in ("sponsor", "beneficiary"):
        person: Person | None = getattr(q, side)
        if person:
            first, *rest = person.records
            more = first.model_copy(update={"insurances": (other, *first.insurances)})
            assert screen(with_side(q, side, replace(person, records=(more, *rest)))) == screen(q)


@many
@given(inquiries(), st.data())
def test_bindings_of_strangers_change_nothing(q: Inquiry, data: st.DataObject) -> None:
    strangers = tie(child(80), child(82)), tie(child(82), child(84))
    held = data.draw(st.permutations([*q.family.ties, *strangers]))
    assert screen(replace(q, family=replace(q.family, ties=tuple(held)))) == screen(q)


@many
@given(inquiries(), ties, st.data())
def test_the_order_of_what_is_known_changes_nothing(q: Inquiry, held: Any, data: st.DataObject) -> None:
    q = replace(q, family=replace(q.family, ties=tuple(held)))
    mixed = replace(q, family=replace(q.family, ties=tuple(data.draw(st.permutations(held)))))
    for side in ("sponsor", "beneficiary"):
        person: Person | None = getattr(q, side)
        if person:
            other = merged(data.draw(st.permutations(person.records)), person.psn_no)
            mixed = with_side(mixed, side, replace(person, records=other))
    papers = tuple(data.draw(st.permutations(q.materials)))
    assert screen(replace(mixed, materials=papers)) == screen(q)


@many
@given(inquiries(), st.data())
def test_the_registry_says_nothing_about_a_relative_with_another_name(
    q: Inquiry, data: st.DataObject
) -> None:
    """Whatever it records: another person, a dead one, one who is excluded, insured far away, or none at all."""
    somebody = data.draw(st.sampled_from(RELATIVES)).but(psn_name="另有其人")
    facts = data.draw(st.lists(records(somebody), min_size=1, max_size=2))
    if any(record.psn_name == q.request.beneficiary.psn_name for record in facts):
        return
    state = data.draw(people(somebody))
    stranger = replace(state, records=merged(facts))
    finding = screen(replace(q, beneficiary=stranger))
    assert screen(replace(q, beneficiary=None)) == finding
    own = (
        "relation.allowed",
        "relation.in-laws",
        "family.max-",
        "family.member-",
        "family.one-family-sponsor",
    )
    about = [(rule or "", code) for rule, code in said(finding) if (rule or "").startswith(("beneficiary.", "family.", "distance.", "relation."))]  # fmt: skip
    assert [code for rule, code in about if not rule.startswith(own)] == ["beneficiary-not-confirmed"]


CAPS = (
    *("max_beneficiaries", "max_beneficiaries_elsewhere", "max_lifetime_beneficiaries", "max_sponsors"),
    *("max_spouses", "max_fathers", "max_mothers"),
)
UPPER = (*CAPS, "max_per_relation", "max_days_ahead", "max_term_days")
"""Upper bounds: none of them is the widest."""
LOWER = ("base_reserve", "real_name_level", "min_term_days", "rebind_wait_days")
"""Lower bounds: none of them is the mildest."""
NUMBERS = st.integers(0, 6)


def under(q: Inquiry, key: str, value: int | None) -> set[tuple[str | None, str]]:
    """What is said with that value of a bound; of a relation's cap, that of the relation asked for."""
    values = {} if value is None else {q.request.relation: value}
    return said(screen(with_values(q, **{key: values if key == "max_per_relation" else value})))


@many
@given(inquiries(), ties, st.sampled_from(UPPER), NUMBERS)
def test_a_higher_cap_never_adds_a_reason_and_a_lower_one_never_takes_one_away(
    q: Inquiry, held: Any, key: str, limit: int
) -> None:
    q = replace(q, family=replace(q.family, ties=tuple(held)))
    assert under(q, key, limit) >= under(q, key, limit + 1) >= under(q, key, None)


@many
@given(inquiries(), st.sampled_from(LOWER), NUMBERS)
def test_a_higher_floor_never_takes_a_reason_away(q: Inquiry, key: str, floor: int) -> None:
    assert under(q, key, None) <= under(q, key, floor) <= under(q, key, floor + 1)
    assert under(q, "min_balance", floor) <= under(q, "min_balance", floor + 1)
    assert under(q, "face_check_max_age", 60 * floor) >= under(q, "face_check_max_age", 60 * floor + 60)


@many
@given(inquiries(), st.sampled_from(("relations", "channels", "insurance_status")), st.data())
def test_what_more_is_allowed_never_adds_a_reason(q: Inquiry, key: str, data: st.DataObject) -> None:
    few, more = data.draw(KEYS[key]) or frozenset(), data.draw(KEYS[key]) or frozenset()
    narrow, wide = with_values(q, **{key: few}), with_values(q, **{key: few | more})
    rules = {rule for rule, _ in said(screen(narrow))}
    assert {rule for rule, _ in said(screen(wide))} <= rules


@many
@given(inquiries(), st.sampled_from(("sponsor_excluded", "beneficiary_excluded")), st.data())
def test_what_more_is_excluded_never_takes_a_reason_away(q: Inquiry, key: str, data: st.DataObject) -> None:
    few, more = data.draw(KEYS[key]), data.draw(KEYS[key])
    narrow, wide = with_values(q, **{key: few}), with_values(q, **{key: few | more})
    assert said(screen(narrow)) <= said(screen(wide))


@many
@given(inquiries(), st.integers(0, 4))
def test_more_bindings_never_help(q: Inquiry, more: int) -> None:
    held = (*q.family.ties, *(tie(SPONSOR, child(60 + 2 * n)) for n in range(more)))
    assert said(screen(q)) <= said(screen(replace(q, family=replace(q.family, ties=held))))


@many
@given(inquiries())
def test_a_key_that_is_not_about_binding_decides_nothing(q: Inquiry) -> None:
    """Sections of spending, review and notice speak of what comes later, but for the quota's scope and what texts quote."""
    other = replace(q.policy, spending=replace(q.policy.spending, floor=10**9), review=replace(q.policy.review, auto_approve="never"))  # fmt: skip
    assert screen(replace(q, policy=other)) == screen(q)


def test_every_key_of_the_binding_section_is_varied() -> None:
    assert set(KEYS) == set(Binding.__dataclass_fields__)
