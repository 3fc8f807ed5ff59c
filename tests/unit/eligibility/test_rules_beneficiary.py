"""What the applicant declared of the relative against the registry, and that strangers stay strangers."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from services.eligibility.domain.inquiry import Family
from services.eligibility.domain.person import Person
from services.eligibility.domain.screening import Finding
from shared.contracts.binding_requests import Relation, Terms
from shared.contracts.registry import Insurance
from shared.policies.values import RegionPolicy
from shared.testing.identities import MadeUp, adult, child, insurance
from shared.testing.messages import MONDAY, related
from shared.testing.proofs import material
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, person, policy, tie

KID_310 = insurance("310", "330100", balc=None)


def declared(rows: tuple[Insurance, ...], **said: str | None) -> list[str]:
    """Codes about a child with these rows whom the applicant described so."""
    kid = CHILD.but(insurances=rows)
    return codes(inquiry(SPONSOR, kid, request={"beneficiary": kid.as_beneficiary(**said)}))


@pytest.mark.parametrize(
    ("place", "differs"),
    [("330100", False), ("330106", False), ("330200", True), ("350200", True), (None, False)],
)
def test_the_declared_place_is_compared_by_pooling_region(place: str | None, differs: bool) -> None:
    rows = (insurance("390", "330110"),)
    assert declared(rows, insuplc_admdvs=place) == ["declared-place-differs"] * differs


@pytest.mark.parametrize(("kind", "differs"), [("390", False), ("310", True), ("391", True), (None, False)])
def test_the_declared_kind_of_insurance_is_compared(kind: str | None, differs: bool) -> None:
    assert declared((insurance("390"),), insutype=kind) == ["declared-insutype-differs"] * differs


def test_each_difference_is_a_reason_of_its_own_and_shows_the_declared_value_only() -> None:
    kid = CHILD.but(insurances=(insurance("391", "330200"),))
    said = kid.as_beneficiary(insuplc_admdvs="350200", insutype="390")
    place, kind = found(inquiry(SPONSOR, kid, request={"beneficiary": said})).reasons
    assert (place.code, place.field) == ("declared-place-differs", "beneficiary.insuplc_admdvs")
    assert (kind.code, kind.field) == ("declared-insutype-differs", "beneficiary.insutype")
    assert "350200" in place.zh
    assert "390" in kind.zh
    texts = "".join(r.model_dump_json() for r in (place, kind))
    assert "330200" not in texts
    assert "391" not in texts


def test_who_is_insured_twice_may_declare_either() -> None:
    twice = (insurance("390", "330200"), KID_310)
    assert declared(twice, insutype="390", insuplc_admdvs="330200") == []
    assert declared(twice, insutype="310", insuplc_admdvs="330100") == []
    assert declared(twice, insutype="391") == ["declared-insutype-differs"]
    paused = (insurance("390", "330200", psn_insu_stas="2"), KID_310)
    assert declared(paused, insutype="390", insuplc_admdvs="330200") == [
        "declared-place-differs",
        "declared-insutype-differs",
    ]


def test_who_is_not_insured_has_nothing_to_compare() -> None:
    assert declared((), insutype="390", insuplc_admdvs="350200") == ["beneficiary-not-insured"]


def test_at_a_counter_the_same_is_compared_and_a_stranger_stays_one() -> None:
    at = {"channel": "counter"}
    said = {"beneficiary": CHILD.as_beneficiary(insuplc_admdvs="350200")}
    assert codes(inquiry(request=at | said)) == ["declared-place-differs"]
    other = {"beneficiary": CHILD.as_beneficiary(insuplc_admdvs="350200", psn_name="王五")}
    assert codes(inquiry(request=at | other)) == ["beneficiary-not-confirmed"]


STRICT: dict[str, Any] = {
    "beneficiary_excluded": frozenset({"1"}),
    "max_sponsors": 0,
    "max_beneficiaries_elsewhere": 0,
    "max_fathers": 0,
    "max_mothers": 0,
    "max_spouses": 0,
    "reverse_edge": False,
    "one_family": True,
    "sponsor_may_be_member": False,
    "spouse_other_sex": True,
    "kin_account_first": True,
    "rebind_wait_days": 3660,
    "use_proofs": {"outpatient": (frozenset(),), "pharmacy": ()},
    "consent_from_age": 0,
    "min_age_gap": dict.fromkeys(Relation, 150),
    "min_spouse_age": 150,
    "relations": frozenset(Relation),
    "cross_province_mode": "earmark",
}
"""A policy that refuses nearly every relative, for everything that it knows about him or her."""


def strangers() -> Iterator[tuple[str, MadeUp | None, dict[str, Any]]]:
    """People whom the applicant does not know: whatever the registry says of them must not be seen."""
    rows = [
        (),
        (insurance("390"),),
        (insurance("310", "350200", psn_type="11"),),
        (insurance("390", "330200", arrears=True, psn_insu_stas="2"),),
        (insurance("390", psn_insu_stas="4"),),
    ]
    for relation, row, stas in product(Relation, rows, "12"):
        who = child(4).but(insurances=row, surv_stas=stas, gend="2" if stas == "2" else "1")
        yield relation, who, {}
        record = related(SPONSOR, who, "grandchild", kin_account=True, proven=stas == "1")
        ties = (tie(who, SPONSOR), tie(adult(9), who), tie(who, adult(11)), tie(SPONSOR, who))
        family = Family(ties, frozenset(), MONDAY.date())
        yield relation, who, {"relation": record, "family": family}


def answered(relation: str, who: MadeUp | None, facts: dict[str, Any], rules: RegionPolicy) -> Finding:
    """The finding for somebody of whom the applicant knows the number only; `who`: what the registry knows, if anything."""
    named = child(4).as_beneficiary(psn_name="王五", insuplc_admdvs="110000", insutype="310")
    request = {"beneficiary": named, "terms": Terms(scope=("outpatient", "pharmacy"), earmark=1)}
    q = inquiry(SPONSOR, child(4), relation=relation, policy=rules, request=request)
    return found(replace(q, **({"relation": None} | facts | {"beneficiary": who and person(who)})))


def _own(facts: dict[str, Any]) -> dict[str, Any]:
    """What of the family graph is the sponsor's own, whoever is asked for."""
    me = person(SPONSOR).key
    family = facts.get("family", Family())
    return {"family": Family(tuple(t for t in family.ties if me in (t.sponsor, t.beneficiary)))}


def test_whatever_the_registry_knows_of_a_stranger_the_answer_is_the_same() -> None:
    rules = policy(**STRICT)
    for relation, who, facts in strangers():
        blank = answered(relation, None, {"relation": None} | _own(facts), rules)
        seen = answered(relation, who, facts, rules)
        others = [r for r in blank.reasons if r.field and not r.field.startswith("sponsor")]
        assert seen.reasons == blank.reasons
        assert [r.code for r in others] == ["beneficiary-not-confirmed"]
        assert (seen.marks, seen.proven_by, seen.facts, seen.unknown_person, seen.outcome) == (
            blank.marks,
            blank.proven_by,
            blank.facts,
            blank.unknown_person,
            blank.outcome,
        )


def test_the_sponsors_own_bindings_with_a_stranger_say_nothing_either() -> None:
    """That the sponsor once bound somebody under this number would tell that the name is what is wrong."""
    full = policy(max_beneficiaries=1, max_lifetime_beneficiaries=1, max_per_relation={Relation.CHILD: 1})
    bound = Family((tie(SPONSOR, child(4)),), frozenset({person(child(4)).key}))
    other = Family((tie(SPONSOR, child(6)),), frozenset({person(child(6)).key}))
    one, two = (answered("child", child(4), {"family": f}, full) for f in (bound, other))
    assert [r.code for r in one.reasons] == [r.code for r in two.reasons]
    assert {"already-bound-here"}.isdisjoint(r.code for r in one.reasons)


def test_papers_are_not_asked_about_a_stranger() -> None:
    wrong = {"beneficiary": CHILD.as_beneficiary(psn_name="王五")}
    q = inquiry(request=wrong, relation="spouse", policy=policy(use_proofs={"pharmacy": ()}))
    assert codes(replace(q, relation=None)) == ["beneficiary-not-confirmed"]
    given = replace(q, relation=None, materials=(material("marriage-certificate"),))
    assert found(given).proven_by == ()


def test_facts_are_every_record_that_was_used_and_no_strangers() -> None:
    second = SPONSOR.recorded(psn_no="33019", version=7)
    twice = Person(person(SPONSOR).key, (SPONSOR.recorded(version=3), second))
    against = related(SPONSOR, CHILD, "parent", 5)
    used = found(inquiry(sponsor=twice, relation="child"))
    assert {(f.key, f.version) for f in used.facts if f.kind == "person"} == {
        (SPONSOR.psn_no, 3),
        ("33019", 7),
        (CHILD.psn_no, 1),
    }
    refused = found(replace(inquiry(), relation=against))
    assert [f.version for f in refused.facts if f.kind == "relation"] == [5]
    mismatch = found(inquiry(request={"sponsor": SPONSOR.as_sponsor(psn_name="王五")}))
    assert SPONSOR.psn_no in {f.key for f in mismatch.facts}
    stranger = found(inquiry(request={"beneficiary": CHILD.as_beneficiary(psn_name="王五")}))
    assert {f.key for f in stranger.facts} == {SPONSOR.psn_no}


def test_somebody_unknown_is_told_from_somebody_refused() -> None:
    assert found(inquiry(beneficiary=None)).unknown_person
    assert found(inquiry(sponsor=None, beneficiary=None)).unknown_person
    assert not found(inquiry(beneficiary=None, policy=policy(offered=False))).unknown_person
    assert not found(inquiry()).unknown_person
    assert not found(inquiry(at=MONDAY, face_used=True)).unknown_person
