"""Caps and quotas: by payer, by beneficiary, by both, per period; the tightest counts, is named, and a refund restores it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.settlement.domain.accounts import KEPT, period_key, use
from services.settlement.domain.limits import WHEN, WHO
from shared.policies.types import Cap
from tests.unit.settlement import kit
from tests.unit.settlement.kit import CERTS, NOW, PHARMACY, World, decision, family, money, person
from tests.unit.settlement.kit import binding_id as number
from tests.unit.settlement.ruling import Ruled, Ruling, by, left_out, paid, settled

DAY = timedelta(days=1)


def cap(by: str, per: str, amount: str, **more: Any) -> dict[str, Any]:
    """A cap as a region file has it."""
    return {"by": by, "per": per, "amount": amount} | more


def rich(**terms: Any) -> World:
    """The family with plenty of sponsors' money and nothing of its own."""
    world = family(**terms)
    world.credit("child", "-10.00", kind="corrected")
    for name in ("mother", "father"):
        world.credit(name, "5000.00")
    return world


def brother(world: World) -> None:
    """Another beneficiary of the mother: binding 3."""
    recorded = person("brother") | {"psn_cert_type": "01", "certno": "110101199003078358"}
    world.send("registry.persons.recorded", recorded)
    world.send("binding.decisions.approved", decision(number(3), "mother", "brother"), source="gongji-audit")


def bill(world: World, total: str, at: datetime = NOW, **changes: Any) -> dict[str, Any]:
    """The result of one bill at a time."""
    world.now = at
    return settled(world, total, **changes)[0]


@pytest.mark.parametrize("who", sorted(WHO))
@pytest.mark.parametrize("when", sorted(WHEN))
def test_every_kind_of_cap_holds_is_named_and_starts_anew_with_its_period(who: str, when: str, rule: Ruling) -> None:  # fmt: skip
    rule(caps=[cap(who, when, "8.00")], sponsor_segments=["historic"])
    world = rich()
    both = "8.00" if who == "beneficiary" else "16.00"
    first = bill(world, "100.00")
    assert first["acct_mulaid_pay"] == both
    assert "上限8.00元" in str(first["cash_reasons"]), "the cap that was met is named"
    if when == "settlement":
        assert bill(world, "100.00")["acct_mulaid_pay"] == both
        return
    again = bill(world, "100.00")
    assert again["acct_mulaid_pay"] == "0.00"
    assert set(left_out(again).values()) == {"cap-used"}
    assert WHO[who][0] in again["left_out"][0]["zh"]
    assert WHEN[when][1] in again["left_out"][0]["en"]
    last = {"day": NOW.replace(hour=15, minute=59), "month": NOW + 7 * DAY, "year": NOW + 38 * DAY}.get(when)
    if last is not None:
        assert bill(world, "1.00", last)["acct_mulaid_pay"] == "0.00", "the last moment of the period"
        next_one = {"day": NOW.replace(hour=16), "month": NOW + 8 * DAY, "year": NOW + 39 * DAY}[when]
        assert bill(world, "100.00", next_one)["acct_mulaid_pay"] == both


def test_an_insured_year_begins_on_the_regions_day(rule: Ruling) -> None:
    rule(caps=[cap("beneficiary", "insured-year", "8.00")], insured_year_start="12-01")
    world = rich()
    assert bill(world, "5.00")["acct_mulaid_pay"] == "5.00"
    assert bill(world, "5.00", datetime(2026, 11, 30, 15, 59, tzinfo=UTC))["acct_mulaid_pay"] == "3.00"
    assert bill(world, "5.00", datetime(2026, 11, 30, 16, 0, tzinfo=UTC))["acct_mulaid_pay"] == "5.00"
    assert bill(world, "5.00", datetime(2027, 1, 2, tzinfo=UTC))["acct_mulaid_pay"] == "3.00"


def test_several_caps_hold_at_once_and_the_tightest_is_named(rule: Ruling) -> None:
    rule(caps=[cap("payer", "day", "30.00"), cap("binding", "settlement", "20.00"), cap("beneficiary", "month", "50.00")])  # fmt: skip
    world = rich()
    first = bill(world, "100.00")
    assert by(first) == {"mother": "20.00", "father": "20.00"}
    assert "每次结算" in str(first["cash_reasons"])
    second = bill(world, "100.00")
    assert by(second) == {"mother": "10.00"}, (
        "10 are left of her day, and with them the month of the child is used up"
    )
    assert left_out(second) == {2: "cap-used"}
    assert "每月" in second["left_out"][0]["zh"]


def test_a_cap_may_be_for_a_use_or_a_kind_of_care_alone(rule: Ruling) -> None:
    rule(caps=[cap("beneficiary", "day", "7.00", uses=["pharmacy"]), cap("beneficiary", "day", "9.00", med_types=["14"])])  # fmt: skip
    world = rich()
    at_pharmacy = {"fixmedins_code": PHARMACY, "med_type": "41", "infno": "2102"}

    def buy(total: str) -> str:
        said = world.send("settlement.requests.settle", world.request(total, **at_pharmacy), source="pharmacy-chain")  # fmt: skip
        return str(said[0].body["acct_mulaid_pay"])

    assert buy("5.00") == "5.00"
    assert bill(world, "40.00")["acct_mulaid_pay"] == "40.00", (
        "an outpatient's bill neither counts nor is bound"
    )
    assert bill(world, "10.00", med_type="140104")["acct_mulaid_pay"] == "9.00"
    assert buy("5.00") == "2.00"


def test_a_cap_by_payer_adds_up_all_beneficiaries_and_one_by_binding_does_not(rule: Ruling) -> None:
    for who, left in (("payer", "2.00"), ("binding", "8.00")):
        rule(caps=[cap(who, "month", "8.00")], one_sponsor_per_settlement=True)
        world = rich()
        brother(world)
        assert by(bill(world, "6.00")) == {"mother": "6.00"}
        other = bill(world, "9.00", psn_no="brother", mdtrt_cert_no="110101199003078358")
        assert by(other) == {"mother": left}


def test_the_floor_is_for_others_bills_only(rule: Ruling) -> None:
    rule(floor="25.00")
    world = family()
    result = bill(world, "40.00")
    assert by(result) == {"child": "10.00", "father": "5.00"}
    assert left_out(result) == {1: "floor-reached"}
    own = bill(world, "25.00", psn_no="father", mdtrt_cert_no=CERTS["father"])
    assert paid(own) == ("25.00", "0.00", "0.00")


def test_a_quota_that_all_share_counts_for_all_of_the_sponsors_beneficiaries() -> None:
    """泰安: the sponsor's limit is for all relatives together."""
    world = family("370900", quota="8.00")
    brother_of = person("brother", region="370900") | {"psn_cert_type": "01", "certno": "110101199003078358"}
    world.send("registry.persons.recorded", brother_of)
    third = decision(number(3), "mother", "brother", region="370900", quota="8.00")
    world.send("binding.decisions.approved", third, source="gongji-audit")
    first = bill(world, "15.00", insuplc_admdvs="370900")
    assert by(first) == {"child": "10.00", "mother": "5.00"}
    other: dict[str, Any] = {"psn_no": "brother", "mdtrt_cert_no": "110101199003078358", "insuplc_admdvs": "370900"}  # fmt: skip
    result = bill(world, "15.00", **other)
    assert by(result) == {"mother": "3.00"}
    assert "限额" in str(result["cash_reasons"]), "the quota is named as what bound her"


@pytest.mark.parametrize("who", sorted(WHO))
def test_what_is_refunded_is_restored_in_the_period_in_which_it_was_used(who: str, rule: Ruling) -> None:
    rule(caps=[cap(who, "day", "8.00"), cap(who, "month", "12.00")], one_sponsor_per_settlement=True)
    world = rich()
    world.send("account.credits.frozen", {"psn_no": "father", "entry_id": "F", "at": NOW})
    first = bill(world, "8.00")
    assert bill(world, "8.00", NOW + DAY)["acct_mulaid_pay"] == "4.00"
    world.back("refund", setl_id=first["setl_id"], amount="3.00")
    more = bill(world, "8.00", NOW + DAY)["acct_mulaid_pay"]
    assert more == "3.00", "3 came back to the month; the 4 of today's 8 that were left bound nothing"
    assert bill(world, "8.00", NOW)["acct_mulaid_pay"] == "0.00", (
        "the day of the first bill has 3 again, the month none"
    )
    world.back("cancel", setl_id=first["setl_id"])
    assert bill(world, "8.00", NOW)["acct_mulaid_pay"] == "5.00"


def test_a_cap_on_top_of_a_quota_leaves_the_quota_counted_once() -> None:
    world = family(quota="8.00")
    bill(world, "15.00")
    assert world.book.bindings[number(1)].usage == {"2026": 500}


def test_use_under_one_key_counts_once_for_all_caps_that_look_at_it(rule: Ruling) -> None:
    rule(caps=[cap("payer", "year", "90.00"), cap("binding", "year", "80.00"), cap("beneficiary", "year", "70.00")])  # fmt: skip
    world = rich()
    bill(world, "60.00")
    assert world.book.bindings[number(1)].usage == {"2026": 6000}
    assert world.book.account("mother").usage == {"2026": 6000}


@given(
    steps=st.lists(st.tuples(st.sampled_from(["settle", "refund", "cancel"]), st.integers(1, 3000), st.integers(0, 2)), max_size=12),
    caps=st.lists(st.tuples(st.sampled_from(sorted(WHO)), st.sampled_from(["settlement", "day", "month", "lifetime"]), st.integers(0, 3000)), max_size=4),
)  # fmt: skip
def test_no_cap_is_ever_broken_whatever_is_settled_and_given_back(
    steps: list[tuple[str, int, int]], caps: list[tuple[str, str, int]]
) -> None:  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        found = Ruled(caps=tuple(Cap(by=who, per=per, amount=a) for who, per, a in caps))  # type: ignore[arg-type]
        patch.setattr(kit, "regions", lambda: found)
        world = rich()
        live: dict[str, dict[str, Any]] = {}
        for kind, amount, day in steps:
            if kind == "settle":
                result = bill(world, f"{amount // 100}.{amount % 100:02d}", NOW + day * DAY)
                assert sum(money(a) for a in paid(result)) == amount
                live[result["setl_id"]] = {"day": day, "shares": {k: money(v) for k, v in by(result).items()}}
                assert_within(live, caps, result["setl_id"])
            elif live:
                setl_id = next(iter(live))
                if kind == "refund":
                    world.back("refund", setl_id=setl_id, amount="0.01")
                world.back("cancel", setl_id=setl_id)
                del live[setl_id]


def assert_within(live: dict[str, dict[str, Any]], caps: list[tuple[str, str, int]], last: str) -> None:
    """What stands after the last settlement is within each cap that was asked about it."""
    today = live[last]["day"]
    if not live[last]["shares"]:
        return
    for who, per, limit in caps:
        among = [s for k, s in live.items() if per in ("month", "lifetime") or (k == last if per == "settlement" else s["day"] == today)]  # fmt: skip
        sums: dict[str, int] = {}
        for one in among:
            for name, amount in one["shares"].items():
                sums["child" if who == "beneficiary" else name] = sums.get("child" if who == "beneficiary" else name, 0) + amount  # fmt: skip
        payers = {"child"} if who == "beneficiary" else set(live[last]["shares"])
        assert all(sums.get(name, 0) <= limit for name in payers)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-50, 50))))
def test_the_newest_periods_of_each_kind_are_remembered(steps: list[tuple[int, int]]) -> None:
    usage: dict[str, int] = {"2026": 7, "all": 9, "2026-11/pharmacy/": 3}
    for day, amount in steps:
        use(usage, f"2026-11-{day + 1:02d}", amount)
    days = [k for k in usage if len(k) == 10]
    assert len(days) <= KEPT
    assert all(usage[k] >= 0 for k in days)
    assert {k: v for k, v in usage.items() if k not in days} == {"2026": 7, "all": 9, "2026-11/pharmacy/": 3}


@pytest.mark.parametrize(
    ("period", "key"),
    [("day", "2026-11-23"), ("month", "2026-11"), ("year", "2026"), ("lifetime", "all"), ("settlement", "")],
)
def test_keys_of_periods(period: str, key: str) -> None:
    assert period_key(period, NOW.timestamp()) == key


@pytest.mark.parametrize(
    ("begin", "key"), [("01-01", "i2026"), ("07-01", "i2026-07-01"), ("11-24", "i2025-11-24")]
)
def test_an_insured_year_has_its_begin_in_its_key_where_that_is_not_new_years_day(
    begin: str, key: str
) -> None:
    assert period_key("insured-year", NOW.timestamp(), begin) == key


def test_insured_years_of_other_begins_do_not_push_one_another_out() -> None:
    usage: dict[str, int] = {}
    for year in range(2020, 2020 + KEPT):
        for key in (f"i{year}", f"i{year}-07-01", f"i{year}-12-01"):
            use(usage, key, 1)
    assert len(usage) == 3 * KEPT
    use(usage, "i2030-07-01", 1)
    assert len(usage) == 3 * KEPT
    assert "i2020-07-01" not in usage


@pytest.mark.parametrize(
    ("rules", "quota", "shared", "why"),
    [
        ({"quota_scope": "none"}, "3.00", "20.00", None),
        ({"quota_default": "4.00"}, None, "4.00", "限额"),
        ({"quota_default": "4.00"}, "3.00", "3.00", "限额"),
        ({"floor": "18.00"}, "3.00", "2.00", "保留"),
        ({"floor": "15.00"}, "3.00", "3.00", "限额"),
        ({"floor": "15.00", "caps": [cap("binding", "day", "2.50")]}, "3.00", "2.50", "上限"),
        ({"floor": "18.00", "caps": [cap("binding", "day", "2.50")]}, "3.00", "2.00", "保留"),
    ],
)
def test_floor_quota_and_caps_are_one_rule_of_which_the_tightest_counts(
    rules: dict[str, Any], quota: str | None, shared: str, why: str | None, rule: Ruling
) -> None:
    rule(one_sponsor_per_settlement=True, **rules)
    result = bill(family(quota=quota), "60.00")
    assert by(result)["mother"] == shared
    if why is not None:
        assert any("受限" in said and why in said for said in result["cash_reasons"])


def test_a_quota_for_each_settlement_is_counted_nowhere(rule: Ruling) -> None:
    rule(quota_period="settlement")
    world = family(quota="3.00")
    for _ in range(2):
        assert bill(world, "13.00")["acct_mulaid_pay"] in ("3.00", "6.00")
    assert world.book.bindings[number(1)].usage == {}
    world.back("cancel", setl_id=bill(world, "2.00")["setl_id"])
    assert world.book.bindings[number(1)].usage == {}


def test_a_sponsor_who_has_died_and_one_without_an_account_take_no_part() -> None:
    world = family()
    world.send("registry.persons.recorded", person("mother", version=2) | {"surv_stas": "2"})
    world.send("binding.decisions.approved", decision(number(4), "stranger"), source="gongji-audit")
    assert left_out(bill(world, "45.00")) == {1: "sponsor-deceased", 4: "no-balance"}
