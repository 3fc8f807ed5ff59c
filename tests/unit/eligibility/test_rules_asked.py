"""A rule that a region does not have is not asked; whether that is so never changes what is found."""

from dataclasses import replace
from typing import Any

import pytest

from services.eligibility.domain import asked as module
from services.eligibility.domain.asked import SILENT_UNLESS, asked
from services.eligibility.domain.inquiry import Rule
from services.eligibility.domain.screening import FIRST_ROUND, LATER_ROUNDS, screen
from shared.policies.values import Binding
from tests.unit.eligibility.rules import inquiry, policy
from tests.unit.eligibility.test_rules_named import EXPECTED

NOTHING: dict[str, Any] = {"face_check": False}
"""Changes to the defaults of the format that leave a policy without any rule that could be left out."""
ON: dict[str, Any] = {
    "category": {"sponsor_excluded": frozenset({"99"}), "beneficiary_excluded": frozenset({"99"})},
    "opened": {"account_opening": True}, "reserve": {"base_reserve": 0}, "earmark": {"earmark_within_balance": True}, "sexes": {"spouse_other_sex": True},
    "kin_account": {"kin_account_first": True}, "sponsors": {"max_sponsors": 0}, "total": {"max_beneficiaries": 0},
    "elsewhere": {"max_beneficiaries_elsewhere": 0}, "lifetime": {"max_lifetime_beneficiaries": 0},
    "of_relation": {"max_per_relation": {"child": 0}}, "one_of_a_kind": {"max_mothers": 0},
    "reverse": {"reverse_edge": False}, "member_sponsors": {"member_may_sponsor": False},
    "sponsor_joins": {"sponsor_may_be_member": False}, "sponsors_family": {"one_family": True},
    "beneficiarys_family": {"one_family": True}, "rebound": {"rebind_wait_days": 0}, "real_name": {"real_name_level": 0},
    "e_credential": {"e_credential": True}, "materials": {"materials": ("a rule",)}, "uses": {"use_proofs": {"care": ()}},
    "face": {"face_check": True},
}  # fmt: skip


@pytest.mark.parametrize("rule", SILENT_UNLESS, ids=lambda rule: f"{rule.__module__[-11:]}.{rule.__name__}")
def test_a_rule_is_asked_where_its_value_is_set_zero_included(rule: Rule) -> None:
    bare = Binding(**NOTHING)
    assert rule not in asked(bare, FIRST_ROUND)
    assert rule in asked(replace(bare, **ON[rule.__name__]), FIRST_ROUND)


@pytest.mark.parametrize("kind", ["max_spouses", "max_fathers", "max_mothers"])
def test_each_limit_of_one_of_a_kind_has_it_asked(kind: str) -> None:
    limits: dict[str, Any] = {kind: 0}
    names = [rule.__name__ for rule in asked(Binding(**limits), FIRST_ROUND)]
    assert "one_of_a_kind" in names


def test_what_is_left_out_would_have_found_nothing() -> None:
    for q, *_ in EXPECTED:
        left = [rule for rule in FIRST_ROUND if rule not in asked(q.policy.binding, FIRST_ROUND)]
        assert [reason for rule in left for reason in rule(q)] == []


def test_order_and_rounds_are_kept() -> None:
    binding = policy().binding
    for rules in (FIRST_ROUND, LATER_ROUNDS):
        chosen = asked(binding, rules)
        assert list(chosen) == [rule for rule in rules if rule in chosen]
        assert asked(binding, rules) is chosen


def test_policies_are_told_apart_and_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POLICIES", 2)
    q = inquiry()
    for _ in range(5):
        for closed in (True, False):
            changed = replace(q.policy.binding, offered=not closed, max_beneficiaries=0 if closed else None)
            codes = [r.code for r in screen(replace(q, policy=replace(q.policy, binding=changed))).reasons]
            assert codes == (["region-not-offered", "too-many-beneficiaries"] if closed else [])
    assert len(module._chosen) <= 2
