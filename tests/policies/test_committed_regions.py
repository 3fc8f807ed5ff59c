"""The committed region files: sources, grades, and what holds where and when."""

from datetime import date
from pathlib import Path

import pytest

from shared.policies import load
from shared.policies.entries import keys

DEMO = Path(__file__).parents[2] / "deploy" / "demo" / "policies"
POLICIES = load()
NOW = date(2026, 11, 23)


def test_every_value_has_date_reference_and_grade() -> None:
    entries = [e for f in POLICIES.files.values() for found in f.entries.values() for e in found]
    assert len(entries) > 50
    for entry in entries:
        assert entry.reference
        assert entry.grade in "ABCP"
        assert entry.from_ >= date(2021, 4, 22)


def test_hearsay_is_applied_nowhere() -> None:
    for region in POLICIES.files:
        policy = POLICIES.on(region, NOW)
        assert not [path for path in keys() if policy.cite(path).grade == "C"]


def test_a_default_of_the_project_claims_no_document() -> None:
    for file in POLICIES.files.values():
        for found in file.entries.values():
            for entry in found:
                assert (entry.grade == "P") == ("项目默认" in entry.reference), (entry.file, entry.path)


@pytest.mark.parametrize(
    ("day", "relatives"),
    [(date(2021, 4, 21), 0), (date(2021, 4, 22), 3), (date(2024, 7, 31), 3), (date(2024, 8, 1), 8)],
)
def test_national_periods(day: date, relatives: int) -> None:
    assert len(POLICIES.on("100000", day).binding.relations) == relatives


@pytest.mark.parametrize(("day", "relatives"), [(date(2024, 12, 8), 3), (date(2024, 12, 9), 8)])
def test_no_region_may_narrow_the_relations_since_all_provinces_followed(day: date, relatives: int) -> None:
    assert len(POLICIES.on("310000", day).binding.relations) == relatives


def test_zhejiang_shares_money_of_earlier_years_only() -> None:
    assert POLICIES.on("330100", NOW).spending.sponsor_segments == {"historic"}
    assert POLICIES.on("110000", NOW).spending.sponsor_segments == {"historic", "current"}


def test_taian_is_one_exclusive_family_and_its_province_is_not() -> None:
    taian, shandong = POLICIES.on("370902", NOW).binding, POLICIES.on("370100", NOW).binding
    assert (taian.max_beneficiaries, taian.max_sponsors, taian.member_may_sponsor) == (8, 1, False)
    assert (shandong.max_beneficiaries, shandong.max_sponsors, shandong.member_may_sponsor) == (
        None,
        None,
        True,
    )
    assert POLICIES.on("379900", NOW).binding == shandong


def test_xinjiang_lets_the_beneficiary_choose_the_order_and_pays_no_stay() -> None:
    xinjiang = POLICIES.on("650100", NOW)
    assert xinjiang.spending.order == "beneficiary-order"
    assert [xinjiang.spending.allows(t) for t in ("11", "41", "21", "140104")] == [True, True, False, True]
    assert POLICIES.on("530900", NOW).spending.order == "highest-balance"


def test_consent_in_xinjiang_needs_an_adoption_which_the_demo_has() -> None:
    assert POLICIES.on("650100", NOW).binding.consent_from_age is None
    demo = load(overlay=DEMO).on("650100", NOW)
    assert demo.binding.consent_from_age == 16
    assert demo.cite("binding.consent_from_age").grade == "C"
