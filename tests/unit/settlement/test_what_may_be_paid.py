"""The table of what may be paid: payer, segment, use and part of the bill; by category where the bill has lines."""

from __future__ import annotations

from typing import Any

import pytest

from services.settlement.deciding.asking import fingerprint
from tests.unit.settlement.kit import PHARMACY, decision, family
from tests.unit.settlement.kit import binding_id as number
from tests.unit.settlement.ruling import Ruling, by, left_out, paid, settled

PARTS = {"inscp_scp_amt": "20.00", "preselfpay_amt": "9.00", "overlmt_selfpay": "6.00", "fulamt_ownpay_amt": "5.00"}  # fmt: skip
IN_SCOPE_ONLY = [{"payer": "own"}, {"payer": "sponsor", "parts": ["in-scope"]}]


def test_without_a_table_accounts_pay_all_that_the_person_bears() -> None:
    assert paid(settled(family(), "40.00", **PARTS)[0]) == ("10.00", "30.00", "0.00")


def test_own_money_goes_to_what_sponsors_may_not_pay(rule: Ruling) -> None:
    rule(payable=IN_SCOPE_ONLY)
    result, _ = settled(family(), "40.00", **PARTS)
    assert paid(result) == ("10.00", "20.00", "10.00"), "own account: 10 of the 20 that only it may pay"


def test_what_nobody_may_pay_is_cash_and_the_answer_says_so(rule: Ruling) -> None:
    rule(payable=[{"parts": ["in-scope", "pre-selfpay"]}])
    result, answer = settled(family(), "40.00", **PARTS)
    assert paid(result) == ("10.00", "19.00", "11.00")
    assert answer["explained"] == ["按规定不由个人账户和家庭共济支付：超限价自费6.00元、全自费5.00元"], (
        "no word of money that is missing"
    )


def test_a_table_without_a_line_lets_nobody_pay(rule: Ruling) -> None:
    rule(payable=[])
    result, _ = settled(family(), "15.00")
    assert paid(result) == ("0.00", "0.00", "15.00")
    assert left_out(result) == {1: "not-payable", 2: "not-payable"}


def test_a_line_may_name_the_segment(rule: Ruling) -> None:
    rule(sponsor_segments=["current", "historic"], payable=[{"payer": "own"}, {"payer": "sponsor", "segments": ["current"]}])  # fmt: skip
    world = family()
    world.credit("father", "4.00", segment="current")
    result, _ = settled(world, "15.00")
    assert by(result) == {"child": "10.00", "father": "4.00"}
    assert left_out(result) == {1: "not-payable"}


def test_own_segments_have_lines_of_their_own(rule: Ruling) -> None:
    rule(payable=[{"payer": "own", "segments": ["current"]}, {"payer": "own", "parts": ["wholly-selfpaid"]}, {"payer": "sponsor"}])  # fmt: skip
    result, _ = settled(family(), "40.00", **PARTS)
    assert by(result) == {"child": "5.00", "mother": "20.00", "father": "15.00"}, "its money is historic"


def test_a_line_may_name_the_kind_of_care_and_the_institution(rule: Ruling) -> None:
    rule(payable=[{"payer": "own"}, {"payer": "sponsor", "med_types": ["14"], "institutions": ["hospital"]}])
    assert paid(settled(family(), "15.00", med_type="140104")[0]) == ("10.00", "5.00", "0.00")
    assert paid(settled(family(), "15.00", med_type="11")[0]) == ("10.00", "0.00", "5.00")
    rule(payable=[{"payer": "own"}, {"payer": "sponsor", "institutions": ["pharmacy"]}])
    assert paid(settled(family(), "15.00")[0]) == ("10.00", "0.00", "5.00")
    at_pharmacy = {"fixmedins_code": PHARMACY, "med_type": "41", "infno": "2102"}
    world = family()
    said = world.send("settlement.requests.settle", world.request("15.00", **at_pharmacy), source="pharmacy-chain")  # fmt: skip
    assert paid(said[0].body) == ("10.00", "5.00", "0.00")


def test_the_sponsors_own_region_says_what_his_account_pays(rule: Ruling) -> None:
    rule("310000", payable=[{"payer": "sponsor", "parts": ["in-scope"]}])
    world = family()
    world.credit("mother", "0.00", admdvs="310000")
    result, _ = settled(world, "40.00", **PARTS)
    assert paid(result) == ("10.00", "30.00", "0.00"), "10 of the own and 30 of two sponsors cover 20 and 20"
    assert by(result)["mother"] == "20.00"


def test_a_fund_part_is_never_changed(rule: Ruling) -> None:
    rule(payable=IN_SCOPE_ONLY)
    result, _ = settled(family(), "40.00", fund_pay_sumamt="15.00", **PARTS)
    assert result["fund_pay_sumamt"] == "15.00"
    assert paid(result) == ("10.00", "5.00", "10.00")


def line(n: int, amount: str, part: str = "inscp_scp_amt", **more: Any) -> dict[str, Any]:
    """One line that is of one part."""
    return {"feedetl_sn": str(n), "det_item_fee_sumamt": amount, part: amount} | more


@pytest.mark.parametrize("category", ["public-health", "fitness", "wellness"])
def test_some_categories_no_account_ever_pays(category: str) -> None:
    lines = [line(1, "12.00", med_chrgitm_type="09"), line(2, "8.00", "fulamt_ownpay_amt", category=category)]
    changes = {"inscp_scp_amt": "12.00", "fulamt_ownpay_amt": "8.00", "feedetail": lines}
    result, answer = settled(family(), "20.00", **changes)
    assert paid(result) == ("10.00", "2.00", "8.00")
    assert "（全自费）8.00元" in answer["explained"][0]


def test_a_pharmacy_sells_medicine_devices_and_consumables_on_accounts_and_nothing_else() -> None:
    kinds = [("09", None), ("08", None), (None, "device"), ("03", None), (None, None)]
    lines = [line(n, "3.00", med_chrgitm_type=code, category=own) for n, (code, own) in enumerate(kinds)]
    world = family()
    world.credit("child", "90.00")
    bill = world.request("15.00", fixmedins_code=PHARMACY, med_type="41", infno="2102", feedetail=lines)
    said = world.send("settlement.requests.settle", bill, source="pharmacy-chain")
    assert paid(said[0].body) == ("9.00", "0.00", "6.00")
    assert paid(settled(world, "15.00", feedetail=lines)[0]) == ("15.00", "0.00", "0.00"), "a hospital does"


def test_a_regions_line_may_name_categories_which_a_bill_without_lines_does_not_have(rule: Ruling) -> None:
    rule(payable=[{"payer": "own"}, {"payer": "sponsor", "items": ["drug"]}])
    lines = [line(1, "12.00", med_chrgitm_type="11"), line(2, "8.00", med_chrgitm_type="08")]
    assert paid(settled(family(), "20.00", feedetail=lines)[0]) == ("10.00", "10.00", "0.00")
    more = [line(1, "6.00", med_chrgitm_type="11"), line(2, "14.00", med_chrgitm_type="08")]
    assert paid(settled(family(), "20.00", feedetail=more)[0]) == ("10.00", "6.00", "4.00")
    assert paid(settled(family(), "20.00")[0]) == ("10.00", "10.00", "0.00"), "the rule by part: all of it"


def test_the_funds_share_is_taken_from_categories_by_their_amounts(rule: Ruling) -> None:
    rule(payable=[{"payer": "sponsor", "items": ["drug"]}])
    lines = [line(1, "30.00", med_chrgitm_type="09"), line(2, "10.00", med_chrgitm_type="08")]
    result, _ = settled(family(), "40.00", fund_pay_sumamt="20.00", feedetail=lines)
    assert paid(result) == ("0.00", "15.00", "5.00")


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([line(1, "12.00"), line(2, "7.99")], "feedetail.det_item_fee_sumamt"),
        ([line(1, "12.00"), line(2, "8.00", "preselfpay_amt")], "feedetail.inscp_scp_amt"),
        ([line(1, "12.00"), line(2, "8.00", preselfpay_amt="0.01")], "feedetail.1.det_item_fee_sumamt"),
    ],
)
def test_lines_that_do_not_add_up_are_declined_with_both_sums(lines: list[dict[str, Any]], field: str) -> None:  # fmt: skip
    answer = family().bill("20.00", feedetail=lines)
    assert (answer["infcode"], answer["code"], answer["field"]) == ("-1", "parts-do-not-add-up", field)


def test_what_the_hospital_bears_may_stand_in_a_lines_sum_beside_its_parts() -> None:
    lines = [line(1, "12.00"), line(2, "8.00") | {"inscp_scp_amt": "5.00"}]
    result, _ = settled(family(), "20.00", inscp_scp_amt="17.00", hosp_part_amt="3.00", feedetail=lines)
    assert paid(result) == ("10.00", "7.00", "0.00")


def test_a_bill_without_lines_keeps_the_mark_that_it_had_before_there_were_lines() -> None:
    world = family()
    request = world.request("1.00")
    first = world.send("settlement.requests.settle", request, source="his-first")[-1].body
    again = world.send("settlement.requests.settle", request | {"feedetail": []}, source="his-first")
    assert [s.body for s in again] == [first]
    other = request | {"feedetail": [line(1, "1.00")]}
    assert world.send("settlement.requests.settle", other, source="his-first")[-1].body["code"] == "msgid-reused"  # fmt: skip


def test_scope_and_region_both_have_to_allow_a_bill(rule: Ruling) -> None:
    rule(payable=IN_SCOPE_ONLY)
    world = family()
    body = decision(number(1), "mother", version=2, scope=("pharmacy",))
    world.send("binding.decisions.changed", body, source="gongji-audit")
    result, _ = settled(world, "40.00", **PARTS)
    assert left_out(result) == {1: "out-of-scope"}
    assert by(result) == {"child": "10.00", "father": "20.00"}


def test_fields_that_came_later_leave_no_mark_where_they_are_left_out() -> None:
    told = fingerprint("settlement.requests.quote", {"psn_no": "1"})
    assert (
        fingerprint("settlement.requests.quote", {"psn_no": "1", "feedetail": (), "hold_minutes": None})
        == told
    )
    for more in ({"feedetail": ("x",), "hold_minutes": None}, {"feedetail": (), "hold_minutes": 5}):
        assert fingerprint("settlement.requests.quote", {"psn_no": "1", **more}) != told
