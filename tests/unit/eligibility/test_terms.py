"""Terms of use: uses from an open list, quota, dates within bounds; frozen into the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.eligibility.domain.rules_terms import bounds, dates, quota, scope, use_proofs
from shared.contracts.binding_requests import Terms
from shared.contracts.reasons import Reason
from shared.policies.types import Document, MaterialKind
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, related, submitted
from shared.testing.proofs import material
from tests.unit.eligibility.line import Line
from tests.unit.eligibility.rules import policy

TODAY, SUBMITTED = MONDAY.date(), "binding.requests.submitted"


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def judged(first: int | None, last: int | None, begun: int | None = None, **binding: Any) -> list[Reason]:
    chosen = Terms(
        begndate=None if first is None else day(first), enddate=None if last is None else day(last)
    )
    return list(
        dates(policy(**binding), chosen, TODAY, begun=None if begun is None else day(begun), prefix="terms.")
    )


@pytest.mark.parametrize(
    ("first", "last", "keys"),
    [
        (None, None, []),
        (0, None, []),
        (-1, None, ["terms.begndate"]),
        (None, 0, []),
        (None, -1, ["terms.enddate"]),
        (5, 5, []),
        (5, 4, ["terms.enddate"]),
        (-1, -2, ["terms.begndate", "terms.enddate"]),
    ],
)
def test_no_first_day_in_the_past_and_no_end_before_it(
    first: int | None, last: int | None, keys: list[str]
) -> None:
    found = judged(first, last)
    assert [r.field for r in found] == keys
    assert all(r.code == "dates-not-allowed" and r.citation is None for r in found)


@pytest.mark.parametrize(
    ("ahead", "first", "broken"), [(30, 29, 0), (30, 30, 0), (30, 31, 1), (0, 0, 0), (0, 1, 1)]
)
def test_the_first_day_is_not_too_far_ahead(ahead: int, first: int, broken: int) -> None:
    found = judged(first, None, max_days_ahead=ahead)
    assert [r.rule for r in found] == ["terms.dates.max-days-ahead"] * broken


@pytest.mark.parametrize(
    ("last", "rules"),
    [
        (None, ["terms.dates.max-term-days"]),  # with a longest term an end has to be chosen
        (5, ["terms.dates.min-term-days"]),
        (6, []),  # seven days, first and last counted
        (9, []),
        (10, ["terms.dates.max-term-days"]),
    ],
)
def test_a_term_counts_its_first_and_its_last_day(last: int | None, rules: list[str]) -> None:
    found = judged(0, last, min_term_days=7, max_term_days=10)
    assert [r.rule for r in found] == rules
    assert [r.field for r in found] == ["terms.enddate"] * len(rules)


def test_a_shortest_term_asks_for_no_end() -> None:
    assert judged(0, None, min_term_days=7) == []


def test_each_bound_that_is_broken_is_a_reason_of_its_own() -> None:
    found = judged(40, 400, max_days_ahead=30, max_term_days=90)
    assert [r.rule for r in found] == ["terms.dates.max-days-ahead", "terms.dates.max-term-days"]


def test_a_binding_that_has_begun_counts_its_term_from_its_first_day() -> None:
    bounds = {"max_days_ahead": 0, "max_term_days": 100}
    assert judged(-50, 49, begun=-50, **bounds) == []
    assert [r.rule for r in judged(-50, 50, begun=-50, **bounds)] == ["terms.dates.max-term-days"]
    assert [r.field for r in judged(None, -1, begun=-50, **bounds)] == ["terms.enddate"], (
        "it cannot have ended before"
    )


def test_the_bounds_are_named_in_both_languages_with_their_days() -> None:
    (why,) = judged(0, 400, max_days_ahead=30, min_term_days=7, max_term_days=365)
    assert "开始日期不早于2026-11-23，不晚于2026-12-23" in why.zh
    assert "须选结束日期，有结束日期的至少7天，最多365天" in why.zh
    assert "first day from 2026-11-23, to 2026-12-23" in why.en
    assert bounds(policy(max_term_days=365, min_term_days=7, max_days_ahead=0).binding, TODAY)[1] == (
        "first day from 2026-11-23, to 2026-11-23, last day not before the first day and today, "
        "a last day has to be chosen, a chosen term has at least 7 days, at most 365 days"
    )
    assert "at least 7 days, at most 365 days" in why.en
    assert bounds(policy().binding, TODAY) == (
        "开始日期不早于2026-11-23，结束日期不早于开始日期和当日",
        "first day from 2026-11-23, last day not before the first day and today",
    )


def test_a_use_is_a_line_in_a_region_file() -> None:
    wide = policy(uses=frozenset({"outpatient", "dental-care"}))
    assert list(scope(wide, ("outpatient", "dental-care"))) == []
    (why,) = scope(wide, ("dental-care", "pharmacy", "spa", "pharmacy"), prefix="terms.")
    assert (why.code, why.field) == ("scope-not-allowed", "terms.scope")
    assert "定点药店购药(pharmacy)、spa(spa)" in why.zh
    assert list(scope(policy(uses=frozenset()), ("outpatient",))), "an empty list allows nothing"


def test_a_quota_where_the_region_has_none() -> None:
    none = policy()
    none = replace(none, spending=replace(none.spending, quota_scope="none"))
    assert [r.code for r in quota(none, Terms(quota=0))] == ["quota-not-allowed"]
    assert list(quota(none, Terms())) == []
    assert list(quota(policy(), Terms(quota=0))) == []


def test_a_new_use_needs_the_documents_of_that_use() -> None:
    proofs = {"resident-premium": (frozenset({Document(MaterialKind.INSURANCE_CARD)}),)}
    rules = policy(uses=frozenset({"resident-premium", "outpatient"}), use_proofs=proofs)
    (why,) = use_proofs(rules, ("outpatient", "resident-premium", "unknown"), ())
    assert (why.code, "医保卡" in why.zh) == ("use-proof-missing", True)
    assert "居民医保缴费(resident-premium)" in why.zh
    assert "are missing: insurance-card" in why.en
    assert f"within {rules.review.supplement_working_days} working days" in why.remedy_en
    assert f"{rules.review.supplement_working_days}个工作日" in why.remedy_zh
    assert list(use_proofs(rules, ("resident-premium",), (material("insurance-card"),))) == []


def test_the_terms_are_checked_and_frozen_into_the_case() -> None:
    line = Line()
    sponsor, kid = adult(1), child(2)
    line.know(sponsor, kid)
    line.send("registry.relations.recorded", related(sponsor, kid, "child"))
    terms = Terms(scope=("pharmacy",), quota=500, begndate=day(1), enddate=day(20))
    said = line.send(SUBMITTED, submitted(sponsor, kid, relation="child", terms=terms))
    assert (said.types, said.only.case.terms) == (["passed"], terms)
    late = terms.model_copy(update={"enddate": day(-1)})
    wrong = line.send(SUBMITTED, submitted(sponsor, kid, relation="child", terms=late, number=2))
    assert "dates-not-allowed" in wrong.codes
