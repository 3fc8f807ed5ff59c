"""What holds of every request and every policy: total, the same again, nothing odd by what does not matter, monotone in caps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.eligibility.domain.inquiry import Family, Inquiry
from services.eligibility.domain.person import Person
from services.eligibility.domain.screening import Outcome, screen
from shared.contracts.binding_requests import ChannelKind, Relation, Terms
from shared.contracts.reasons import MAX_TEXT
from shared.contracts.registry import Insurance
from shared.policies.types import Document, MaterialRule
from shared.testing.identities import adult, child, elder, insurance
from shared.testing.messages import MONDAY, related
from shared.testing.proofs import counter, material
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, inquiry, policy, tie, with_side

DAY = MONDAY.date()
counts = st.one_of(st.none(), st.integers(0, 3))
flags = st.booleans()
PLACES = ("330100", "330200", "350200", "310104")
rows = st.lists(
    st.builds(
        insurance,
        st.sampled_from(["310", "390", "410"]),
        st.sampled_from(PLACES),
        psn_insu_stas=st.sampled_from("124"),
        arrears=flags,
        psn_type=st.sampled_from([None, "1101", "1300"]),
        balc=st.sampled_from([None, 0, 99, 100]),
    ),
    max_size=3,
)
ties = st.lists(
    st.builds(
        lambda ends, relation, place: replace(tie(ends[0], ends[1], relation), beneficiary_admdvs=place),
        st.sampled_from(
            [(SPONSOR, CHILD), (CHILD, SPONSOR), (adult(9), CHILD), (adult(9), SPONSOR), (CHILD, adult(9))]
            + [(SPONSOR, child(20 + 2 * n)) for n in range(4)]
        ),
        st.sampled_from(Relation),
        st.sampled_from([None, *PLACES]),
    ),
    max_size=6,
)
choices = st.lists(st.frozensets(st.builds(Document, st.sampled_from(["id-card", "household-register"])), max_size=2), max_size=2).map(tuple)  # fmt: skip
bindings = st.fixed_dictionaries(
    dict.fromkeys(("max_beneficiaries", "max_sponsors", "max_lifetime_beneficiaries", "max_spouses"), counts)
    | dict.fromkeys(("max_beneficiaries_elsewhere", "max_fathers", "max_mothers", "base_reserve"), counts)
    | dict.fromkeys(("real_name_level", "consent_from_age", "rebind_wait_days", "min_spouse_age"), counts)
    | dict.fromkeys(("counts_sponsor", "reverse_edge", "one_family", "member_may_sponsor", "offered"), flags)
    | dict.fromkeys(("sponsor_may_be_member", "kin_account_first", "e_credential", "account_opening"), flags)
    | {
        "max_per_relation": st.dictionaries(st.sampled_from(Relation), st.integers(0, 3)),
        "min_age_gap": st.dictionaries(st.sampled_from(Relation), st.integers(0, 60)),
        "relations": st.frozensets(st.sampled_from(Relation)),
        "reach": st.sampled_from(["pooling-region", "province", "nationwide"]),
        "cross_province_mode": st.sampled_from([None, "earmark", "transfer"]),
        "channels": st.one_of(st.none(), st.frozensets(st.sampled_from(ChannelKind))),
        "sponsor_excluded": st.frozensets(st.sampled_from(["11", "13"])),
        "beneficiary_excluded": st.frozensets(st.sampled_from(["11", "1300"])),
        "min_balance": st.integers(0, 200),
        "counter_preferred_from_age": st.one_of(st.none(), st.integers(0, 99)),
        "materials": st.lists(st.builds(MaterialRule, any_of=choices, unless_proven=flags), max_size=2).map(tuple),
        "use_proofs": st.dictionaries(st.sampled_from(["pharmacy", "outpatient"]), choices),
    }
)  # fmt: skip


@st.composite
def inquiries(draw: st.DrawFn) -> Inquiry:
    """Any request under any policy, with any facts about two known or unknown people."""
    me = SPONSOR.but(insurances=tuple(draw(rows)), surv_stas=draw(st.sampled_from("12")))
    relative = draw(st.sampled_from([CHILD, adult(4), elder(6)]))
    other = relative.but(insurances=tuple(draw(rows)))
    papers = st.sampled_from([material("id-card"), material("household-register")])
    request: dict[str, Any] = {
        "channel": draw(st.sampled_from(ChannelKind)),
        "terms": Terms(earmark=draw(st.sampled_from([None, 100]))),
        "counter": draw(st.sampled_from([None, counter(), counter(form_complete=False)])),
        "real_name_level": draw(counts),
    }
    relation = draw(st.sampled_from(Relation))
    q = inquiry(me, other, relation=relation, request=request, policy=policy(**draw(bindings)))
    record = related(me, other, draw(st.sampled_from(Relation)), ended=draw(flags), proven=draw(flags), kin_account=draw(flags))  # fmt: skip
    return replace(
        q,
        relation=draw(st.sampled_from([None, record])),
        sponsor=draw(st.sampled_from([None, q.sponsor])),
        beneficiary=draw(st.sampled_from([None, q.beneficiary])),
        family=Family(tuple(draw(ties)), frozenset(), draw(st.sampled_from([None, DAY - timedelta(days=1)]))),
        materials=tuple(draw(st.lists(papers))),
        consented=draw(flags),
    )


many = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(inquiries())
def test_every_request_gets_one_finding_and_the_same_again(q: Inquiry) -> None:
    finding = screen(q)
    assert screen(replace(q)) == finding
    assert (finding.outcome in (Outcome.PASSED, Outcome.CONSENT_NEEDED)) is (finding.reasons == ())
    for reason in finding.reasons:
        texts = (reason.zh, reason.en, reason.remedy_zh, reason.remedy_en)
        assert reason.rule
        assert all(text and len(text) <= MAX_TEXT and "{" not in text for text in texts)
    rules = [(r.rule, r.code, r.zh) for r in finding.reasons if r.code != "materials-missing"]
    assert len(set(rules)) == len(rules)
    assert len(set(finding.marks)) == len(finding.marks)


@many
@given(inquiries())
def test_a_relative_who_is_not_confirmed_has_one_reason(q: Inquiry) -> None:
    """Caps count the sponsor's own bindings; the relation and channel are the applicant's own words."""
    finding = screen(replace(q, beneficiary=None))
    own = {"relation-not-allowed", "in-law-not-allowed", "too-many-beneficiaries", "too-many-of-relation"}
    rest = {
        r.code for r in finding.reasons if r.rule and r.rule.startswith(("beneficiary.", "family.", "distance.", "relation."))
    }  # fmt: skip
    assert rest - own - {"sponsor-is-member", "sponsor-in-other-family"} == {"beneficiary-not-confirmed"}


IRRELEVANT: list[dict[str, Any]] = [
    {"tel": "13800000099"},
    {"no_sms": True},
    {"language": "en"},
]


@many
@given(inquiries(), st.sampled_from(IRRELEVANT))
def test_what_no_rule_speaks_of_changes_nothing(q: Inquiry, change: dict[str, Any]) -> None:
    for side in ("sponsor", "beneficiary"):
        person: Person | None = getattr(q, side)
        if person:
            records = tuple(r.model_copy(update=change) for r in person.records)
            assert screen(with_side(q, side, replace(person, records=records))) == screen(q)
    note = q.request.model_copy(update={"earlier_binding_id": q.request.binding_id})
    assert screen(replace(q, request=note)) == screen(q)


@many
@given(inquiries())
def test_insurance_of_another_kind_changes_nothing(q: Inquiry) -> None:
    other = Insurance(insutype="510", psn_insu_stas="1", insuplc_admdvs="110000", psn_type="1300")
    for side in ("sponsor", "beneficiary"):
        person: Person | None = getattr(q, side)
        if person:
            first = person.records[0]
            more = first.model_copy(update={"insurances": (other, *first.insurances)})
            assert screen(with_side(q, side, replace(person, records=(more,)))) == screen(q)


CAPS = {
    "max_beneficiaries": "too-many-beneficiaries",
    "max_lifetime_beneficiaries": "too-many-beneficiaries",
    "max_sponsors": "already-bound-elsewhere",
    "max_beneficiaries_elsewhere": "too-many-elsewhere",
    "max_spouses": "relation-duplicate",
    "max_fathers": "relation-duplicate",
    "max_mothers": "relation-duplicate",
}


@many
@given(inquiries(), st.sampled_from(sorted(CAPS)), st.integers(0, 4))
def test_who_fits_under_a_cap_fits_under_a_higher_one(q: Inquiry, cap: str, limit: int) -> None:
    def refused(value: int | None) -> bool:
        changes: Any = {cap: value}
        changed = replace(q.policy, binding=replace(q.policy.binding, **changes))
        rule = "family." + cap.replace("_", "-")
        return rule in {r.rule for r in screen(replace(q, policy=changed)).reasons}

    assert refused(limit) >= refused(limit + 1) >= refused(None)
    assert not refused(None)


@many
@given(inquiries(), st.integers(0, 4))
def test_more_bindings_never_help(q: Inquiry, more: int) -> None:
    held = (*q.family.ties, *(tie(SPONSOR, child(60 + 2 * n)) for n in range(more)))
    fewer, many_more = screen(q), screen(replace(q, family=replace(q.family, ties=held)))
    assert {r.code for r in fewer.reasons} <= {r.code for r in many_more.reasons}


NOTHING: list[tuple[dict[str, Any], str, set[str]]] = [
    ({"max_beneficiaries": 0}, "child", {"too-many-beneficiaries"}),
    ({"max_lifetime_beneficiaries": 0}, "child", {"too-many-beneficiaries"}),
    ({"max_sponsors": 0}, "child", {"already-bound-elsewhere"}),
    ({"max_per_relation": {Relation.CHILD: 0}}, "child", {"too-many-of-relation"}),
    ({"max_spouses": 0}, "spouse", {"relation-duplicate"}),
    ({"max_fathers": 0, "max_mothers": 0}, "parent", {"relation-duplicate"}),
    ({"relations": frozenset()}, "child", {"relation-not-allowed"}),
    ({"sponsor_insurance": frozenset()}, "child", {"sponsor-not-employee"}),
    ({"beneficiary_insurance": frozenset()}, "child", {"beneficiary-not-insured"}),
    ({"insurance_status": frozenset()}, "child", {"sponsor-not-normal", "beneficiary-paused"}),
    ({"channels": frozenset()}, "child", {"channel-not-allowed"}),
    ({"uses": frozenset()}, "child", {"scope-not-allowed"}),
    ({"face_check_max_age": 0}, "child", {"face-check-stale"}),
    ({"real_name_level": 0}, "child", {"real-name-level-too-low"}),
    ({"use_proofs": {"pharmacy": ()}}, "child", {"use-proof-missing"}),
]


@pytest.mark.parametrize(("rule", "relation", "expected"), NOTHING)
def test_zero_or_empty_is_a_rule_and_never_switches_one_off(
    rule: dict[str, Any], relation: str, expected: set[str]
) -> None:
    assert set(codes(inquiry(relation=relation, policy=policy(**rule)))) == expected


def test_a_later_round_judges_everything_but_the_face() -> None:
    q = inquiry(request={"face_check": None, "commitment": None})
    assert {r.code for r in screen(q).reasons} == {"face-check-missing", "commitment-missing"}
    assert {r.code for r in screen(q, first=False).reasons} == {"commitment-missing"}
