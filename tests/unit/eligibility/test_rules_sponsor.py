"""The sponsor's category, balance, base reserve and account."""

from datetime import date

import pytest

from shared.contracts.binding_requests import Terms
from shared.testing.identities import insurance
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, person, policy


@pytest.mark.parametrize(
    ("listed", "category", "excluded"),
    [
        ({"13"}, "1300", True),
        ({"1300"}, "1300", True),
        ({"13", "31"}, "3101", True),
        ({"1301"}, "1300", False),
        ({"300"}, "1300", False),
        ({"13"}, None, False),
        (set(), "1300", False),
    ],
)
def test_a_category_is_named_by_its_code_or_its_first_digits(
    listed: set[str], category: str | None, excluded: bool
) -> None:
    me = SPONSOR.but(insurances=(insurance(psn_type=category),))
    q = inquiry(me, policy=policy(sponsor_excluded=frozenset(listed)))
    assert codes(q) == ["sponsor-category-excluded"] * excluded
    kid = CHILD.but(insurances=(insurance("390", psn_type=category),))
    q = inquiry(SPONSOR, kid, policy=policy(beneficiary_excluded=frozenset(listed)))
    assert codes(q) == ["beneficiary-category-excluded"] * excluded


def test_categories_are_told_apart_by_side() -> None:
    me = SPONSOR.but(insurances=(insurance(psn_type="1300"),))
    kid = CHILD.but(insurances=(insurance("390", psn_type="1300"),))
    listed = frozenset({"13"})
    assert codes(inquiry(me, CHILD, policy=policy(beneficiary_excluded=listed))) == []
    assert codes(inquiry(SPONSOR, kid, policy=policy(sponsor_excluded=listed))) == []


@pytest.mark.parametrize(
    ("balance", "low"),
    [(99_999, True), (100_000, True), (100_001, False), (0, True), (None, True)],
)
def test_the_balance_is_above_the_base_reserve_which_leaves_nothing_itself(
    balance: int | None, low: bool
) -> None:
    me = SPONSOR.but(insurances=(insurance(balc=balance, balc_date=date(2026, 11, 1)),))
    reasons = found(inquiry(me, policy=policy(base_reserve=100_000))).reasons
    assert [r.code for r in reasons] == ["balance-below-reserve"] * low
    for reason in reasons:
        assert "1000.00" in reason.remedy_zh
        assert "2026-11-01" in reason.zh
        assert "2026-11-01" in reason.en


@pytest.mark.parametrize(("balance", "low"), [(0, True), (1, False)])
def test_a_base_reserve_of_nothing_is_a_rule_all_the_same(balance: int, low: bool) -> None:
    me = SPONSOR.but(insurances=(insurance(balc=balance),))
    assert codes(inquiry(me, policy=policy(base_reserve=0))) == ["balance-below-reserve"] * low
    assert codes(inquiry(me, policy=policy(base_reserve=None))) == []


def test_minimum_and_reserve_are_told_together_with_no_date_where_there_is_none() -> None:
    me = SPONSOR.but(insurances=(insurance(balc=5, balc_date=None),))
    reasons = found(inquiry(me, policy=policy(min_balance=10_000, base_reserve=5_000))).reasons
    assert [r.code for r in reasons] == ["balance-too-low", "balance-below-reserve"]
    assert all("—" in r.zh for r in reasons)


@pytest.mark.parametrize(("balance", "above"), [(100_000, False), (99_999, True), (0, True), (None, True)])
def test_no_more_is_set_apart_than_is_in_the_account(balance: int | None, above: bool) -> None:
    me = SPONSOR.but(insurances=(insurance(balc=balance),))
    earmark = {"terms": Terms(earmark=100_000)}
    within = policy(mode="earmark", earmark_within_balance=True)
    reasons = found(inquiry(me, policy=within, request=earmark)).reasons
    assert [r.code for r in reasons] == ["earmark-above-balance"] * above
    assert all("1000.00元" in r.zh for r in reasons)
    assert (
        codes(inquiry(me, policy=policy(mode="earmark", earmark_within_balance=False), request=earmark)) == []
    )


@pytest.mark.parametrize("balance", [0, None])
def test_not_even_a_fen_is_set_apart_of_nothing_and_the_refusal_names_the_day(balance: int | None) -> None:
    me = SPONSOR.but(insurances=(insurance(balc=balance, balc_date=date(2026, 11, 20)),))
    within = policy(mode="earmark", earmark_within_balance=True)
    (reason,) = found(inquiry(me, policy=within, request={"terms": Terms(earmark=1)})).reasons
    assert "0.01元" in reason.zh
    assert "2026-11-20" in reason.zh
    assert "2026-11-20" in reason.en


def test_an_amount_that_is_not_set_apart_at_all_is_not_held_against_the_balance() -> None:
    me = SPONSOR.but(insurances=(insurance(balc=0),))
    within = policy(earmark_within_balance=True)
    assert codes(inquiry(me, policy=within, request={"terms": Terms(earmark=1)})) == ["earmark-not-allowed"]
    assert codes(inquiry(me, policy=within)) == []
    apart = policy(mode="earmark", earmark_within_balance=True)
    unknown = inquiry(me, policy=apart, beneficiary=None, request={"terms": Terms(earmark=1)})
    assert codes(unknown) == ["beneficiary-not-confirmed"]


def test_the_kinds_of_insurance_that_have_an_account_are_policy() -> None:
    me = SPONSOR.but(insurances=(insurance("340"),))
    assert codes(inquiry(me)) == ["sponsor-not-employee"]
    assert codes(inquiry(me, policy=policy(sponsor_insurance=frozenset({"310", "340"})))) == []


def test_everything_wrong_with_a_sponsor_comes_at_once_each_under_its_own_rule() -> None:
    me = SPONSOR.but(surv_stas="2", insurances=(insurance(psn_insu_stas="2", psn_type="13", balc=0),))
    strict = policy(sponsor_excluded=frozenset({"13"}), account_opening=True, min_balance=1, base_reserve=0)
    reasons = found(inquiry(me, policy=strict, sponsor=person(me, frozen=True))).reasons
    assert [r.code for r in reasons] == [
        "sponsor-deceased",
        "sponsor-not-normal",
        "sponsor-category-excluded",
        "account-frozen",
        "account-not-opened",
        "balance-too-low",
        "balance-below-reserve",
    ]
    assert len({r.rule for r in reasons}) == len(reasons)
    assert all(r.remedy_zh and r.remedy_en for r in reasons)


def test_of_a_sponsor_whom_the_registry_knows_otherwise_nothing_more_is_said() -> None:
    me = SPONSOR.but(surv_stas="2", insurances=())
    asked = {"sponsor": me.as_sponsor(psn_name="王五")}
    assert codes(inquiry(me, request=asked)) == ["sponsor-mismatch"]


def test_who_must_open_an_account_reads_where() -> None:
    (reason,) = found(inquiry(policy=policy(account_opening=True, channels=frozenset({"app"})))).reasons
    assert "手机应用(app)" in reason.remedy_zh
    assert "窗口(counter)" in reason.remedy_zh
