"""Every reason of a request by its code, the id of its rule, the field concerned and the policy value that it cites."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.eligibility.domain.inquiry import Family, Inquiry
from services.eligibility.domain.screening import FIRST_ROUND
from shared.contracts.binding_requests import MaterialKind, Relation, Terms
from shared.contracts.registry import InsuranceStatus
from shared.policies.types import Document
from shared.testing.identities import MadeUp, adult, child, elder, insurance
from shared.testing.messages import MONDAY, related
from shared.testing.proofs import commitment, counter, face_check
from tests.unit.eligibility.rules import CHILD, SPONSOR, found, inquiry, person, policy, tie

OTHER = adult(9)
AWAY = CHILD.but(insurances=(insurance("390", "330200"),))
ABROAD = CHILD.but(insurances=(insurance("390", "350200"),))
CARD = (frozenset({Document(MaterialKind.ID_CARD)}),)
GOOD = face_check(SPONSOR, MONDAY)
PATHS = policy().citations
DATED = {path: replace(said, from_=date(2024, 8, 1), path=path) for path, said in PATHS.items()}
"""As if a file said every value, so that what a rule cites can be read."""


def me(**row: Any) -> MadeUp:
    """The sponsor with another insurance row."""
    return SPONSOR.but(insurances=(insurance(**row),))


def kid(**row: Any) -> MadeUp:
    """The child with another insurance row."""
    return CHILD.but(insurances=(insurance("390", **row),))


def ask(*people: MadeUp, binding: dict[str, Any] | None = None, **options: Any) -> Inquiry:
    """A request under the demo's policy with these values replaced."""
    return inquiry(*people, policy=policy(**(binding or {})), **options)


def sent(**request: Any) -> Inquiry:
    return inquiry(request=request)


def named(**who: Any) -> dict[str, Any]:
    return {"beneficiary": CHILD.as_beneficiary(**who)}


EXPECTED: list[tuple[Inquiry, str, str, str, str | None]] = [
    (ask(binding={"offered": False}), "region-not-offered", "region.offered", "admdvs", "binding.offered"),
    (ask(binding={"channels": frozenset()}), "channel-not-allowed", "region.channel", "channel", "binding.channels"),
    (sent(sponsor=SPONSOR.as_sponsor(certno="1" * 17)), "certificate-length", "identity.sponsor-certificate", "sponsor.certno", None),
    (sent(**named(certno=CHILD.certno[:-1] + "Y")), "certificate-length", "identity.beneficiary-certificate", "beneficiary.certno", None),
    (ask(SPONSOR, child(2, born=MONDAY.date() + timedelta(days=1))), "certificate-birth-future", "identity.beneficiary-certificate", "beneficiary.certno", None),
    (ask(SPONSOR, SPONSOR, relation="sibling"), "same-person", "identity.two-persons", "beneficiary.certno", None),
    (ask(sponsor=None), "sponsor-unknown", "sponsor.known", "sponsor.psn_no", None),
    (sent(sponsor=SPONSOR.as_sponsor(psn_name="王五")), "sponsor-mismatch", "sponsor.known", "sponsor", None),
    (ask(SPONSOR.but(surv_stas="2")), "sponsor-deceased", "sponsor.alive", "sponsor", None),
    (ask(me(insutype="390")), "sponsor-not-employee", "sponsor.insured", "sponsor", "binding.sponsor_insurance"),
    (ask(me(psn_insu_stas="2")), "sponsor-not-normal", "sponsor.status", "sponsor", "binding.insurance_status"),
    (ask(me(psn_type="13"), binding={"sponsor_excluded": frozenset({"13"})}), "sponsor-category-excluded", "sponsor.category", "sponsor", "binding.sponsor_excluded"),
    (ask(sponsor=person(SPONSOR, frozen=True)), "account-frozen", "sponsor.account", "sponsor", None),
    (ask(binding={"account_opening": True}), "account-not-opened", "sponsor.account-opened", "sponsor", "binding.account_opening"),
    (ask(me(balc=0), binding={"min_balance": 1}), "balance-too-low", "sponsor.balance", "sponsor", "binding.min_balance"),
    (ask(me(balc=1), binding={"base_reserve": 1}), "balance-below-reserve", "sponsor.reserve", "sponsor", "binding.base_reserve"),
    (ask(me(balc=99), ABROAD, request={"terms": Terms(earmark=100)}, binding={"earmark_within_balance": True}), "earmark-above-balance", "sponsor.earmark", "terms.earmark", "binding.earmark_within_balance"),
    (ask(beneficiary=None), "beneficiary-not-confirmed", "beneficiary.confirmed", "beneficiary", None),
    (ask(SPONSOR, CHILD.but(surv_stas="2")), "beneficiary-deceased", "beneficiary.alive", "beneficiary", None),
    (ask(SPONSOR, kid(psn_insu_stas="4")), "beneficiary-not-insured", "beneficiary.insured", "beneficiary", "binding.beneficiary_insurance"),
    (ask(SPONSOR, kid(psn_insu_stas=InsuranceStatus.PAUSED)), "beneficiary-paused", "beneficiary.status", "beneficiary", "binding.insurance_status"),
    (ask(SPONSOR, kid(arrears=True)), "beneficiary-in-arrears", "beneficiary.arrears", "beneficiary", "binding.insurance_status"),
    (ask(SPONSOR, kid(psn_type="13"), binding={"beneficiary_excluded": frozenset({"13"})}), "beneficiary-category-excluded", "beneficiary.category", "beneficiary", "binding.beneficiary_excluded"),
    (sent(**named(insuplc_admdvs="330200")), "declared-place-differs", "beneficiary.place", "beneficiary.insuplc_admdvs", None),
    (sent(**named(insutype="391")), "declared-insutype-differs", "beneficiary.kind", "beneficiary.insutype", None),
    (ask(SPONSOR, AWAY, binding={"reach": "pooling-region"}), "region-too-far", "distance.near", "beneficiary", "binding.reach"),
    (ask(SPONSOR, ABROAD), "earmark-missing", "distance.earmark", "terms.earmark", "binding.cross_province_mode"),
    (sent(terms=Terms(earmark=1)), "earmark-not-allowed", "distance.earmark", "terms.earmark", "binding.mode"),
    (ask(binding={"relations": frozenset()}), "relation-not-allowed", "relation.allowed", "relation", "binding.relations"),
    (ask(SPONSOR, elder(6), relation="parent-in-law"), "in-law-not-allowed", "relation.in-laws", "relation", "binding.relations"),
    (replace(ask(), relation=related(SPONSOR, CHILD, "parent")), "relation-disagrees", "relation.registered", "relation", None),
    (ask(SPONSOR, adult(3), relation="spouse", binding={"spouse_other_sex": True}), "relation-sex", "relation.sexes", "relation", "binding.spouse_other_sex"),
    (ask(binding={"kin_account_first": True}), "kin-account-missing", "relation.kin-account", "relation", "binding.kin_account_first"),
    (ask(ties=[tie(SPONSOR, CHILD)]), "already-bound-here", "family.bound-here", "beneficiary", None),
    (ask(binding={"max_sponsors": 0}), "already-bound-elsewhere", "family.max-sponsors", "beneficiary", "binding.max_sponsors"),
    (ask(binding={"max_beneficiaries": 0}), "too-many-beneficiaries", "family.max-beneficiaries", "beneficiary", "binding.max_beneficiaries"),
    (ask(SPONSOR, AWAY, binding={"max_beneficiaries_elsewhere": 0}), "too-many-elsewhere", "family.max-beneficiaries-elsewhere", "beneficiary", "binding.max_beneficiaries_elsewhere"),
    (ask(binding={"max_lifetime_beneficiaries": 0}), "too-many-beneficiaries", "family.max-lifetime-beneficiaries", "beneficiary", "binding.max_lifetime_beneficiaries"),
    (ask(binding={"max_per_relation": {Relation.CHILD: 0}}), "too-many-of-relation", "family.max-per-relation", "relation", "binding.max_per_relation"),
    (ask(SPONSOR, adult(4), relation="spouse", binding={"max_spouses": 0}), "relation-duplicate", "family.max-spouses", "relation", "binding.max_spouses"),
    (ask(SPONSOR, elder(3), relation="parent", binding={"max_fathers": 0}), "relation-duplicate", "family.max-fathers", "relation", "binding.max_fathers"),
    (ask(SPONSOR, elder(4), relation="parent", binding={"max_mothers": 0}), "relation-duplicate", "family.max-mothers", "relation", "binding.max_mothers"),
    (ask(ties=[tie(CHILD, SPONSOR, "parent")], binding={"reverse_edge": False}), "reverse-edge", "family.reverse-edge", "beneficiary", "binding.reverse_edge"),
    (ask(ties=[tie(OTHER, SPONSOR)], binding={"member_may_sponsor": False}), "sponsor-is-member", "family.member-may-sponsor", "sponsor", "binding.member_may_sponsor"),
    (ask(ties=[tie(CHILD, OTHER)], binding={"sponsor_may_be_member": False}), "beneficiary-is-sponsor", "family.sponsor-may-be-member", "beneficiary", "binding.sponsor_may_be_member"),
    (ask(ties=[tie(OTHER, SPONSOR)], binding={"one_family": True}), "sponsor-in-other-family", "family.one-family-sponsor", "sponsor", "binding.one_family"),
    (ask(ties=[tie(CHILD, OTHER)], binding={"one_family": True}), "beneficiary-in-other-family", "family.one-family-beneficiary", "beneficiary", "binding.one_family"),
    (ask(family=Family(last_end=MONDAY.date()), binding={"rebind_wait_days": 1}), "rebind-too-early", "family.rebind", "beneficiary", "binding.rebind_wait_days"),
    (sent(commitment=None), "commitment-missing", "proof.commitment", "commitment", "binding.commitment"),
    (sent(commitment=commitment(MONDAY, version="0")), "commitment-outdated", "proof.commitment-version", "commitment", "binding.commitment"),
    (ask(binding={"real_name_level": 1}), "real-name-level-too-low", "proof.real-name", "real_name_level", "binding.real_name_level"),
    (ask(binding={"e_credential": True}), "e-credential-missing", "proof.e-credential", "sponsor", "binding.e_credential"),
    (sent(channel="counter", counter=None), "counter-proof-missing", "proof.counter", "counter", None),
    (sent(channel="counter", counter=counter(form_complete=False)), "counter-incomplete", "proof.counter-complete", "counter", None),
    (replace(ask(), relation=None), "materials-missing", "proof.materials", "materials", "binding.materials"),
    (ask(binding={"use_proofs": {"pharmacy": CARD}}), "use-proof-missing", "proof.uses", "materials", "binding.use_proofs"),
    (sent(face_check=None), "face-check-missing", "proof.face-check", "face_check", "binding.face_check"),
    (sent(face_check=GOOD.model_copy(update={"provider": "nobody"})), "face-check-provider", "proof.face-check", "face_check", "binding.face_check"),
    (sent(face_check=GOOD.model_copy(update={"transaction_no": "T0"})), "face-check-signature", "proof.face-check", "face_check", "binding.face_check"),
    (sent(face_check=face_check(OTHER, MONDAY)), "face-check-subject", "proof.face-check", "face_check", "binding.face_check"),
    (sent(face_check=face_check(SPONSOR, MONDAY - timedelta(hours=1))), "face-check-stale", "proof.face-check", "face_check", "binding.face_check"),
    (ask(face_used=True), "face-check-reused", "proof.face-check", "face_check", "binding.face_check"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("q", "code", "rule", "field", "path"), EXPECTED, ids=[f"{row[1]} {row[2]}" for row in EXPECTED]
)
def test_a_reason_names_its_rule_its_field_and_what_it_cites(
    q: Inquiry, code: str, rule: str, field: str, path: str | None
) -> None:
    q = replace(q, policy=replace(q.policy, citations=DATED))
    (reason,) = [r for r in found(q).reasons if (r.code, r.rule) == (code, rule)]
    assert reason.field == field
    assert (reason.citation and reason.citation.path) == path
    if reason.citation:
        assert reason.citation.policy_version == q.policy.version
        assert (reason.citation.reference, reason.citation.file) == (DATED[path or ""].reference, DATED[path or ""].file)  # fmt: skip


def test_a_kin_account_cites_the_documents_that_are_missing() -> None:
    q = replace(ask(), relation=related(SPONSOR, CHILD, "child", proven=False, kin_account=True))
    first, second = found(q).reasons
    assert (first.code, first.rule, first.field) == ("kin-account-only", "proof.kin-account", "relation")
    assert first.citation == second.citation


def test_every_rule_has_its_place_in_the_table() -> None:
    """A rule that is added shows up here: each yields at least one of the reasons of the table."""
    silent = [rule.__name__ for rule in FIRST_ROUND if not any(list(rule(q)) for q, *_ in EXPECTED)]
    assert silent == ["terms"]
