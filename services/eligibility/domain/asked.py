"""Which rules a region asks at all. A rule about a value that the region does not set says nothing, to whomever: it is not asked.

Only `None`, a flag and an empty list or table of exceptions switch a rule off; 0 is a rule like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from services.eligibility.domain import (
    rules_beneficiary,
    rules_face,
    rules_family,
    rules_proof,
    rules_relation,
    rules_sponsor,
)
from services.eligibility.domain.inquiry import Rule
from shared.policies.values import Binding

_POLICIES = 4096  # of all regions and days there are a few hundred

SILENT_UNLESS: Mapping[Rule, Callable[[Binding], object]] = {
    rules_sponsor.category: lambda b: b.sponsor_excluded,
    rules_sponsor.opened: lambda b: b.account_opening,
    rules_sponsor.earmark: lambda b: b.earmark_within_balance,
    rules_sponsor.reserve: lambda b: b.base_reserve is not None,
    rules_beneficiary.category: lambda b: b.beneficiary_excluded,
    rules_relation.sexes: lambda b: b.spouse_other_sex,
    rules_relation.kin_account: lambda b: b.kin_account_first,
    rules_family.sponsors: lambda b: b.max_sponsors is not None,
    rules_family.total: lambda b: b.max_beneficiaries is not None,
    rules_family.elsewhere: lambda b: b.max_beneficiaries_elsewhere is not None,
    rules_family.lifetime: lambda b: b.max_lifetime_beneficiaries is not None,
    rules_family.of_relation: lambda b: b.max_per_relation,
    rules_family.one_of_a_kind: lambda b: (b.max_spouses, b.max_fathers, b.max_mothers) != (None,) * 3,
    rules_family.reverse: lambda b: not b.reverse_edge,
    rules_family.member_sponsors: lambda b: not b.member_may_sponsor,
    rules_family.sponsor_joins: lambda b: not b.sponsor_may_be_member,
    rules_family.sponsors_family: lambda b: b.one_family,
    rules_family.beneficiarys_family: lambda b: b.one_family,
    rules_family.rebound: lambda b: b.rebind_wait_days is not None,
    rules_proof.real_name: lambda b: b.real_name_level is not None,
    rules_proof.e_credential: lambda b: b.e_credential,
    rules_proof.materials: lambda b: b.materials,
    rules_proof.uses: lambda b: b.use_proofs,
    rules_face.face: lambda b: b.face_check,
}
_chosen: dict[tuple[int, int], tuple[Binding, Sequence[Rule], tuple[Rule, ...]]] = {}


def asked(binding: Binding, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Those of `rules`, in their order, that can find anything under this policy. Chosen once for each policy."""
    which = id(binding), id(rules)  # both are held below, so that nobody else is given their identity
    found = _chosen.get(which)
    if found is None:
        if len(_chosen) >= _POLICIES:
            _chosen.clear()
        can = tuple(rule for rule in rules if rule not in SILENT_UNLESS or SILENT_UNLESS[rule](binding))
        found = _chosen[which] = (binding, rules, can)
    return found[2]
